"""In a context: twins of what is compiled there, by exec, eval and compile of the user's code, and by imports of the user's modules."""

from __future__ import annotations

import importlib.machinery
import types

from parallel import _core
from parallel.protection.twins import compiling

_TEXT = (str, bytes, bytearray)
_is_entered = False


def enter() -> None:
    """Before the first work: modules of the user's that are imported from here on are twins."""
    global _is_entered
    if not _is_entered:
        _is_entered = True
        importlib.machinery.SourceFileLoader.get_code = _get_code


_get_code_before = importlib.machinery.SourceFileLoader.get_code


def _get_code(loader, fullname):
    code = _get_code_before(loader, fullname)
    if code is None or not _core.guard_is_users(code.co_filename):
        return code
    try:
        plain, twin = compiling.compile_pair(loader.get_data(code.co_filename), code.co_filename, "exec", 0)
    except (OSError, SyntaxError, ValueError):
        return code  # what is wrong with it has been said, or its text is gone
    return _known(twin) if compiling.identity(plain) == compiling.identity(code) else code


def source(text, is_expression: bool, flags: int):
    """What exec(text) or eval(text) is to run; None: `text` itself."""
    if isinstance(text, types.CodeType):
        return None  # made in a context, it is a twin by now
    if not isinstance(text, _TEXT):
        return None
    if is_expression and isinstance(text, str):
        text = text.lstrip(" \t")
    try:
        _, twin = compiling.compile_pair(text, "<string>", "eval" if is_expression else "exec", flags & compiling.FUTURE, True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # it will say so itself
    return _known(twin)


def compiled(code: types.CodeType, text):
    """The twin of `code`, which compile(text) has returned; None where there is none."""
    if not isinstance(text, _TEXT):
        return None
    mode = next((mode for mode in ("exec", "eval", "single") if _is_mode(code, text, mode)), None)
    if mode is None:
        return None
    _, twin = compiling.compile_pair(text, code.co_filename, mode, code.co_flags & compiling.FUTURE, True)
    return _known(twin) if compiling.shape(twin) == compiling.shape(code) else None


def _is_mode(code: types.CodeType, text, mode: str) -> bool:
    try:
        plain = compile(text, code.co_filename, mode, code.co_flags & compiling.FUTURE, True)
    except (SyntaxError, ValueError):
        return False
    return compiling.identity(plain) == compiling.identity(code)


def _known(twin: types.CodeType) -> types.CodeType:
    _core.guard_know_twin(twin, twin)  # it has its checks: a work that submits works looks for what has none
    return twin
