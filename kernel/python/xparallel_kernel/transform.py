"""Cells written for PyParallel: the module `async` of its Python is `parallel` here.

In today's Python `async` is a keyword, so these cells do not even parse; the token is exchanged before they are.
Nothing else changes: a token counts only where the keyword could not stand, and lines and their numbers stay as they
are.
"""

from __future__ import annotations

import io
import itertools
import keyword
import tokenize
from collections.abc import Iterator

OLD = "async"
NEW = "parallel"
_GROWTH = len(NEW) - len(OLD)

_IGNORED = {tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}


def rewrite(code: str) -> str:
    """The text of a cell with every `async` that means the module exchanged."""
    for place in reversed(find(code)):
        code = code[:place] + NEW + code[place + len(OLD) :]
    return code


def rewrite_lines(lines: list[str]) -> list[str]:
    """As `rewrite`, as an input transformer of IPython."""
    return rewrite("".join(lines)).splitlines(keepends=True)


def rewrite_at_cursor(code: str, cursor: int) -> tuple[str, int]:
    """The text rewritten, and where the cursor is in it."""
    before = sum(1 for place in find(code) if place + len(OLD) <= cursor)
    return rewrite(code), cursor + before * _GROWTH


def original_position(code: str, position: int) -> int:
    """The place in `code` of a position in what `rewrite(code)` returns."""
    for place in find(code):
        if position <= place:
            break
        position = max(place, position - _GROWTH)
    return position


def find(code: str) -> list[int]:
    """Where each `async` that means the module begins. Code that ends too early is read as far as it goes."""
    if OLD not in code:
        return []
    lines = code.split("\n")  # as tokenize has them, which knows no other line ends
    starts = [0, *itertools.accumulate(len(line) + 1 for line in lines)]
    places = []
    statement: list[str] = []  # the strings of the statement's tokens so far
    previous = None
    for token in _tokens(code):
        if token.type in _IGNORED:
            continue
        if previous is not None and token.string == ".":
            places.append(previous)
        previous = None
        if token.type == tokenize.NEWLINE or token.string == ";":
            statement = []
            continue
        if token.string == ":" and statement and keyword.iskeyword(statement[0]) and "lambda" not in statement:
            statement = []  # `if x: import async`
            continue
        if token.type == tokenize.NAME and token.string == OLD:
            place = starts[token.start[0] - 1] + token.start[1]
            if _names_module(statement):
                places.append(place)
            elif not statement or statement[-1] != ".":
                previous = place  # it does if a dot follows
        statement.append(token.string)
    return places


def _names_module(statement: list[str]) -> bool:
    """Does a module's name follow these tokens: `import`, `import a, b as c,` or `from`?"""
    if not statement:
        return False
    if statement[0] == "from":
        return len(statement) == 1
    return statement[0] == "import" and statement[-1] in ("import", ",")


def _tokens(code: str) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.generate_tokens(io.StringIO(code).readline)
    except (tokenize.TokenError, SyntaxError):
        return  # an incomplete or broken cell: what comes before the break has been seen
