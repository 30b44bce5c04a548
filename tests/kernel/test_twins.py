"""The programs of protection_cases where the interpreter is not patched: source twins see what user code changes."""

import pytest

import pythons
from support import Kernel
from test_protection import batches, run_cases

pytestmark = pytest.mark.packages

# Not seen: code that the main thread has compiled from a string has no source; and a method that matplotlib has behind
# another, of which nothing tells.
UNSEEN = {"v_exec_def", "v_exec_compiled", "v_figure_ticks"}


@pytest.fixture
def twins(kernel: Kernel):
    """A kernel that does without patches."""
    kernel.ok("from parallel.protection import _state as _protection\n_protection._force_twins(True)")
    yield kernel
    kernel.ok("from parallel.protection import _state as _protection\n_protection._force_twins(False)")


@pytest.mark.deadline(120)
@pytest.mark.parametrize("cases", batches("violations"))
def test_changes_that_user_code_makes_are_refused(twins: Kernel, cases):
    ended = run_cases(twins, cases)
    unseen = {name: end for name, end in ended.items() if end[0] != "refused" or not end[2]}
    assert set(unseen) == UNSEEN & set(ended), str(unseen)
    assert all("main thread" in message for name, (_, message, _, _) in ended.items() if name not in UNSEEN)


@pytest.mark.deadline(120)
@pytest.mark.parametrize("cases", batches("benign"))
def test_what_changes_nothing_of_the_notebook_runs(twins: Kernel, cases):
    wrong = {name: end for name, end in run_cases(twins, cases).items() if end[0] != "done"}
    assert not wrong, str(wrong)


def test_the_magic_says_so_and_names_what_has_no_twin(twins: Kernel):
    twins.ok("exec('def sourceless(): pass')\nimport parallel\nparallel.submit_work(sourceless).result()")
    cell = twins.ok("%protection")
    assert (
        "works are protected by source twins" in cell.text("stdout")
    ) == pythons.HAS_PATCHES  # elsewhere they always are
    assert "runs without checks: __main__.sourceless, as its source is not to be found" in cell.text("stdout")


def test_code_of_timed_cells(twins: Kernel):
    twins.ok("import parallel\nkept, ended = [], []")
    twins.ok("def note(work):\n    ended.append(type(work.exception()).__name__)")
    twins.ok("%%time\ndef f(x):\n    kept.append(x)\nnote(parallel.submit_work(f, 1, errback=print))")
    twins.ok("%time note(parallel.submit_work(lambda: kept.append(1), errback=print))")
    assert twins.value("ended, kept") == "(['UnprotectedError', 'UnprotectedError'], [])"


def test_code_of_parallel_cells(twins: Kernel):
    twins.ok("kept = []")
    cell = twins.run("%%parallel -n 2\nown = [rank]\nown.append(1)\nkept.append(own)")
    assert cell.reply["ename"] == "UnprotectedError"
    assert twins.value("kept") == "[]"


def test_modules_and_scripts_of_the_user(twins: Kernel, tmp_path):
    (tmp_path / "beside_it.py").write_text("log = []\ndef note(x):\n    log.append(x)\n")
    (tmp_path / "script.py").write_text("seen = {}\ndef mark(x):\n    seen[x] = 1\n")
    twins.ok(
        f"import parallel, sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport beside_it\n%run {tmp_path / 'script.py'}"
    )
    for call in ("beside_it.note(1)", "mark(1)"):
        assert twins.run(f"parallel.submit_work(lambda: {call}).result()").reply["ename"] == "UnprotectedError", call
