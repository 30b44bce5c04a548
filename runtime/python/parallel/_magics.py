"""The magics: what an option means, what is shown, what a tab completes. What they find out is a public function's."""

# IPython need not be there where types are checked.
# mypy: allow-subclassing-any, allow-untyped-decorators

from __future__ import annotations

import keyword
import re
import sys
import time
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, kwds, magic_arguments, parse_argstring

import parallel
from parallel import _cells, _config, _contexts, _history, _ranks, _views, _works_data
from parallel.protection import _state as _protection

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from IPython.core.interactiveshell import InteractiveShell

_ROWS = 1000  # of each batch: what %works shows
_CANCEL_SECONDS = 0.5  # what interrupted works may take until they are shown
_MODES = ("strict", "scan", "off")


@magics_class
class ParallelMagics(Magics):
    """Looking at works, contexts, heaps and xlists, and running a cell in several contexts."""

    @magic_arguments()
    @argument("--running", action="store_true", help="leave out the batches that have ended")
    @line_magic
    def contexts(self, line: str) -> _views.Contexts:
        """The contexts of batches that run and of the last 64 that have ended: what each runs and has used.

        `copied` is memory of the snapshot that the context has changed and so copied, `live` and `peak` are of its own
        heap. The function is `parallel.contexts()`.

        Example::

            %contexts
            busy = %contexts --running
        """
        options = _parse(self.contexts, line)
        rows = [context.to_dict() for context in _contexts.contexts(ended=not options.running)]
        return _views.Contexts(rows)

    @magic_arguments()
    @line_magic
    def heaps(self, line: str) -> list[dict[str, Any]]:
        """All heaps: of contexts that run, of xlists, and of the last 64 contexts that have ended.

        The function is `parallel.heaps()`.

        Example::

            %heaps
        """
        _parse(self.heaps, line)
        return parallel.heaps()

    @magic_arguments()
    @argument("id", help="of the heap, as %%heaps shows it: c3.0 of a context, x7 of an xlist")
    @line_magic
    def heap(self, line: str) -> dict[str, Any]:
        """One heap: bytes live and at the peak, size classes, the types that take most, how full its pages are.

        The function is `parallel.heap(id)`.

        Example::

            %heap c1.0
        """
        options = _parse(self.heap, line)
        try:
            return parallel.heap(options.id)
        except KeyError:
            raise UsageError(f"there is no heap {options.id!r}: %heaps lists those there are") from None

    @magic_arguments()
    @line_magic
    def xlists(self, line: str) -> list[dict[str, Any]]:
        """All xlists: items, pushes, bytes, views. The function is `parallel.xlists()`.

        Example::

            %xlists
        """
        _parse(self.xlists, line)
        return parallel.xlists()

    @magic_arguments()
    @argument("--state", choices=_history.STATES, help="only works in this state")
    @argument("--cell", type=int, metavar="N", help="only works of cell N")
    @line_magic
    def works(self, line: str) -> _views.Works:
        """Works that wait or run, and the last ones that have ended. The function is `parallel.works()`.

        Example::

            %works
            failed = %works --state failed --cell 3
        """
        options = _parse(self.works, line)
        return _shown_works(*_works_data.select(options.state, options.cell, _ROWS))

    @magic_arguments()
    @line_magic
    def stacks(self, line: str) -> list[dict[str, Any]]:
        """Where each running work is: its Python stack, read from outside. The function is `parallel.stacks()`.

        Example::

            %stacks
        """
        _parse(self.stacks, line)
        return parallel.stacks()

    @magic_arguments()
    @argument("id", type=int, nargs="?", help="of a work; without it everything is cancelled")
    @line_magic
    def cancel(self, line: str) -> _views.Works | None:
        """Cancel works: those that wait are withdrawn, those that run interrupted, and killed if they go on for 2 s.

        What is shown are the works it was about. What has failed before is not raised by the next run() any more. The
        function is `parallel.cancel()`.

        Example::

            %cancel
            %cancel 12
        """
        options = _parse(self.cancel, line)
        if options.id is not None:
            try:
                parallel.cancel(options.id)
            except KeyError as error:
                raise UsageError(error.args[0].replace("works()", "%works")) from None
            except parallel.ParallelError as error:
                raise UsageError(str(error).replace("cancel()", "%cancel")) from None
            return self._cancelled({options.id})
        about = _unfinished()
        parallel.cancel()
        if not about:
            print("Nothing to cancel: no work waits or runs.")
            return None
        deadline = time.monotonic() + _CANCEL_SECONDS
        while time.monotonic() < deadline and about & _unfinished():
            time.sleep(0.01)
        return self._cancelled(about)

    def _cancelled(self, about: set[int]) -> _views.Works:
        rows = [row for row in _works_data.select(most=_ROWS)[0] if row["id"] in about]
        return _views.Works(rows)

    @magic_arguments()
    @argument("mode", nargs="?", choices=_MODES, help="what it is to be from now on; without it, what it is")
    @line_magic
    def protection(self, line: str) -> str:
        """What happens when a work writes to an object of the main thread. `parallel.configure(protection=)` sets it.

        `strict` raises an UnprotectedError at the line that tries; `scan` lets the write happen in the context's copy,
        where it is lost, and warns of what was found changed after the work; `off` does not even warn.

        Example::

            %protection
            %protection strict
        """
        options = _parse(self.protection, line)
        if options.mode is not None:
            parallel.configure(protection=options.mode)
        elif _config.protection() == "strict":
            for sentence in _protection.sentences():
                print(sentence)
        return _config.protection()

    @magic_arguments("parallel")
    @kwds(usage="%%parallel [-n N] [--into NAME] [--name NAME]")  # with the two signs of a cell's magic
    @argument("-n", type=int, metavar="N", help="how many contexts; as many as configured by default")
    @argument("--into", metavar="NAME", help="an xlist that gets the values as they come; made if it is not there")
    @argument("--name", help="of the works, for messages and views")
    @cell_magic("parallel")
    def parallel_(self, line: str, cell: str) -> parallel.xlist | None:
        """Run the cell in N contexts at once and wait for all of them. The function is `parallel.run_cell()`.

        The cell finds `rank` (0 to N - 1) and `size` (N) besides all names of the notebook. If it ends with an
        expression, the values are the result, in the order of the ranks, or go into the xlist NAME as they come; with a
        `;` at the end, or when all are None, there is none. Names that the cell assigns are each context's own: they do
        not reach the notebook. Functions of earlier cells do not see `rank` and `size`: pass them as arguments.

        Example::

            %%parallel -n 4 --into sums
            sum(range(rank, 1_000_000, size))
        """
        options = _parse(self.parallel_, line)
        try:
            size = _ranks.size_of(options.n)
        except ValueError as error:
            raise UsageError(f"-{error}") from None
        into = self._target(options.into)
        code = self.shell.transform_cell(cell)
        # The magic's own line is the first; IPython drops lines that are empty at the beginning.
        above = 1 + len(cell) - len(cell.lstrip("\n")) if code.strip() else 1
        source = "\n" * above + code
        # Not by the text of the whole cell: that is the name of the code that has called this magic.
        filename = self.shell.compile.cache(source, _cells.running_number(self.shell), source)
        ranks = _ranks.Cell(source, filename, self.shell.user_ns, into)
        try:
            values = _ranks.run_ranks(ranks, size, options.name)
        except Exception as error:
            for note in getattr(error, "__notes__", ()):
                if not _shows_notes(self.shell, error, note):
                    print(note, file=sys.stderr)
            raise
        if into is None and values is not None and all(value is None for value in values):
            return None
        return values

    def _target(self, name: str | None) -> parallel.xlist | None:
        """The xlist that `--into` names."""
        if name is None:
            return None
        if not name.isidentifier() or keyword.iskeyword(name):
            raise UsageError(f"--into wants the name of a variable, not {name!r}")
        found = self.shell.user_ns.get(name)
        if found is None and name not in self.shell.user_ns:
            found = self.shell.user_ns[name] = parallel.xlist(name=name)
        if not isinstance(found, parallel.xlist):
            raise UsageError(f"{name} is of type {type(found).__name__}: --into wants an xlist, or a name that is free")
        return found


def _shows_notes(shell: InteractiveShell, error: Exception, note: str) -> bool:
    """Will this shell show a note of the error with it? The kernel's shell does, and newer versions of IPython."""
    if getattr(shell, "shows_notes", False):
        return True
    lines = shell.InteractiveTB.structured_traceback(type(error), error, None)
    return any(note in line for line in lines)


def _shown_works(rows: list[dict[str, Any]], total: int) -> _views.Works:
    works = _views.Works(rows)
    works.total = total
    return works


def _unfinished() -> set[int]:
    """The ids of works that wait or run."""
    return {row["id"] for state in ("pending", "running") for row in _works_data.select(state, most=_ROWS)[0]}


def _parse(magic: Any, line: str) -> argparse.Namespace:
    """The options of a magic; what is wrong with them is said with how it is to be used."""
    try:
        options: argparse.Namespace = parse_argstring(magic, line)
    except (UsageError, ValueError) as error:  # ValueError: a quote that is not closed
        magic.parser.color = False  # since 3.14 usage is coloured where FORCE_COLOR is set
        usage = " ".join(magic.parser.format_usage().replace("::", "").split())
        raise UsageError(f"{error}\nusage: {usage}\n{_sign(usage)}? explains it") from None
    return options


def _sign(usage: str) -> str:
    return usage.split()[0]


# ---- completion ------------------------------------------------------------------------------------------------------


def _values(shell: InteractiveShell, action: argparse.Action) -> list[str]:
    """What may stand for an option's or an argument's value."""
    if action.choices:
        return list(action.choices)
    if action.dest == "into":
        return [name for name, value in shell.user_ns.items() if isinstance(value, parallel.xlist) and name[0] != "_"]
    if action.dest == "cell":
        labels = {row["cell"] for row in _works_data.select(most=_ROWS)[0]} - {None}
        return sorted((label[len("In [") : -1] for label in labels), key=int)
    return []


_IDS: dict[str, Callable[[], list[str]]] = {
    "heap": lambda: [row["id"] for row in parallel.heaps()],
    "cancel": lambda: sorted(map(str, _unfinished())),
}


class _Completer:
    """Completes the options and arguments of one magic."""

    def __init__(self, name: str, parser: argparse.ArgumentParser):
        self._name = name
        self._parser = parser

    def __call__(self, shell: InteractiveShell, event: Any) -> list[str]:
        before = event.text_until_cursor.rpartition("%" + self._name)[2].split()
        if event.symbol and before:
            before.pop()  # what is being written
        actions = self._parser._actions
        if before:
            for action in actions:
                if before[-1] in action.option_strings and action.nargs != 0:
                    return _values(shell, action)
        options = [option for action in actions for option in action.option_strings if option not in before]
        if event.symbol.startswith("-"):
            return options
        arguments = [action for action in actions if not action.option_strings]
        found = [value for action in arguments for value in _values(shell, action)]
        if self._name in _IDS and not before:
            found += _IDS[self._name]()
        return found + options


_SIGNS = {"line": "%", "cell": "%%"}


def _assignment(magic: str) -> str:
    """A line such as `failed = %works --state`, up to the magic."""
    return rf"[\w\s,.]+=\s*{magic}\b"


def load(ipython: InteractiveShell) -> None:
    """Register the magics and their completion with a shell."""
    magics = ParallelMagics(ipython)
    ipython.register_magics(magics)
    for kind, sign in _SIGNS.items():
        for name, method in magics.magics[kind].items():
            completer = _Completer(name, method.parser)
            ipython.set_hook("complete_command", completer, str_key=sign + name)
            ipython.set_hook("complete_command", completer, re_key=_assignment(sign + name))


def unload(ipython: InteractiveShell) -> None:
    """Take them away again."""
    completers = ipython.strdispatchers["complete_command"]
    for kind, sign in _SIGNS.items():
        for name in ParallelMagics.magics[kind]:
            ipython.magics_manager.magics[kind].pop(name, None)
            completers.strs.pop(sign + name, None)
            completers.regexs.pop(re.compile(_assignment(sign + name)), None)
