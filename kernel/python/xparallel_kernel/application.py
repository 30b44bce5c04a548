"""IPython's configuration: profile, config files, extensions, startup files, options of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.application import BaseIPythonApplication
from IPython.core.shellapp import InteractiveShellApp
from traitlets.config import Config

from xparallel_kernel.shell import ZMQInteractiveShell

if TYPE_CHECKING:
    from _xparallel import Native


class Application(BaseIPythonApplication, InteractiveShellApp):
    """What `get_ipython().parent` is. Made by kernel/interpreter.cpp, which then calls `initialize`."""

    name = "ipython-kernel"  # config files are shared with ipykernel

    def __init__(self, native: Native, options: list[str]):
        super().__init__()
        self._native = native
        self._options = options

    def initialize(self, argv: object = None) -> None:
        """Make the shell, as configured."""
        super().initialize(self._options)
        # Programs look for this section to find out whether they run in a notebook.
        self.config.setdefault("IPKernelApp", Config())
        self.init_path()
        self.init_shell()
        self.init_gui_pylab()
        self.shell.extension_manager.load_extension("parallel")
        self._native.add_own_descriptors()
        self.init_extensions()
        self.init_code()
        self._native.note_other_descriptors()

    def init_shell(self) -> None:
        self.shell = ZMQInteractiveShell.instance(parent=self, native=self._native, profile_dir=self.profile_dir)
        self.shell.configurables.append(self)

    def init_crash_handler(self) -> None:
        """An error of a thread is not a crash of IPython."""

    def exit(self, exit_status: int = 0) -> None:
        """A broken option or config file is reported by traitlets; the kernel starts without it."""
