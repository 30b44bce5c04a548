"""In a context: twins of what is compiled there, by exec, eval and compile in the user's code, and by imports."""

from __future__ import annotations

import ast
import copy
import importlib.machinery
import sys
import types

from parallel import _core
from parallel.protection.twins import compiling, rewriting

_TEXT = (str, bytes, bytearray)
_TREE = (ast.Module, ast.Expression, ast.Interactive)
_is_entered = False
_told: set[str] = set()  # files of whose code it has been said that it has no checks


def enter() -> None:
    """Before the first work: modules of the user's that are imported from here on are twins."""
    global _is_entered
    if not _is_entered:
        _is_entered = True
        importlib.machinery.SourceFileLoader.get_code = _get_code  # type: ignore[assignment, method-assign]


_get_code_before = importlib.machinery.SourceFileLoader.get_code


def _get_code(loader: importlib.machinery.SourceFileLoader, fullname: str) -> types.CodeType | None:
    code = _get_code_before(loader, fullname)
    if code is None or not _core.guard_is_users(code.co_filename):
        return code
    try:
        text = loader.get_data(code.co_filename)
    except OSError as error:
        _tell(code.co_filename, error)
        return code
    return _twin_of(code, text, "exec", False) or code


def source(text: object, is_expression: bool, flags: int) -> types.CodeType | None:
    """What exec(text) or eval(text) is to run; None: `text` itself."""
    if not isinstance(text, _TEXT):  # a code object that was made in a context has its checks
        return None
    if is_expression:
        text = text.lstrip(" \t") if isinstance(text, str) else text.lstrip(b" \t")
    mode = "eval" if is_expression else "exec"
    try:
        code = compile(text, "<string>", mode, flags & compiling.FUTURE, True)  # and its warnings, as they would come
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # it will be raised again, where it should be
    return _twin_of(code, text, mode, True)


def compiled(code: types.CodeType, text: object, mode: str) -> types.CodeType | None:
    """The twin of `code`, which compile(text, ..., mode) has returned; None where there is none."""
    if isinstance(text, _TREE):
        return _twin_of(code, copy.deepcopy(text), mode, True)  # it may be compiled again, and is the user's
    return _twin_of(code, text, mode, True) if isinstance(text, _TEXT) else None


def compile_in_context(tree: rewriting.Tree, filename: str, mode: str) -> types.CodeType:
    """The twin of what compile() makes of `tree`, which is used up: for a namespace that was made here."""
    code = compile(tree, filename, mode, dont_inherit=True)
    return _twin_of(code, tree, mode, False) or code


def _twin_of(code: types.CodeType, text: compiling.Source, mode: str, binds_names: bool) -> types.CodeType | None:
    flags = code.co_flags & compiling.FUTURE
    try:
        plain, twin = compiling.compile_pair(text, code.co_filename, mode, flags, binds_names)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        _tell(code.co_filename, error)
        return None
    if compiling.identity(plain) != compiling.identity(code):
        _tell(code.co_filename, "it was compiled in another way")
        return None
    _core.guard_know_twin(twin, twin)  # a work that submits works looks for what has no checks
    return twin


def _tell(filename: str, reason: object) -> None:
    if filename not in _told:
        _told.add(filename)
        print(f"parallel: code of {filename} runs without checks of what it changes ({reason})", file=sys.stderr)
