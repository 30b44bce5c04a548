"""Programs of tests/kernel/protection_cases in a plain interpreter, which may be another one.

Run as a program, it prints how they end:

python3 twins_support.py        # with PYTHONPATH leading to the build tree
"""

import ast
import importlib.util
import json
import linecache
import sys
import textwrap
from pathlib import Path

CASES = Path(__file__).parents[2] / "kernel" / "protection_cases"
# What they import that an interpreter may not have, and by which words that is seen.
OPTIONAL = {
    "numpy": ("numpy", "np."),
    "pandas": ("pandas", "pd."),
    "matplotlib": ("matplotlib",),
    "networkx": ("networkx",),
    "sqlite3": ("sqlite3",),
}
MISSING = [
    *("IPython",),  # a shell, not a package
    *(word for name, words in OPTIONAL.items() if importlib.util.find_spec(name) is None for word in words),
]


def read(file: Path) -> list[tuple[str, str, str]]:
    """(name, text that sets it up, text that defines it) of the programs in a file that need nothing that is not here.

    What a decorator says that a program needs is something installed, too.
    """
    source = file.read_text()
    found = []
    for node in ast.parse(source).body:
        if (
            isinstance(node, ast.FunctionDef)
            and not node.decorator_list
            and not any(word in ast.get_source_segment(source, node) for word in MISSING)
        ):
            setup = textwrap.dedent(ast.get_docstring(node, clean=False)).strip("\n")
            node.body = node.body[1:]
            found.append((node.name, setup, ast.unparse(node)))
    return found


def define(text: str, name: str, namespace: dict) -> None:
    """Run `text` as a cell of that name: with a source that can be found."""
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    exec(compile(text, name, "exec"), namespace)


def _discard(function) -> None:
    function()


def run(kind: str, expected: str) -> dict[str, str]:
    """name -> how it ended, of a folder's programs that did not end as expected; and "programs": how many there are."""
    import parallel

    ended: dict = {"programs": 0}
    namespace = vars(sys.modules["__main__"])
    for name, setup, definition in (case for file in sorted((CASES / kind).glob("*.py")) for case in read(file)):
        ended["programs"] += 1
        before = set(namespace)
        end = "done"
        try:
            define(setup, f"<cell {name} setup>", namespace)
            define(definition, f"<cell {name}>", namespace)
            parallel.submit_work(_discard, namespace[name]).result()
        except parallel.UnprotectedError:
            end = "refused"
        except BaseException as error:
            end = f"{type(error).__name__}: {error}"
        if end != expected:
            ended[name] = end
        for new in set(namespace) - before:
            del namespace[new]
    return ended


if __name__ == "__main__":
    import parallel

    parallel.configure(protection="strict", progress=False)
    outcome = {
        "by": parallel.protection.status()["by"],
        "obstacle": parallel.protection.status()["obstacle"],
        "violations": run("violations", "refused"),
        "benign": run("benign", "done"),
    }
    print(json.dumps(outcome))
