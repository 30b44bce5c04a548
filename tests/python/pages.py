"""What tests of views share: a front end that keeps what it is shown, and checks that every page must pass."""

from __future__ import annotations

import html.parser
import re
import time
import xml.etree.ElementTree

from parallel import _host
from parallel._views import text

MOST_BYTES = 50_000
# What a page may be made of; neither scripts nor style sheets, nor anything that is fetched.
TAGS = {"div", "span", "strong", "code", "table", "thead", "tbody", "tr", "th", "td"}
DRAWING_TAGS = {"svg", "title", "g", "rect", "path", "polyline", "circle", "text"}
ATTRIBUTES = {
    "role", "style", "scope", "x", "y", "width", "height", "viewBox", "rx", "cx", "cy", "r", "d", "points", "opacity",
    "fill-opacity", "stroke", "stroke-dasharray", "text-anchor", "aria-label", "aria-valuemin", "aria-valuemax",
    "aria-valuenow", "aria-valuetext",
}  # fmt: skip


class Recorder(_host.Host):
    """A front end whose displays can be updated."""

    def __init__(self):
        self.shown = []
        self.texts = []

    def cell(self):
        return "cell"

    def is_live(self):
        return True

    def display(self, cell, data, metadata, transient, update):
        self.shown.append((cell, data, transient["display_id"], update, time.monotonic()))

    def write(self, cell, stream, text):
        self.texts.append((cell, stream, text))

    def latest(self):
        return self.shown[-1][1]["text/plain"]


class _Html(html.parser.HTMLParser):
    """As browsers read it: every tag must be closed, text is collected."""

    def __init__(self, page: str):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def check_page(page: str) -> xml.etree.ElementTree.Element:
    """A page that is small, safe, well-formed both as XML and as HTML, and says in words what it draws."""
    assert len(page.encode()) < MOST_BYTES, f"{len(page.encode()):,} bytes"
    assert all(c.isprintable() for c in page)
    root = xml.etree.ElementTree.fromstring(page)
    read = _Html(page)
    assert [tag.lower() for tag in read.tags] == [part.tag.lower() for part in root.iter()]
    assert read.text == "".join(root.itertext())
    assert root.tag == "div" and root.get("role") == "group" and root.get("aria-label")
    for part in root.iter():
        assert part.tag in TAGS | DRAWING_TAGS and set(part.attrib) <= ATTRIBUTES, (part.tag, part.attrib)
        assert "url(" not in part.get("style", "") and "expression" not in part.get("style", "")
        if part.tag == "svg":
            assert part.get("role") == "img" and part[0].tag == "title" and part[0].text == part.get("aria-label")
            assert {inner.tag for inner in part.iter()} <= DRAWING_TAGS
        for child in part:  # without its tags the texts of a drawing must not be seen: see svg.drawing
            assert child.tag != "svg" or (part.tag == "span" and part.get("style").startswith("font-size:0px"))
        if part.tag == "text":
            assert re.search(r"font-size:\d+px", part.get("style"))
        if part.tag == "table":
            assert part.get("aria-label")
    return root


def check_text(shown: str) -> str:
    """A text that fits a terminal, and has nothing in it that one obeys."""
    for line in shown.splitlines():
        assert text.width(line) <= 80, f"{text.width(line)} columns: {line}"
    assert all(c.isprintable() or c == "\n" for c in shown)
    return shown


def check_bundle(bundle: dict) -> tuple[str, str]:
    """Both forms; the text, and the text of the page."""
    assert set(bundle) == {"text/plain", "text/html"}
    return check_text(bundle["text/plain"]), words(check_page(bundle["text/html"]))


def words(root) -> str:
    """What a page says outside of titles of drawings, its parts apart from each other."""
    parts = []

    def read(element):
        if element.tag != "title":
            parts.append(element.text or "")
            for child in element:
                read(child)
                parts.append(child.tail or "")

    read(root)
    return " ".join(part for part in parts if part)


def cells(root) -> list[list[str]]:
    """The rows of its tables, heads included."""
    return [[words(cell) for cell in row] for row in root.iter("tr")]
