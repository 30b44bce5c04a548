"""The traceback of a context, which comes as text, in the style and the colours of IPython's own tracebacks."""

from __future__ import annotations

import itertools
import linecache
import re
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from IPython.utils.path import compress_user
from pygments import highlight
from pygments.formatters import Terminal256Formatter
from pygments.lexers import PythonLexer
from pygments.styles import get_style_by_name

import parallel
from parallel import _cells
from parallel._errors import ContextTraceback

if TYPE_CHECKING:
    from xparallel_kernel.shell import ZMQInteractiveShell


class _Colors(NamedTuple):
    """Escape sequences for the parts of a traceback."""

    place: str = ""
    name: str = ""
    number: str = ""
    arrow: str = ""
    line: str = ""  # that the arrow points to: in one piece, so that it is found and copied as it was written
    error: str = ""
    end: str = ""


# The colours of IPython's schemes. A table of our own, because versions of IPython keep them in different places.
_NO_COLORS = _Colors()
_FOR_ANY = _Colors("\x1b[0;32m", "\x1b[0;36m", "\x1b[1;32m", "\x1b[0;32m", "\x1b[1m", "\x1b[0;31m", "\x1b[0m")
_FOR_DARK = _Colors("\x1b[1;32m", "\x1b[0;36m", "\x1b[0;32m", "\x1b[1;32m", "\x1b[1m", "\x1b[1;31m", "\x1b[0m")
_SCHEMES = {"nocolor": _NO_COLORS, "linux": _FOR_DARK}  # all others, also those that a user has made: _FOR_ANY

_AROUND = 2  # lines of source before and after the one of the frame, as IPython shows
_READ = 1000  # lines are highlighted in 20 ms
_WIDTH = 7  # of line numbers, with the arrow
_MARGIN = r"(?P<margin>[ |]*?)"  # the bars of exception groups
_FRAME = re.compile(
    _MARGIN + r'  (?:File "(?P<file>[^"]+)", line |Cell In \[(?P<cell>\d+)\], line )(?P<line>\d+)(?:, in (?P<name>.*))?'
)
_HEAD = re.compile(_MARGIN + r"(?:\+ )?(?:Exception Group )?Traceback \(most recent call last\):")
_ERROR = re.compile(_MARGIN + r"(?P<type>[^\s:|+][^\s:]*)(?P<rest>: .*|:?)")
_MARGIN_OF_NOTE = r"[ |]*"
_MARKS = re.compile(r"[ ~^]*[~^][ ~^]*")


_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def in_style(lines: list[str], error: BaseException, shell: ZMQInteractiveShell) -> list[str]:
    """IPython's `lines` on `error`, with the tracebacks of contexts among its causes as IPython shows its own.

    Each note of the error is shown once: some versions of IPython leave notes out, the others repeat those that the
    traceback of a context ends with.
    """
    try:
        return _in_style(lines, error, shell)
    except Exception:  # the user's error must be shown, even if a new version of IPython breaks its style
        shell.log.exception("xparallel: the traceback of a work is shown without style")
        return lines


def formatted(error: BaseException, shell: ZMQInteractiveShell) -> list[str]:
    """The lines that show an error which no cell has raised, with all of its frames: the first of a cell is IPython's,
    there is none of it here."""
    try:
        lines = shell.InteractiveTB.structured_traceback(type(error), error, error.__traceback__, tb_offset=0)
    except Exception:  # of IPython, or of an exception whose own methods raise
        shell.log.exception("xparallel: an error is shown without style")
        return as_text(error)
    return in_style(lines, error, shell)


def holds_group(error: BaseException) -> bool:
    """Is there an exception group among the error and all that came before it? IPython shows only the group's own line,
    or has Python print it on stderr, where no front end takes it for an error."""
    waiting, seen = [error], set()
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseExceptionGroup):
            return True
        if id(each) not in seen:
            seen.add(id(each))
            waiting += [other for other in (each.__cause__, each.__context__) if other is not None]
    return False


def with_groups(error: BaseException, frames: TracebackType | None, shell: ZMQInteractiveShell) -> list[str]:
    """The lines that show an error for which `holds_group` is true; `frames` begin with the user's."""
    if any(True for _ in _texts_of_contexts(error)):  # these have the groups with all that is in them
        shown: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, frames, tb_offset=0)
        return shown
    lines = _cells.named("".join(traceback.format_exception(type(error), error, frames))).rstrip("\n").split("\n")
    return list(_Styler(_colors_of(shell), shell.compile._filename_map).styled(lines))


def as_text(error: BaseException) -> list[str]:
    """The lines that show an error, by means that cannot fail: no method of the error, nothing of IPython."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return [*_texts_of_contexts(error), *frames.splitlines(), f"{type(error).__name__}: {text_of(error)}"]


def text_of(value: object) -> str:
    """`str(value)`, or what can be said when that raises."""
    try:
        return str(value)
    except Exception as failure:  # a user's __str__; whatever it is, the error itself must still be shown
        return f"<{type(value).__name__} whose str() raised {type(failure).__name__}>"


def _in_style(lines: list[str], error: BaseException, shell: ZMQInteractiveShell) -> list[str]:
    texts = list(_texts_of_contexts(error))
    if not texts and not isinstance(error, parallel.ParallelError):
        return lines
    lines = [line for line in lines if not _is_note_of(_plain(line), error, texts)]
    colors = _colors_of(shell)
    if colors is not _NO_COLORS:
        styler = _Styler(colors, shell.compile._filename_map)
        for text in texts:
            styled = "\n".join(styler.styled(text.split("\n")))
            lines = [_replaced(line, text, styled) for line in lines]
    shown = "\n".join(map(_plain, lines))
    missing = [note for note in _notes(error) if not _has_note(shown, note)]
    return [*lines[:-1], "\n".join([lines[-1].rstrip("\n"), *missing])] if lines and missing else lines


def _colors_of(shell: ZMQInteractiveShell) -> _Colors:
    return _SCHEMES.get(str(shell.colors).lower(), _FOR_ANY)


def _plain(text: str) -> str:
    return _ESCAPES.sub("", text)


def _replaced(line: str, text: str, styled: str) -> str:
    """A line of IPython's in which `text` is styled; it may have come with IPython's colours, which are lost then."""
    return (line if text in line else _plain(line)).replace(text, styled) if text in _plain(line) else line


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and the others that a traceback of it shows."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        cause = error.__cause__
        error = cause if cause is not None or error.__suppress_context__ else error.__context__


def _texts_of_contexts(error: BaseException) -> Iterator[str]:
    return (each.text for each in _chain(error) if isinstance(each, ContextTraceback))


def _notes(error: BaseException) -> list[str]:
    try:
        return [note for note in getattr(error, "__notes__", ()) if isinstance(note, str)]
    except Exception:  # its class may have notes of its own
        return []


def _has_note(text: str, note: str) -> bool:
    """Are the lines of the note lines of this traceback?"""
    lines = r"\n".join(_MARGIN_OF_NOTE + re.escape(line) for line in note.split("\n"))
    return re.search(rf"^{lines}$", text, re.MULTILINE) is not None


def _is_note_of(line: str, error: BaseException, texts: list[str]) -> bool:
    """Is this line of IPython's nothing but a note that is in the traceback of a context as well?"""
    line = line.removesuffix("\n")
    notes = (note for each in _chain(error) for note in _notes(each))
    return line.strip() != "" and any(line == note and any(_has_note(text, note) for text in texts) for note in notes)


class _Styler:
    """`cells` are the execution counts by the names of the cells' files."""

    def __init__(self, colors: _Colors, cells: dict[str, int]):
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
                yield f"{found['margin']}{self._colors.error}{found['type']}{self._colors.end}{found['rest']}"
            else:
                yield line

    def _frame(self, frame: re.Match[str], following: list[str]) -> tuple[list[str], int]:
        """The lines of a frame, and how many of those `following` are a part of it."""
        colors, margin, number = self._colors, frame["margin"], int(frame["line"])
        if frame["cell"] is not None:
            file = self._files.get(int(frame["cell"]))
            place = f"Cell {colors.place}In [{frame['cell']}], line {number}{colors.end}"
        else:
            file = frame["file"]
            place = f"File {colors.place}{compress_user(file)}:{number}{colors.end}"
        called = f", in {colors.name}{frame['name']}{colors.end}" if frame["name"] else ""
        used = 1
        shown = [f"{margin}{place}{called}"]
        indent = margin + "    "
        if not following or not following[0].startswith(indent):
            return shown, 0
        source = following[0][len(indent) :]
        found = linecache.getlines(file) if file is not None else []
        is_same = 0 < number <= len(found) and found[number - 1].strip() == source.strip()
        lines = found if is_same else None  # None: the file is another one by now
        for at, line in self._source(lines, number, source):
            shown.append(margin + line)
            marks = following[1][len(indent) :] if len(following) > 1 and following[1].startswith(indent) else ""
            if at == number and _MARKS.fullmatch(marks):
                pad = " " * (_WIDTH + 1) + (lines[at - 1][: -len(lines[at - 1].lstrip())] if lines else "")
                shown.append(f"{margin}{pad}{colors.error}{marks}{colors.end}")
                used = 2
        return shown, used

    def _source(self, lines: list[str] | None, number: int, source: str) -> Iterator[tuple[int, str]]:
        """The line `number` with an arrow, and those around it, each with its number before it."""
        first, last = (max(1, number - _AROUND), min(len(lines), number + _AROUND)) if lines else (number, number)
        colors = self._colors
        around = _highlighted(lines, first, last) if lines else [source]
        for at, line in enumerate(around, first):
            if at == number:
                arrow = "> ".rjust(_WIDTH - len(str(at)), "-")
                line = lines[at - 1].rstrip() if lines else source
                yield at, f"{colors.arrow}{arrow}{at}{colors.end} {colors.line}{line}{colors.end}"
            else:
                yield at, f"{colors.number}{at:{_WIDTH}}{colors.end} {line}"


def _highlighted(lines: list[str], first: int, last: int) -> list[str]:
    """Some of the lines. Those before them are read too if they are not too many: a string may begin there."""
    start = 1 if last <= _READ else first
    text = "\n".join(line.rstrip("\r\n") for line in lines[start - 1 : last])
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    coloured = highlight(text, lexer, Terminal256Formatter(style=get_style_by_name("default"))).split("\n")
    return (coloured if len(coloured) == last - start + 1 else text.split("\n"))[first - start :]
