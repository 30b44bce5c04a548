"""What the pages of the project name is there: files, sections, make targets. tests/kernel runs their examples."""

import re
from pathlib import Path

from documents import pages

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = {str(page.relative_to(ROOT)): page for page in pages(ROOT)}

_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
# A folder of the root and what is in it. Not the end of a longer path, of a URL, or what a variable is set to.
_FOLDERS = "|".join(re.escape(path.name) for path in ROOT.iterdir() if path.is_dir() and path.name != "build")
_PATH = re.compile(rf"(?<![\w./~-])((?:{_FOLDERS})/[\w./*-]*)")


def prose(page: Path) -> str:
    return _BLOCK.sub("", page.read_text())


def commands(page: Path) -> str:
    """What of a page is meant for a terminal: blocks of sh, and what stands between backquotes in a line."""
    blocks = [block["code"] for block in _BLOCK.finditer(page.read_text()) if block["language"] == "sh"]
    return "\n".join(blocks + re.findall(r"`[^`\n]+`", prose(page)))


def sections(page: Path) -> set[str]:
    """What links to a page's sections end with: GitHub makes that of the headings."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_somewhere(page: Path, link: str) -> bool:
    if link.startswith("https://"):
        return True
    name, _, section = link.partition("#")
    target = page.parent / name if name else page
    return target.exists() and (not section or section in sections(target))


def exists(page: Path, name: str) -> bool:
    """From the root or from the folder of the page. What is a header and a source may be named without an ending."""
    return any([*base.glob(name), *base.glob(name + ".*")] for base in (ROOT, page.parent))


def test_there_are_pages():
    assert {"README.md", "docs/guide.md", "runtime/python/clone/README.md"} <= set(PAGES)
    assert not [name for name in PAGES if name.startswith("build/")]


def test_links_lead_somewhere():
    links = [(name, link) for name, page in PAGES.items() for link in re.findall(r"\]\(([^)\s]+)\)", prose(page))]
    assert len(links) > 20
    assert not [(name, link) for name, link in links if not leads_somewhere(PAGES[name], link)]


def test_files_that_are_named_exist():
    named = [(name, path.rstrip("/.")) for name, page in PAGES.items() for path in _PATH.findall(page.read_text())]
    assert len(named) > 20
    assert not [(name, path) for name, path in named if not exists(PAGES[name], path)]


def test_make_has_the_targets_that_are_named():
    (targets,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = [
        (name, target)
        for name, page in PAGES.items()
        for target in re.findall(r"\bmake ([a-z][a-z-]*)", commands(page))
    ]
    assert len(named) > 20
    assert not [(name, target) for name, target in named if target not in targets.split()]


def test_blocks_are_of_a_language_that_somebody_looks_at():
    """A block of Python that begins in another way, say with py or after blanks, would be run by nothing."""
    for name, page in PAGES.items():
        fences = re.findall(r"^.*(?:```|~~~).*$", page.read_text(), re.MULTILINE)
        assert set(fences[::2]) <= {"```python", "```text", "```sh", "```json"}, name
        assert set(fences[1::2]) <= {"```"}, name
