"""One piece of code in several contexts at once, each with a rank of its own: what `%%parallel` does."""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import linecache
import operator
import sys
import time
from typing import TYPE_CHECKING, Any

from parallel import _calls, _config, _engine, _errors
from parallel._work import Work
from parallel._xlist import xlist
from parallel.protection import _state as _protection

if TYPE_CHECKING:
    from parallel._core import _Call

_MEETING_SECONDS = 30.0  # to make all contexts; 200 of them take half a second
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.02
_LEAVING_SECONDS = 2.0
_NOTED_ERRORS = 5

_numbers = itertools.count(1)


def run_cell(
    source: str,
    n: int | None = None,
    *,
    into: xlist | None = None,
    name: str | None = None,
    namespace: dict[str, Any] | None = None,
) -> xlist | None:
    """Run Python code in `n` contexts at once and wait for all of them; `%%parallel` as a function.

    The code finds `rank` (0 to n - 1) and `size` (n) besides the names of the namespace as they are now. All begin
    together, each in a context of its own, so they may wait for each other's pushes. Names that the code assigns are
    its context's own: they do not reach the main thread, nor other ranks. Functions defined elsewhere do not see them
    either, nor `rank` and `size`: pass them as arguments.

    Args:
        source: what to run. If it ends with an expression, its value is what the rank yields; a `;` behind it says that
            it yields nothing.
        n: how many contexts; by default as many as configured.
        into: gets the values as they come.
        name: for messages and views: the works are called 'name 0', 'name 1' ...; by default 'rank'.
        namespace: the names the code finds; by default those of `__main__`.

    Returns: `into`, or else a new xlist with the values in the order of the ranks; None without a last expression.

    Raises: SyntaxError; ValueError or TypeError when an argument makes no sense; the error of the lowest rank that
    failed, with its traceback in the context as the cause and the others as notes. Ranks that have not failed go on to
    their end first. KeyboardInterrupt stops them all; what was pushed stays.

    >>> squares = run_cell("rank ** 2", 3); list(squares)
    [0, 1, 4]
    """
    if not isinstance(source, str):
        raise TypeError(f"source must be a str, not {type(source).__name__}")
    if into is not None and not isinstance(into, xlist):
        raise TypeError(f"into must be an xlist, not {type(into).__name__}: xlist() makes one")
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name must be a str, not {type(name).__name__}")
    filename = f"<parallel cell {next(_numbers)}>"
    # Contexts inherit it, for their tracebacks.
    linecache.cache[filename] = len(source), None, _lines(source), filename
    if namespace is None:
        namespace = vars(sys.modules["__main__"])
    try:
        return run_ranks(Cell(source, filename, namespace, into), size_of(n), name)
    finally:
        linecache.cache.pop(filename, None)


def _lines(source: str) -> list[str]:
    """Lines as the compiler counts them: `str.splitlines` knows more ends of lines."""
    return io.StringIO(source, newline=None).readlines()


def size_of(n: int | None) -> int:
    """How many ranks there are to be."""
    if n is None:
        return _config.contexts()
    size = operator.index(n)
    if not 1 <= size <= _config.MOST_CONTEXTS:
        raise ValueError(f"n must be between 1 and {_config.MOST_CONTEXTS}, not {size}")
    return size


class Cell:
    """Code for ranks. `filename` is where tracebacks look for its lines."""

    def __init__(self, source: str, filename: str, namespace: dict[str, Any], into: xlist | None):
        self._source = source
        self._filename = filename
        self._namespace = namespace
        self.into = into
        statements = self._parse().body
        last = statements[-1] if statements else None
        self.has_value = isinstance(last, ast.Expr) and not self._ends_with_semicolon(last)
        # Whatever parsing does not find: `return` outside of a function.
        compile(source, filename, "exec", dont_inherit=True)
        self.works: list[Work] = []

    def _parse(self) -> ast.Module:
        tree = compile(self._source, self._filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        assert isinstance(tree, ast.Module)
        return tree

    def _ends_with_semicolon(self, last: ast.stmt) -> bool:
        assert last.end_lineno is not None  # it was parsed, not made
        line = _lines(self._source)[last.end_lineno - 1].encode()
        return line[last.end_col_offset :].lstrip().startswith(b";")

    @_calls.passes_on(lambda args, frames: None)  # which rank it is, its name says
    def run(self, rank: int) -> Any:
        """In a context: run the code as one of the ranks."""
        self._meet()
        # Compiled here, and in a dict made here: both are this context's, which may change them as it likes.
        names = {**self._namespace, "rank": rank, "size": len(self.works)}
        module = self._parse()
        last = module.body.pop() if self.has_value else None
        exec(_protection.compile_in_context(module, self._filename, "exec"), names)
        if last is None:
            return None
        assert isinstance(last, ast.Expr)  # it has a value
        value = eval(_protection.compile_in_context(ast.Expression(last.value), self._filename, "eval"), names)
        if self.into is None:
            return value
        self.into.push(value)

    def _meet(self) -> None:
        """Wait until every rank has a context: one that had ended before another began would leave it its own.

        Ranks may also wait for each other, which they could not if one came after the other.
        """
        deadline, pause = time.monotonic() + _MEETING_SECONDS, _SHORTEST_PAUSE
        while missing := sum(work.state == "pending" for work in self.works):
            if time.monotonic() > deadline:
                size = len(self.works)
                raise _errors.ParallelError(
                    f"only {size - missing} of {size} contexts could be started in {_MEETING_SECONDS:.0f} s: "
                    "ask for fewer"
                )
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def run_ranks(cell: Cell, size: int, name: str | None) -> xlist | None:
    """Run a cell in `size` contexts; see `run_cell`."""
    engine = _engine.current()
    tasks: list[_Call] = [(cell.run, (rank,), None) for rank in range(size)]
    with engine.started_together(tasks, [f"{name or 'rank'} {rank}" for rank in range(size)], cell.works):
        errors = [(work.name, work.exception()) for work in cell.works]
        batch = cell.works[0]._batch
        assert batch is not None  # it has been started
        # The contexts have only to go. Until they have, views say that work runs.
        with contextlib.suppress(_errors.WaitTimeoutError):
            engine.wait_until(lambda: batch.settled, _LEAVING_SECONDS, "the batch")
    failed = [(work_name, error) for work_name, error in errors if error is not None]
    if failed:
        try:
            raise _noted(failed)
        finally:
            # The traceback refers to this frame: a cycle would keep the works and their batch.
            del batch, cell, errors, failed
    if cell.into is not None or not cell.has_value:
        return cell.into
    return xlist((work.result() for work in cell.works), name=name)


def _noted(failed: list[tuple[str, BaseException]]) -> BaseException:
    """The first error, which tells of the others."""
    (_, first), *others = failed
    if others:
        lines = [f"  {name}: {_errors.summary(error)}" for name, error in others[:_NOTED_ERRORS]]
        if len(others) > _NOTED_ERRORS:
            lines.append(f"  and {len(others) - _NOTED_ERRORS} more")
        first.add_note("\n".join([f"{len(others)} more rank{'s' if len(others) > 1 else ''} failed:", *lines]))
    return first
