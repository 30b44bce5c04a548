"""Turns the parts of a notebook (Markdown, code, output text) into lines for a terminal.

Pure functions from text to lines: nothing here prints, reads the environment or knows a kernel. Callers pass a Style,
which says how wide a line is and whether colours may be used.
"""

import re
import textwrap
import unicodedata
from dataclasses import dataclass
from typing import Any

# Colour and weight (SGR) sequences have width 0 and may stay; every other sequence moves the cursor and must go.
SGR = re.compile(r"\x1b\[[0-9;:]*m")
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]")
RESET = "\x1b[0m"
RESETTING = re.compile(r"\x1b\[(?:[0-9:]*;)*0*m")

HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
ITEM = re.compile(r"(\s*)([-*+]|\d+[.)])\s+(.*)")
FENCE = re.compile(r"\s*(```|~~~)")
EMPHASIS = re.compile(r"\*\*(.+?)\*\*")


@dataclass(frozen=True)
class Style:
    width: int = 100
    colour: bool = False

    def paint(self, codes: str, text: str) -> str:
        return f"\x1b[{codes}m{text}{RESET}" if self.colour and text else text

    def bold(self, text: str) -> str:
        return self.paint("1", text)

    def dim(self, text: str) -> str:
        return self.paint("2", text)

    def red(self, text: str) -> str:
        return self.paint("31", text)

    def blue(self, text: str) -> str:
        return self.paint("34", text)

    def green(self, text: str) -> str:
        return self.paint("32", text)


def cell_width(character: str) -> int:
    """The columns that a character takes on a terminal."""
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def visible_width(text: str) -> int:
    return sum(map(cell_width, SGR.sub("", text)))


def clean(text: str, style: Style) -> str:
    """Output text without what would disturb a terminal: cursor movements, lines overwritten by a carriage return."""
    text = ESCAPE.sub(lambda match: match.group() if style.colour and SGR.fullmatch(match.group()) else "", text)
    lines = []
    for line in text.split("\n"):
        written = [part for part in line.split("\r") if part]
        lines.append(CONTROL.sub("", written[-1]) if written else "")
    return "\n".join(lines)


def fold(line: str, width: int) -> list[str]:
    """Cuts one line into pieces of at most `width` columns; a colour that spans a cut goes on in the next piece."""
    pieces, piece, used, active = [], "", 0, ""
    for token in re.split(f"({SGR.pattern})", line.expandtabs(8)):
        if SGR.fullmatch(token):
            active = "" if RESETTING.fullmatch(token) else active + token
            piece += token
            continue
        for character in token:
            columns = cell_width(character)
            if used + columns > width and used:
                pieces.append(piece + (RESET if active else ""))
                piece, used = active, 0
            piece += character
            used += columns
    return [*pieces, piece + (RESET if active else "")]


def gutter(text: str, style: Style, first: str, rest: str | None = None) -> list[str]:
    """The lines of `text`, folded: the first one behind `first`, the others behind `rest` (default: as many spaces)."""
    others = " " * visible_width(first) if rest is None else rest
    room = max(style.width - visible_width(first), 20)
    lines = [piece for line in text.split("\n") for piece in fold(line, room)]
    return [((others if number else first) + line).rstrip() for number, line in enumerate(lines)]


def inline(text: str, style: Style) -> str:
    """Marks of a Markdown line: bold becomes bold where there are colours; other marks read well as they are."""
    return EMPHASIS.sub(lambda match: style.bold(match.group(1)), text) if style.colour else text


def wrapped(text: str, style: Style, first: str = "", rest: str = "") -> list[str]:
    """A Markdown paragraph at the width of the style. Marks are applied last, to what one line holds whole."""
    wrapper = textwrap.TextWrapper(
        width=style.width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return [inline(line, style) for line in wrapper.wrap(text)]


def markdown_lines(source: str, style: Style) -> list[str]:
    """Markdown as text: headings, paragraphs and lists refilled; code, tables and quotes left as they stand."""
    lines: list[str] = []
    paragraph: list[str] = []
    indents, fenced = ("", ""), False

    def end_paragraph() -> None:
        nonlocal indents
        if paragraph:
            lines.extend(wrapped(" ".join(paragraph), style, *indents))
            paragraph.clear()
        indents = ("", "")

    for line in source.split("\n"):
        if FENCE.match(line):
            end_paragraph()
            fenced = not fenced
        elif fenced:
            lines.extend(gutter(line, style, "    "))
        elif heading := HEADING.match(line):
            end_paragraph()
            text = heading.group(2)
            lines.append(style.bold(text))
            if len(heading.group(1)) <= 2:
                lines.append(style.bold(("=" if len(heading.group(1)) == 1 else "-") * visible_width(text)))
        elif item := ITEM.match(line):
            end_paragraph()
            mark = f"{item.group(1)}{item.group(2)} "
            indents = (mark, " " * len(mark))
            paragraph.append(item.group(3))
        elif not line.strip():
            end_paragraph()
            lines.append("")
        elif line.lstrip().startswith(("|", ">")) or (line.startswith("    ") and not paragraph):
            end_paragraph()
            lines.append(line.rstrip())
        else:
            paragraph.append(line.strip())
    end_paragraph()
    return lines


def code_lines(source: str, number: int, style: Style) -> list[str]:
    """A code cell behind its `In [n]:` prompt."""
    if style.colour:
        # Only a terminal with colours needs Pygments.
        from pygments import highlight
        from pygments.formatters import TerminalFormatter
        from pygments.lexers import PythonLexer

        source = highlight(source, PythonLexer(stripnl=False), TerminalFormatter())
    prompt = f"In [{number}]: "
    rest = style.green("...: ".rjust(len(prompt)))
    return gutter(source.rstrip("\n"), style, style.green(prompt), rest)


def data_text(data: dict[str, Any]) -> str:
    """The text of a MIME bundle; of one without any, what it holds instead."""
    if "text/plain" in data:
        text = data["text/plain"]
        return text if isinstance(text, str) else "".join(text)
    return f"<{', '.join(sorted(data))}>" if data else "<nothing>"
