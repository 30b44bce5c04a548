"""The examples of every page run, in their order, in one session a page, and end as the page says.

Every block of Python is an example. An excerpt that cannot run has `<!-- not run: why -->` on the line before, which
readers do not see.
"""

import re

import pytest

from documents import pages
from support import ROOT, Kernel

pytestmark = pytest.mark.packages

PAGES = [page for page in pages(ROOT) if "```python\n" in page.read_text()]
_EXAMPLE = re.compile(
    r"(?P<not_run><!-- not run: [^\n]+ -->\n)?```python\n(?P<code>.*?)```\n(?:\n```text\n(?P<shown>.*?)```\n)?",
    re.DOTALL,
)


def words(text: str) -> list[str]:
    """What of an output is the same at every run: words that are neither numbers nor cut nor units.

    Lines with a bar are the ranking of what a heap happens to hold.
    """
    text = "\n".join(line for line in text.splitlines() if "█" not in line)
    found = re.findall(r"(?<![\w.])[A-Za-z_%]{3,}(?![\w…])", text)
    return [word for word in found if word not in ("ms", "running")]


def latest(cell, shown) -> dict:
    """What a display holds in the end."""
    data, transient = shown.content["data"], shown.content.get("transient")
    for update in cell.of("update_display_data"):
        if update.content["transient"] == transient:
            data = update.content["data"]
    return data


def test_there_are_pages():
    assert {"README.md", "docs/magics.md"} <= {str(page.relative_to(ROOT)) for page in PAGES}


def test_the_tests_that_the_guide_names_exist():
    tests = {path.stem: path.read_text() for path in (ROOT / "tests/kernel").glob("test_*.py")}
    names = set(re.findall(r"`(test_\w+)`", (ROOT / "docs/guide.md").read_text()))
    assert len(names) > 10
    functions = {name for text in tests.values() for name in re.findall(r"def (test_\w+)\(", text)}
    assert not names - set(tests) - functions


@pytest.mark.deadline(120)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_do_what_the_page_shows(own_kernel: Kernel, page):
    examples = list(_EXAMPLE.finditer(page.read_text()))
    assert examples
    for example in examples:
        if example["not_run"]:
            continue
        code, shown = example["code"], example["shown"] or ""
        cell = own_kernel.run(code)
        output = cell.text() + cell.text("stderr") + "".join(
            latest(cell, message)["text/plain"] for message in cell.of("execute_result", "display_data")
        ) + "".join("\n".join(message.content["traceback"]) for message in cell.of("error"))  # fmt: skip
        assert (cell.reply["status"] == "error") == ("Traceback (most recent call last)" in shown), code
        missing = set(words(shown)) - set(words(re.sub(r"\x1b\[[0-9;]*m", "", output)))
        assert not missing, f"{code}\nlacks {sorted(missing)}:\n{output}"
        assert bool(output) == bool(shown), code
