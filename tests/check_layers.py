#!/usr/bin/python3
"""Fails when a source breaks the layering: the folder order of runtime/README.md is also the include order.

It reads the #include lines of runtime/ and kernel/ as text, without a compiler, so includes under a false #if count
too. tests/ and benchmarks/ stand above every layer and may include anything; only the width of their lines is judged.
The Python packages have an order as well; an import inside a function counts like one at the top of a file.
Run by tests/tools/test_check_layers.py, or by hand: tests/check_layers.py [ROOT]
"""

import ast
import os
import re
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

# A file may include its own layer and lower levels. Layers of one level do not know each other.
LEVELS = (
    ("runtime/base",),
    ("runtime/memory",),
    ("runtime/sync",),
    ("runtime/process",),
    ("runtime/schedule",),
    ("runtime/python/glue",),
    ("runtime/python/clone", "runtime/python/guard"),
    ("runtime/python/module",),
    ("kernel",),
)
LEVEL_OF = {layer: level for level, layers in enumerate(LEVELS) for layer in layers}

# The kernel reaches the runtime through its Python layers only.
HIDDEN_FROM_KERNEL = ("runtime/memory", "runtime/sync")

# Which third-party headers may be included where: (what, header pattern, folders).
RESTRICTED = (
    (
        "the Python API",
        r"Python\.h|(?:internal|cpython)/.*\.h|numpy/.*\.h|structmember\.h",
        ("runtime/python", "kernel"),
    ),
    ("pybind11", r"pybind11(?:_json)?/.*", ("kernel",)),
    ("xeus", r"xeus(?:-\w+)?/.*|xtl/.*", ("kernel",)),
    ("ZeroMQ", r"zmq(?:_addon)?\.hp?p?", ("kernel",)),
    ("nlohmann/json", r"nlohmann/.*", ("kernel",)),
)

# Macros that only one file may ask: what differs between versions of a library stands there.
ASKED_IN = {"PY_VERSION_HEX": "runtime/python/glue/compat.hpp", "XEUS_VERSION_MAJOR": "kernel/xeus_compat.hpp"}

# The Python packages by their folders, lower ones first. A package may import itself and lower ones.
PACKAGES = {"runtime/python/parallel": "parallel", "kernel/python/xparallel_kernel": "xparallel_kernel"}

SUFFIXES = (".cpp", ".hpp")
MOST_LINES = 900

# clang-format wraps code, but no long string and no URL in a comment.
MOST_COLUMNS = 120

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


class Violation(NamedTuple):
    rule: str
    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.message}"


class Include(NamedTuple):
    line: int
    quoted: bool
    header: str


def source_files(root: Path, tops: tuple[str, ...] = ("runtime", "kernel")) -> list[Path]:
    """The C++ files of the folders `tops`, by default those with layers, as paths relative to `root`."""
    found = (path for top in tops for path in (root / top).rglob("*") if path.suffix in SUFFIXES)
    return sorted(path.relative_to(root) for path in found)


def read_includes(text: str) -> list[Include]:
    # Comments are blanked, not removed, so that line numbers stay right.
    text = BLOCK_COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment.group()), text)
    return [
        Include(text.count("\n", 0, match.start()) + 1, match.group(1) == '"', match.group(2))
        for match in INCLUDE.finditer(text)
    ]


def layer_of(path: str) -> str | None:
    """The layer whose folder holds `path`, or None."""
    return next((layer for layer in LEVEL_OF if path.startswith(layer + "/")), None)


def check_direction(file: str, include: Include) -> Iterator[tuple[str, str]]:
    layer, target = layer_of(file), layer_of(include.header)
    if layer is None or target is None or target == layer:
        return
    if LEVEL_OF[target] > LEVEL_OF[layer]:
        yield "upward", f"{layer} must not include {include.header}, which is above it"
    elif LEVEL_OF[target] == LEVEL_OF[layer]:
        yield "sideways", f"{layer} must not include {include.header}, which is beside it"
    elif layer == "kernel" and target in HIDDEN_FROM_KERNEL:
        yield "hidden", f"kernel reaches {target} only through runtime/python"


def check_restricted(file: str, include: Include) -> Iterator[tuple[str, str]]:
    for what, pattern, folders in RESTRICTED:
        if re.fullmatch(pattern, include.header) and not file.startswith(tuple(folder + "/" for folder in folders)):
            yield "restricted", f"{what} ({include.header}) belongs to {' and '.join(folders)} only"


def check_from_root(root: Path, file: str, include: Include) -> Iterator[tuple[str, str]]:
    # A path from the including file's folder would hide from the other rules which layer it names.
    beside = (root / file).parent / include.header
    if include.quoted and beside.is_file() and not (root / include.header).is_file():
        yield "from-root", f'write "{os.path.relpath(beside, root)}", not "{include.header}"'


def check_own_header_first(root: Path, file: str, includes: list[Include]) -> Iterator[tuple[int, str]]:
    own = str(Path(file).with_suffix(".hpp"))
    if not file.endswith(".cpp") or not (root / own).is_file():
        return
    if not includes or includes[0].header != own:
        yield includes[0].line if includes else 1, f'the first include must be "{own}"'


def check_versions(file: str, text: str) -> Iterator[Violation]:
    for macro, home in ASKED_IN.items():
        if macro in text and file != home:
            line = text[: text.index(macro)].count("\n") + 1
            yield Violation("version", file, line, f"only {home} asks for {macro}")


def check_width(file: str, text: str) -> Iterator[Violation]:
    # Characters, not bytes: what an editor shows.
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > MOST_COLUMNS:
            yield Violation("too-wide", file, number, f"{len(line)} characters; {MOST_COLUMNS} is the most")


def imported_packages(text: str) -> Iterator[tuple[int, str]]:
    """The packages named by the import statements of a Python source, with their lines."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]


def check_imports(root: Path) -> Iterator[Violation]:
    """The violations of the order of the Python packages."""
    order = list(PACKAGES.values())
    for folder, package in PACKAGES.items():
        above = order[order.index(package) + 1 :]
        for path in sorted((root / folder).rglob("*.py")):
            for line, imported in imported_packages(path.read_text(encoding="utf-8")):
                if imported in above:
                    message = f"{package} must not import {imported}, which is above it"
                    yield Violation("upward-import", str(path.relative_to(root)), line, message)


def check_tree(root: Path) -> Iterator[Violation]:
    """All violations of the tree at `root`, in the order of its files."""
    root = Path(root)
    for path in source_files(root):
        file = str(path)
        text = (root / path).read_text(encoding="utf-8")
        yield from check_width(file, text)
        yield from check_versions(file, text)
        includes = read_includes(text)
        if layer_of(file) is None:
            yield Violation("unknown-layer", file, 1, "its folder is not in the order of check_layers.py")
            continue
        for include in includes:
            findings = chain(
                check_direction(file, include), check_restricted(file, include), check_from_root(root, file, include)
            )
            for rule, message in findings:
                yield Violation(rule, file, include.line, message)
        for line, message in check_own_header_first(root, file, includes):
            yield Violation("own-header", file, line, message)
        lines = text.count("\n")
        if lines > MOST_LINES:
            yield Violation("too-long", file, lines, f"{lines} lines; split it, {MOST_LINES} is the most")
    for path in source_files(root, ("tests", "benchmarks")):
        yield from check_width(str(path), (root / path).read_text(encoding="utf-8"))
    yield from check_imports(root)


def main(arguments: list[str]) -> int:
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    files = source_files(root)
    if not files:
        print(f"{root}: no C++ source in runtime/ or kernel/", file=sys.stderr)
        return 2
    violations = list(check_tree(root))
    for violation in violations:
        print(violation)
    print(f"{len(files)} files, {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
