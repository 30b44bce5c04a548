"""The programs of protection_cases where the interpreter is not patched: source twins see the changes that user code makes."""

import pytest

from support import Kernel
from test_protection import batches, run_cases


@pytest.fixture
def twins(kernel: Kernel):
    """A kernel that does without patches."""
    kernel.ok("from parallel.protection import _state as _protection\n_protection._force_twins(True)")
    yield kernel
    kernel.ok("from parallel.protection import _state as _protection\n_protection._force_twins(False)")


@pytest.mark.deadline(120)
@pytest.mark.parametrize("cases", batches("violations.py", "more_violations.py"))
def test_changes_that_user_code_makes_are_refused(twins: Kernel, cases):
    ended = run_cases(twins, cases)
    print({name: end for name, end in ended.items() if end[0] != "refused" or not end[2]})
    assert {name: end for name, end in ended.items() if end[0] != "refused" or not end[2]} == {}


@pytest.mark.deadline(120)
@pytest.mark.parametrize("cases", batches("benign.py", "more_benign.py"))
def test_what_changes_nothing_of_the_notebook_runs(twins: Kernel, cases):
    assert {name: end for name, end in run_cases(twins, cases).items() if end[0] != "done"} == {}
