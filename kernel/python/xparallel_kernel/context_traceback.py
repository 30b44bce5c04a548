"""The traceback of a context, which comes as text, in the style and the colours of IPython's own tracebacks."""

from __future__ import annotations

import itertools
import linecache
import re
from typing import Iterator

from IPython.core import debugger
from IPython.utils.path import compress_user
from parallel._errors import ContextTraceback
from pygments import highlight
from pygments.formatters import Terminal256Formatter
from pygments.lexers import PythonLexer
from pygments.styles import get_style_by_name

_AROUND = 2  # lines of source before and after the one of the frame, as IPython shows
_READ = 1000  # lines are highlighted in 20 ms
_WIDTH = 7  # of line numbers, with the arrow
_MARGIN = r"(?P<margin>[ |]*?)"  # the bars of exception groups
_FRAME = re.compile(
    _MARGIN + r'  (?:File "(?P<file>[^"]+)", line |Cell In \[(?P<cell>\d+)\], line )(?P<line>\d+)(?:, in (?P<name>.*))?'
)
_HEAD = re.compile(_MARGIN + r"(?:\+ )?(?:Exception Group )?Traceback \(most recent call last\):")
_ERROR = re.compile(_MARGIN + r"(?P<type>[^\s:|+][^\s:]*)(?P<rest>: .*|:?)")
_MARKS = re.compile(r"[ ~^]*[~^][ ~^]*")


def in_style(lines: list[str], error: BaseException, shell) -> list[str]:
    """IPython's `lines` on `error`, with the tracebacks of contexts among its causes as IPython shows its own.

    Notes that are not in them are added: IPython leaves them out.
    """
    table = shell.InteractiveTB
    for text in _texts_of_contexts(error):
        if table.has_colors:
            styled = "\n".join(_Styler(table.Colors, shell.compile._filename_map).styled(text.split("\n")))
            lines = [line.replace(text, styled) for line in lines]
    shown = "\n".join(_texts_of_contexts(error))
    missing = [note for note in _notes(error) if note not in shown]
    return [*lines[:-1], "\n".join([lines[-1], *missing])] if lines and shown and missing else lines


def _texts_of_contexts(error: BaseException | None) -> Iterator[str]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, ContextTraceback):
            yield error.text
        cause = error.__cause__
        error = cause if cause is not None or error.__suppress_context__ else error.__context__


def _notes(error: BaseException) -> list[str]:
    try:
        return [note for note in getattr(error, "__notes__", ()) if isinstance(note, str)]
    except Exception:  # its class may have notes of its own
        return []


class _Styler:
    """`colors` are those of IPython's scheme, `cells` the execution counts by the names of the cells' files."""

    def __init__(self, colors, cells: dict[str, int]):
        self._colors = colors
        self._files = {number: file for file, number in cells.items()}

    def styled(self, lines: list[str]) -> Iterator[str]:
        """The lines of a traceback, each with its colours; frames with the lines around them."""
        # Without frames, as of an interrupt that came before the function, the error's line follows on the blank one.
        in_frames = not any(_HEAD.fullmatch(line) for line in lines)
        if in_frames:
            yield from itertools.islice(lines, 2)
            lines = lines[2:]
        at = 0
        while at < len(lines):
            line = lines[at]
            at += 1
            if frame := _FRAME.fullmatch(line):
                source = lines[at : at + 2]
                shown, used = self._frame(frame, source)
                at += used
                yield from shown
            elif _HEAD.fullmatch(line):
                in_frames = True
                yield line
            elif in_frames and (found := _ERROR.fullmatch(line)):
                in_frames = False
                yield f"{found['margin']}{self._colors.excName}{found['type']}{self._colors.Normal}{found['rest']}"
            else:
                yield line

    def _frame(self, frame: re.Match, following: list[str]) -> tuple[list[str], int]:
        """The lines of a frame, and how many of those `following` are a part of it."""
        colors, margin, number = self._colors, frame["margin"], int(frame["line"])
        if frame["cell"] is not None:
            file = self._files.get(int(frame["cell"]))
            place = f"Cell {colors.filenameEm}In [{frame['cell']}], line {number}{colors.Normal}"
        else:
            file = frame["file"]
            place = f"File {colors.filenameEm}{compress_user(file)}:{number}{colors.Normal}"
        called = f", in {colors.vName}{frame['name']}{colors.Normal}" if frame["name"] else ""
        used = 1
        shown = [f"{margin}{place}{called}"]
        indent = margin + "    "
        if not following or not following[0].startswith(indent):
            return shown, 0
        source = following[0][len(indent) :]
        lines = linecache.getlines(file) if file is not None else []
        if not 0 < number <= len(lines) or lines[number - 1].strip() != source.strip():
            lines = None  # the file is another one by now
        for at, line in self._source(lines, number, source):
            shown.append(margin + line)
            marks = following[1][len(indent) :] if len(following) > 1 and following[1].startswith(indent) else ""
            if at == number and _MARKS.fullmatch(marks):
                pad = " " * (_WIDTH + 1) + (lines[at - 1][: -len(lines[at - 1].lstrip())] if lines else "")
                shown.append(f"{margin}{pad}{colors.excName}{marks}{colors.Normal}")
                used = 2
        return shown, used

    def _source(self, lines: list[str] | None, number: int, source: str) -> Iterator[tuple[int, str]]:
        """The line `number` with an arrow, and those around it, each with its number before it."""
        first, last = (max(1, number - _AROUND), min(len(lines), number + _AROUND)) if lines else (number, number)
        colors = self._colors
        for at, line in enumerate(_highlighted(lines, first, last) if lines else _highlighted([source], 1, 1), first):
            if at == number:
                arrow = debugger.make_arrow(_WIDTH - len(str(at)))
                yield at, f"{colors.linenoEm}{arrow}{at}{colors.Normal} {line}"
            else:
                yield at, f"{colors.lineno}{at:{_WIDTH}}{colors.Normal} {line}"


def _highlighted(lines: list[str], first: int, last: int) -> list[str]:
    """Some of the lines. Those before them are read too if they are not too many: a string may begin there."""
    start = 1 if last <= _READ else first
    text = "\n".join(line.rstrip("\r\n") for line in lines[start - 1 : last])
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    coloured = highlight(text, lexer, Terminal256Formatter(style=get_style_by_name("default"))).split("\n")
    return (coloured if len(coloured) == last - start + 1 else text.split("\n"))[first - start :]
