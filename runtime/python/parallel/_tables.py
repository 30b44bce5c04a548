"""Rows of facts as a table of text: what the magics return. The functions at the end say what is shown how."""

from __future__ import annotations

import datetime
from typing import Any, Callable, Iterator

_WIDTH = 80
_NARROWEST = 5  # to which a text is cut
_MOST_LINES = 60  # of one table; the rows themselves are all there


class Table:
    """Rows with a title, as a list of dicts: indexing, iteration and `pandas.DataFrame(table)` give the rows.

    Attributes: `rows`, a list of dicts.
    """

    def __init__(self, rows: list[dict[str, Any]], title: str, columns: list[tuple[str, Callable]], empty: str = ""):
        self.rows = rows
        self._title = title
        self._columns = columns
        self._empty = empty

    def to_dict(self) -> list[dict[str, Any]]:
        """The rows."""
        return list(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __getitem__(self, index):
        return self.rows[index]

    def __repr__(self) -> str:
        if not self.rows:
            return self._empty
        lines = _grid([[text(row) for _, text in self._columns] for row in self.rows[:_MOST_LINES]],
                      [header for header, _ in self._columns])  # fmt: skip
        if len(self.rows) > _MOST_LINES:
            lines.append(f"… {len(self.rows) - _MOST_LINES:,} more rows")
        return "\n".join([self._title, *lines])


class HeapDetails(Table):
    """One heap in detail; its one row is what `parallel.heap(id)` returns."""

    def __repr__(self) -> str:
        (facts,) = self.rows
        name = "" if facts["name"] is None else " " + _text(facts["name"])
        lines = [f"heap {facts['id']} ({facts['kind']}{name}, {facts['state']})"]
        lines.append(f"  {_bytes(facts['live_bytes'])} live in {facts['live_blocks']:,} blocks, "
                     f"{_bytes(facts['reserved_bytes'])} taken from the system")  # fmt: skip
        if "types" in facts:
            lines.append(f"  peak {_bytes(facts['peak_bytes'])}, limit {_bytes(facts['limit_bytes'])}, "
                         f"arrays {_bytes(facts['buffers'])}")  # fmt: skip
            counted = "" if facts["types_complete"] else " (of those that there was time to look at)"
            lines += ["", f"most bytes by type{counted}"] + _grid(
                [[name or "(no object)", f"{blocks:,}", _bytes(size)] for name, blocks, size in facts["types"][:10]],
                ["type", "blocks", "bytes"],
            )
            lines += ["", "size classes"] + _grid(
                [[f"{size:,}", f"{live:,}", f"{ever:,}"] for size, live, ever in facts["classes"] if live][:20],
                ["block", "live", "ever"],
            )
            lines += ["", "pages, from end to end (▁ empty, █ full)", *_page_map(facts["pages"])]
        return "\n".join(lines)


def _page_map(cells: list[float]) -> list[str]:
    marks = "".join("▁▂▃▄▅▆▇█"[min(7, int(share * 8))] for share in cells)
    return ["  " + marks[at : at + 64] for at in range(0, len(marks), 64)]


def _grid(rows: list[list[str]], headers: list[str]) -> list[str]:
    """Columns that fit: numbers to the right, the widest texts cut until the line is no longer than it may be."""
    if not rows:
        return ["none"]
    widths = [max(map(len, column)) for column in zip(headers, *rows)]
    right = [all(not cell or cell[0].isdigit() or cell == "–" for cell in column) for column in zip(*rows)]
    texts = [at for at, is_number in enumerate(right) if not is_number]
    while sum(widths) + 2 * (len(widths) - 1) > _WIDTH:
        widest = max(texts, key=widths.__getitem__, default=None)
        if widest is None or widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1

    def line(cells: list[str]) -> str:
        fitted = (cell if len(cell) <= width else cell[: width - 1] + "…" for cell, width in zip(cells, widths))
        padded = (
            cell.rjust(width) if to_right else cell.ljust(width) for cell, width, to_right in zip(fitted, widths, right)
        )
        return "  ".join(padded).rstrip()

    return [line(headers), *map(line, rows)]


def _text(value) -> str:
    return "–" if value is None else "".join(c if c.isprintable() else " " for c in str(value))


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _bytes(count: int | None) -> str:
    if count is None:
        return "–"
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value * 1e3:.1f} ms" if value < 1 else f"{value:,.1f} s"


def _of(key: str, form: Callable[[Any], str] = _text) -> Callable[[dict], str]:
    return lambda row: form(row[key])


def _lived(row: dict) -> str:
    end = row["ended"] or datetime.datetime.now().timestamp()
    return _seconds(None if row["started"] is None else max(0.0, end - row["started"]))


_CONTEXTS = [("id", _of("id")), ("cell", _of("cell")), ("state", _of("state")), ("work", _of("work")), ("time", _lived),
             ("pushes", _of("pushes", _count)), ("cpu", _of("cpu", _seconds)), ("copied", _of("copied", _bytes)),
             ("live", _of("heap_live", _bytes)), ("peak", _of("heap_peak", _bytes))]  # fmt: skip
_WORKS = [("id", _of("id")), ("name", _of("name")), ("state", _of("state")), ("cell", _of("cell")),
          ("context", _of("context", _count)), ("time", _of("elapsed", _seconds)),
          ("error", lambda row: row["error"] or "")]  # fmt: skip
_XLISTS = [("id", _of("id")), ("name", _of("name")), ("items", _of("items", _count)), ("pushed", _of("pushed", _count)),
           ("popped", _of("popped", _count)), ("bytes", _of("bytes", _bytes)), ("reserved", _of("reserved", _bytes)),
           ("closed", lambda row: "yes" if row["closed"] else "no"), ("views", _of("views", _count))]  # fmt: skip
_HEAPS = [("id", _of("id")), ("kind", _of("kind")), ("name", _of("name")), ("state", _of("state")),
          ("live", _of("live_bytes", _bytes)), ("blocks", _of("live_blocks", _count)),
          ("reserved", _of("reserved_bytes", _bytes)), ("peak", lambda row: _bytes(row.get("peak_bytes")))]  # fmt: skip


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def contexts_view(rows: list[dict]) -> Table:
    """Contexts: `parallel.contexts()` as dicts."""
    return Table(rows, _number(len(rows), "context"), _CONTEXTS, "No contexts: nothing has run yet.")


def heaps_view(rows: list[dict]) -> Table:
    """Heaps: `parallel.heaps()`."""
    return Table(rows, _number(len(rows), "heap"), _HEAPS, "No heaps: no xlist has been made and nothing has run yet.")


def heap_view(facts: dict) -> Table:
    """One heap: `parallel.heap(id)`."""
    return HeapDetails([facts], facts["id"], [])


def xlists_view(rows: list[dict]) -> Table:
    """Xlists: `parallel.xlists()`."""
    return Table(rows, _number(len(rows), "xlist"), _XLISTS, "No xlists: xlist() makes one.")


def works_view(rows: list[dict], total: int) -> Table:
    """Works: `parallel.works()`, and how many there are or were."""
    all_works = _number(total, "work")
    title = all_works if total <= len(rows) else f"{len(rows):,} of {all_works}"
    return Table(rows, title, _WORKS, "No works: submit_work(f) makes one.")
