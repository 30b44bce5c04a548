"""Twins for the functions there are, in the main process before a batch is forked: once for each source text."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import types
from collections.abc import Iterator
from typing import Any

from parallel import _core
from parallel.protection.twins import compiling, library

# function -> why it keeps its code; by the name that the user knows it by.
_kept: dict[str, str] = {}
_done: set[str] = set()  # functions on the library's list that have been looked at
_RECENT_CELLS = 100  # of which the source of a timed one is looked for: a compilation each

_Twins = dict[compiling.Identity, types.CodeType]  # identity of code -> its twin


def build() -> None:
    """Make twins for what has come since the last time."""
    by_text: dict[tuple[str, int], list[types.FunctionType]] = {}
    for function in _core.guard_find_functions():
        code = function.__code__
        by_text.setdefault((code.co_filename, code.co_flags & compiling.FUTURE), []).append(function)
    for (filename, flags), functions in by_text.items():
        _build_text(filename, flags, functions)


def kept() -> dict[str, str]:
    """Functions of the user's that run without checks, and why."""
    return dict(_kept)


def _build_text(filename: str, flags: int, functions: list[types.FunctionType]) -> None:
    twins: _Twins = {}
    obstacle: str | None = "its source is not to be found"
    for lines in _texts(filename, functions[0].__globals__):
        for by_statement in (False, True):  # as a file; as a cell, whose statements are compiled one by one
            found, obstacle = _twins_of("".join(lines), filename, flags, by_statement)
            twins.update(found)
            if all(compiling.identity(function.__code__) in twins for function in functions):
                break
        else:
            continue
        break
    for function in functions:
        _mark(function, function.__code__, twins, obstacle)


def _mark(function: types.FunctionType, code: types.CodeType, twins: _Twins, obstacle: str | None) -> None:
    """Tell C++ of the twins of a function's code and of the code within, which functions may be made from later."""
    twin = twins.get(compiling.identity(code))
    _core.guard_know_twin(code, twin)
    if twin is None:
        if not _is_generated(function):
            _kept[f"{function.__module__}.{code.co_qualname}"] = (
                obstacle or "it was not compiled from the text that is there"
            )
        return
    _mark_within(code, twins)


def _mark_within(code: types.CodeType, twins: _Twins) -> None:
    for inner in compiling.within(code):
        _core.guard_know_twin(inner, twins.get(compiling.identity(inner)))
        _mark_within(inner, twins)


def _texts(filename: str, namespace: dict[str, Any]) -> Iterator[list[str]]:
    """What the file or cell reads: as Python knows it, and if that does not fit, as it is now."""
    if filename.startswith("<timed "):
        yield from _timed()
        return
    known = linecache.getlines(filename, namespace)
    if known:
        yield known
    linecache.checkcache(filename)
    now = linecache.getlines(filename, namespace)
    if now and now is not known:
        yield now


def _timed() -> Iterator[list[str]]:
    """What %%time and %time have run of late: IPython keeps no source of it but the cell."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        return
    for cell in reversed(shell.history_manager.input_hist_raw[-_RECENT_CELLS:]):
        first, _, body = cell.partition("\n")
        if first.startswith("%%time"):
            yield shell.transform_cell(body).splitlines(True)
        for line in cell.splitlines():
            if line.lstrip().startswith("%time "):
                yield [line.lstrip().removeprefix("%time ").lstrip()]


def _is_generated(function: types.FunctionType) -> bool:
    """Made by a library from a text of its own, or no function: nothing in it is code that the user has written."""
    code = function.__code__
    named = str(function.__module__)
    if code.co_name == "<module>":  # of a script that is running
        return True
    return code.co_filename.startswith("<") and (
        code.co_qualname.startswith("__create_fn__.")
        or named.startswith("namedtuple_")
        or code.co_filename.startswith("<attrs ")
    )


def _twins_of(text: str, filename: str, flags: int, by_statement: bool) -> tuple[_Twins, str | None]:
    """The twins, and why there are none."""
    found: _Twins = {}
    obstacle = None
    for part in _statements(text, filename, flags) if by_statement else (text,):
        for also in (0, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT):  # a cell may await
            try:
                plain, twin = compiling.compile_pair(part, filename, "exec", flags | also)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                obstacle = f"its source does not compile ({error})"
                continue
            obstacle = None
            # The module itself differs from what ran, as a cell's last expression is shown: only what is within counts.
            inner, inner_twins = compiling.within(plain), compiling.within(twin)
            for one, other in zip(inner, inner_twins) if len(inner) == len(inner_twins) else ():
                found.update((compiling.identity(code), its_twin) for code, its_twin in compiling.pairs(one, other))
            break
        if obstacle is not None:
            return {}, obstacle
    return found, None


def _statements(text: str, filename: str, flags: int) -> list[ast.Module]:
    """The statements of a cell, each as a module: the compiler calls what the same text imports in another way."""
    try:
        tree = compile(text, filename, "exec", flags | ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [ast.Module([statement], []) for statement in tree.body]


def build_library() -> None:
    """Make twins for functions of libraries that have been loaded since the last time."""
    for function in library.functions():
        key = f"{function.__module__}:{function.__qualname__}"
        if key in _done:
            continue
        _done.add(key)
        code = function.__code__
        twin = _library_twin(function)
        _core.guard_know_twin(code, twin)
        if twin is not None:
            _core.guard_add_function(function)


def _library_twin(function: types.FunctionType) -> types.CodeType | None:
    """The twin of one function of a large file, of whose text only that function is compiled."""
    code = function.__code__
    is_frozen = code.co_filename.startswith("<frozen ")  # then its file lies beside the others all the same
    path = function.__globals__.get("__file__", "") if is_frozen else code.co_filename
    lines = linecache.getlines(path, function.__globals__)[code.co_firstlineno - 1 :]
    classes = code.co_qualname.split(".")[:-1]
    if not lines or "<locals>" in classes:
        return None
    block = "".join(inspect.getblock(lines))
    wanted = compiling.identity(code)
    for imported in ("", *_imported(function)):
        # As deep as it stands there: columns are the same, and so is what private names become.
        above = [f"import {imported}\n" if imported else "\n"]
        above += [f"{' ' * depth}class {name}:\n" for depth, name in enumerate(classes)]
        try:
            tree = ast.parse("".join(above) + block)
            ast.increment_lineno(tree, code.co_firstlineno - 1 - len(above))
            plain, twin = compiling.compile_pair(tree, code.co_filename, "exec", code.co_flags & compiling.FUTURE)
        except (SyntaxError, ValueError):
            return None
        for one, other in compiling.pairs(plain, twin):
            if compiling.identity(one) == wanted:
                return other
    return None


def _imported(function: types.FunctionType) -> Iterator[str]:
    """Names that the module of a function may have imported: the compiler calls what they hold in another way."""
    code, namespace = function.__code__, function.__globals__
    names = [name for name in code.co_names if name in namespace and name.isidentifier()]
    modules = [name for name in names if isinstance(namespace[name], types.ModuleType)]
    others = [name for name in names if getattr(namespace[name], "__module__", None) != function.__module__]
    yield from (", ".join(found) for found in (modules, [*modules, *others]) if found)
