"""From a source text to twins: code objects that are in everything but their checks what the text compiles to."""

from __future__ import annotations

import ast
import inspect
import types
import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from parallel import _core
from parallel.protection import effects
from parallel.protection.twins import callees, rewriting

# Of the flags of code: what `from __future__ import` has asked of the compiler.
FUTURE = 0x1FE0000

Source = str | bytes | bytearray | rewriting.Tree
Identity = tuple[object, ...]

_CHECKS = {rewriting.MARK + name: check for name, check in _core.guard_twin_checks().items()}


@lru_cache(None)
def looked_at() -> frozenset[str]:
    """Names of methods and functions that change something: wherever the user's code reads one, it is looked at."""
    names = {name for of in effects.TYPES.values() for name in f"{of.changes} {of.attributes}".split()}
    names.update(argument.split(":")[0] for of in effects.TYPES.values() for argument in of.arguments.split())
    names.update(name for _, name in effects.FUNCTIONS)
    names.update(callees.names())
    return frozenset(names) - callees.UNREMARKABLE


class Shape(NamedTuple):
    """What of a code object others can see: its twin has the same."""

    name: str
    qualified_name: str
    first_line: int
    free: tuple[str, ...]
    cells: frozenset[str]
    arguments: tuple[tuple[int, int, int], tuple[str, ...]]
    flags: int


def shape(code: types.CodeType) -> Shape:
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
    collecting = bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    named = code.co_argcount + code.co_kwonlyargcount + collecting
    return Shape(
        code.co_name, code.co_qualname, code.co_firstlineno, code.co_freevars, frozenset(code.co_cellvars),
        (counts, code.co_varnames[:named]), code.co_flags,
    )  # fmt: skip


def compile_pair(
    source: Source, filename: str, mode: str, flags: int, binds_names: bool = False
) -> tuple[types.CodeType, types.CodeType]:
    """(what `source`, text or tree, compiles to, its twin). SyntaxError or ValueError as by compile()."""
    with warnings.catch_warnings():  # of the text, which have been given; and a constant that is called is warned of
        warnings.simplefilter("ignore")
        plain = compile(source, filename, mode, flags, True)
        tree = compile(source, filename, mode, flags | ast.PyCF_ONLY_AST, True)
        tree = rewriting.rewrite(tree, looked_at(), binds_names)
        twin = compile(tree, filename, mode, flags & ~ast.PyCF_ONLY_AST, True)
    return plain, with_checks(twin)


def with_checks(code: types.CodeType) -> types.CodeType:
    """`code` with the checks themselves as its constants."""

    def checked(value: Any) -> Any:
        if isinstance(value, types.CodeType):
            return with_checks(value)
        return _CHECKS.get(value, value) if type(value) is str else value

    return code.replace(co_consts=tuple(map(checked, code.co_consts)))


def within(code: types.CodeType) -> list[types.CodeType]:
    """Code objects of functions, classes and comprehensions that stand in `code` itself."""
    return [value for value in code.co_consts if isinstance(value, types.CodeType)]


def pairs(plain: types.CodeType, twin: types.CodeType) -> Iterator[tuple[types.CodeType, types.CodeType]]:
    """(code, twin) of all there is in a pair, but for what has not come out in the same shape."""
    if shape(plain) != shape(twin):
        return
    yield plain, twin
    inner, inner_twins = within(plain), within(twin)
    if len(inner) == len(inner_twins):
        for one, other in zip(inner, inner_twins):
            yield from pairs(one, other)


def identity(code: types.CodeType) -> Identity:
    """The same for two code objects if they come from the same text at the same place."""
    constants = tuple(
        identity(value) if isinstance(value, types.CodeType) else (type(value), value) for value in code.co_consts
    )
    return (
        shape(code), code.co_code, code.co_linetable, code.co_exceptiontable, code.co_names, code.co_varnames,
        constants,
    )  # fmt: skip
