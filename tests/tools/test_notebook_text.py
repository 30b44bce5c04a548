"""Text for terminals: widths, colours, cursor movements, Markdown."""

import pytest

import notebook_text as text
from notebook_text import Style

PLAIN, COLOUR = Style(width=30), Style(width=30, colour=True)


@pytest.mark.parametrize(
    "given, width",
    [("abc", 3), ("\x1b[31mabc\x1b[0m", 3), ("日本", 4), ("e\u0301", 1), ("a\u200bb", 2), ("", 0)],
)
def test_visible_width(given, width):
    assert text.visible_width(given) == width


@pytest.mark.parametrize(
    "given, plain",
    [
        ("10%\r50%\r100%\n", "100%\n"),
        ("done\r", "done"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2Ktitle\x1b]0;window\x07", "title"),
        ("bell\x07\x00", "bell"),
        ("tab\tkept", "tab\tkept"),
    ],
)
def test_clean(given, plain):
    assert text.clean(given, PLAIN) == plain


def test_clean_keeps_colours_for_a_terminal():
    assert text.clean("\x1b[31mred\x1b[0m\x1b[2K", COLOUR) == "\x1b[31mred\x1b[0m"


def test_fold():
    assert text.fold("abcdefg", 3) == ["abc", "def", "g"]
    assert text.fold("", 3) == [""]
    assert text.fold("日本語", 4) == ["日本", "語"]
    assert text.fold("日", 1) == ["日"]  # wider than the line: alone rather than lost


def test_fold_takes_a_colour_along():
    assert text.fold("\x1b[31mabcd\x1b[39;00mef", 3) == ["\x1b[31mabc\x1b[0m", "\x1b[31md\x1b[39;00mef"]


def test_gutter():
    assert text.gutter("ab\n\ncd", PLAIN, "> ", ". ") == ["> ab", ".", ". cd"]
    assert text.gutter("x" * 45, PLAIN, "Out: ") == ["Out: " + "x" * 25, "     " + "x" * 20]


def test_code():
    assert text.code_lines("a = 1\n\nb = 2\n", 12, PLAIN) == ["In [12]: a = 1", "    ...:", "    ...: b = 2"]


def test_code_with_colours_says_the_same():
    source = "def f(x):\n    return 'a' + x  # why"
    plain = [text.SGR.sub("", line).rstrip() for line in text.code_lines(source, 1, COLOUR)]
    assert plain == text.code_lines(source, 1, PLAIN)


def test_markdown():
    source = (
        "# Title\n\nA paragraph of two lines\nthat is filled again.\n\n## Part\n- an item that needs two lines\n"
        "- another\n  that goes on\n\n1. first\n\n```python\nx  =  1\n```\n| a | b |\n|---|---|\n> said\n\n### Small"
    )
    assert text.markdown_lines(source, PLAIN) == [
        "Title",
        "=====",
        "",
        "A paragraph of two lines that",
        "is filled again.",
        "",
        "Part",
        "----",
        "- an item that needs two lines",
        "- another that goes on",
        "",
        "1. first",
        "",
        "    x  =  1",
        "| a | b |",
        "|---|---|",
        "> said",
        "",
        "Small",
    ]


def test_markdown_emphasis():
    assert text.markdown_lines("some **bold** text", COLOUR) == ["some \x1b[1mbold\x1b[0m text"]
    assert text.markdown_lines("some **bold** text", PLAIN) == ["some **bold** text"]


def test_data_text():
    assert text.data_text({"text/plain": ["a", "b"], "text/html": "c"}) == "ab"
    assert text.data_text({}) == "<nothing>"
