"""Rich output: what `display()` shows and what a cell's last expression is.

In a forked child, which may not touch the kernel's sockets, the plain text of an output is printed instead.
"""

from __future__ import annotations

from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher


class KernelDisplayPublisher(DisplayPublisher):
    """`get_ipython().display_pub`."""

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        source: object = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **kwargs: Any,
    ) -> None:
        """Show a MIME bundle; with `update`, in every display whose id is in `transient`."""
        self._validate_data(data, metadata)
        content = {"data": data, "metadata": metadata or {}, "transient": transient or {}}
        if not self.shell.native.publish("update_display_data" if update else "display_data", content):
            print_plain(data)

    def clear_output(self, wait: bool = False) -> None:
        """Empty the cell's output, now or (`wait`) when something new comes."""
        self.shell.native.publish("clear_output", {"wait": bool(wait)})


class KernelDisplayHook(DisplayHook):
    """`sys.displayhook`: sends a cell's result, with its number."""

    _bundle: tuple[dict[str, Any], dict[str, Any]] | None = None

    def write_output_prompt(self) -> None:
        """The front end draws it."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        self._bundle = (format_dict, md_dict or {})

    def finish_displayhook(self) -> None:
        if self._bundle is None:
            return
        (data, metadata), self._bundle = self._bundle, None
        content = {"execution_count": self.prompt_count, "data": data, "metadata": metadata}
        if not self.shell.native.publish("execute_result", content):
            print_plain(data)


def print_plain(data: dict[str, Any]) -> None:
    """The text/plain of a MIME bundle, on stdout."""
    text = data.get("text/plain")
    if text is not None:
        print(text)
