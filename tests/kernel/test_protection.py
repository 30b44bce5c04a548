"""Protection as a user meets it: programs that change objects of the notebook in works, and programs that do not.

The programs are in protection_cases/; many run in one kernel, each as two cells.
"""

import ast
import pkgutil
import textwrap
import types
from collections import defaultdict
from pathlib import Path

import pytest
from pandas._libs import algos

import pythons
from support import Kernel, plain

pytestmark = pytest.mark.packages

CASES = Path(__file__).with_name("protection_cases")
AT_ONCE = 40  # programs in one kernel

# Runs a case as a work. `looks` is what the user's objects look like from within the context, before and after: what a
# refused change has half done would show.
HARNESS = """
import parallel as _parallel

# Warnings note in the globals of the code that they are about that they have been shown;
# pandas 3 warns of inplace=True.
_kept = set(globals()) | {"_kept", "_look", "_run_case", "_forget", "__warningregistry__"}

def _look(value, seen, depth=0):
    import array, collections, numpy
    kind = type(value)
    if id(value) in seen or depth > 6:
        return kind.__name__
    seen.add(id(value))
    if isinstance(value, (numpy.ndarray, array.array, memoryview)):
        return kind.__name__, value.tolist() if memoryview(value).nbytes < 10000 else hash(bytes(value))
    if isinstance(value, dict):
        return kind.__name__, [(repr(key), _look(item, seen, depth + 1)) for key, item in dict.items(value)]
    if isinstance(value, (list, tuple, collections.deque)):
        return kind.__name__, [_look(item, seen, depth + 1) for item in value]
    if isinstance(value, (set, frozenset)):
        return kind.__name__, sorted(map(repr, value))
    if isinstance(value, (bool, int, float, complex, str, bytes, bytearray, type(None))):
        return repr(value)
    if kind.__module__.startswith("pandas"):
        return value.to_string() if hasattr(value, "to_string") else repr(value)
    if hasattr(value, "getvalue"):
        return value.getvalue()
    if hasattr(value, "hexdigest"):
        return value.hexdigest()
    if kind.__mro__[-2].__name__ == "_CData":
        return kind.__name__, bytes(value)
    looks = [kind.__name__]
    if isinstance(getattr(value, "__dict__", None), dict) and kind.__module__.split(".")[0] in ("__main__", "sklearn"):
        looks += [(name, _look(item, seen, depth + 1)) for name, item in value.__dict__.items()]
    for name in getattr(kind, "__slots__", ()) if kind.__module__ == "__main__" else ():
        looks.append((name, _look(getattr(value, name, None), seen, depth + 1)))
    return looks

def _run_case(name):
    def work():
        def looks():
            return repr([(key, _look(value, set())) for key, value in globals().items() if key not in _kept])
        before = looks() if name.startswith("v_") else None
        try:
            globals()[name]()
        except _parallel.UnprotectedError as error:
            return "refused", str(error), before == looks(), error.__traceback__.tb_next.tb_frame.f_code.co_name
        return "done", "", True, None
    try:
        return list(_parallel.submit_work(work).result())
    except BaseException as error:
        return ["failed", f"{type(error).__name__}: {error}{error.__cause__ or ''}", True, None]

def _forget():
    for name in set(globals()) - _kept:
        del globals()[name]
"""


def is_missing(name: str) -> bool:
    """Whether the installed packages lack `name`, of a module or of something in one."""
    try:
        found = pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return True
    return isinstance(found, types.GetSetDescriptorType)  # numpy's way to say what is to be called instead


def read_cases(file: Path) -> dict[str, list[tuple[str, str, str]]]:
    """(name, cell that sets it up, cell that defines it) of the programs in a file, by what they need and lack."""
    found = defaultdict(list)
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            needed = [argument.value for decorator in node.decorator_list for argument in decorator.args]
            setup = textwrap.dedent(ast.get_docstring(node, clean=False))
            node.body, node.decorator_list = node.body[1:], []
            found[", ".join(filter(is_missing, needed))].append((node.name, setup.strip("\n"), ast.unparse(node)))
    assert found
    return found


def batches(kind: str) -> list:
    """Cases of a folder in groups that fit into one kernel each, with names for pytest.

    Those that lack something are skipped.
    """
    cases = defaultdict(list)
    for file in sorted((CASES / kind).glob("*.py")):
        for missing, found in read_cases(file).items():
            cases[missing] += found
    found = []
    for missing, those in cases.items():
        marks = pytest.mark.skip(reason=f"{missing} is not there") if missing else ()
        for at in range(0, len(those), AT_ONCE):
            part = those[at : at + AT_ONCE]
            found.append(pytest.param(part, id=f"{part[0][0]}..{part[-1][0]}", marks=marks))
    return found


def run_cases(kernel: Kernel, cases) -> dict[str, list]:
    """name -> [refused, done or failed; message; whether nothing had changed; function of the line]."""
    kernel.ok(HARNESS)
    ended = {}
    for name, setup, definition in cases:
        kernel.ok("_forget()", silent=True)
        kernel.ok(setup)
        kernel.ok(definition)
        ended[name] = ast.literal_eval(kernel.value(f"_run_case({name!r})"))
    return ended


# Where nothing else refers to an array, pandas 3.1 fills the context's copy of it by a function of Cython, and stores
# what it has made in the table after that, which is refused. With a pandas that has no such function it is held to all.
HALF_DONE = {"v_pd_fillna_inplace"} if hasattr(algos, "scalar_fillna_2d_inplace") else set()


@pythons.needs_patches
@pytest.mark.deadline(120)
@pytest.mark.parametrize("cases", batches("violations"))
def test_changes_of_the_notebooks_objects_are_refused(kernel: Kernel, cases):
    ended = run_cases(kernel, cases)
    wrong = {name: end for name, end in ended.items() if end[0] != "refused" or not (end[2] or name in HALF_DONE)}
    assert not wrong, str(wrong)  # pytest cuts everything else short
    assert all("cannot be" in message and "main thread" in message for _, message, _, _ in ended.values())


@pytest.mark.deadline(120)
@pytest.mark.parametrize("cases", batches("benign"))
def test_what_changes_nothing_of_the_notebook_runs(kernel: Kernel, cases):
    wrong = {name: end for name, end in run_cases(kernel, cases).items() if end[0] != "done"}
    assert not wrong, str(wrong)


def test_the_error_names_object_cell_and_line(kernel: Kernel):
    kernel.ok("import parallel\nresults = []")
    cell = kernel.run(
        "def work(n):\n    square = n * n\n    results.append(square)  # here\n"
        "parallel.submit_work(work, 3)\nparallel.run()"
    )
    assert cell.reply["ename"] == "UnprotectedError"
    assert cell.reply["evalue"].startswith("list 'results' of the notebook cannot be changed in a context (append())")
    assert "results.append(square)  # here" in plain("\n".join(cell.reply["traceback"]))
    assert kernel.value("results") == "[]"


def test_a_module_beside_the_notebook_and_a_script_that_was_run_are_the_users(kernel: Kernel, tmp_path):
    (tmp_path / "beside.py").write_text("log = []\ndef note(x):\n    log.append(x)\n")
    (tmp_path / "script.py").write_text("seen = {}\ndef mark(x):\n    seen[x] = 1\n")
    kernel.ok(
        f"import parallel, sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport beside\n%run {tmp_path / 'script.py'}"
    )
    for call in ("beside.note(1)", "mark(1)"):
        cell = kernel.run(f"parallel.submit_work(lambda: {call}).result()")
        assert cell.reply["ename"] == "UnprotectedError", call


def test_the_warning_of_a_search_appears_under_its_cell(own_kernel: Kernel):
    kernel = own_kernel  # the search takes a few milliseconds, and the shared one has hundreds of names
    kernel.ok("import parallel\nparallel.configure(protection='scan')\nkept = []")
    cell = kernel.ok("parallel.submit_work(lambda: kept.append([1])).result()")
    kernel.wait(lambda: "list 'kept'" in cell.text("stderr"), what="the warning")
    kernel.ok("parallel.configure(protection='strict')")
