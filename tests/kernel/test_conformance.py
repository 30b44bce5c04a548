"""jupyter_kernel_test, the conformance suite of Jupyter. A sample that is not set is a test skipped: all are set."""

import unittest
from typing import ClassVar

import pytest

jupyter_kernel_test = pytest.importorskip("jupyter_kernel_test", reason="Debian testing has no such package")

pytestmark = pytest.mark.packages


class Samples(jupyter_kernel_test.KernelTests):
    __test__ = False  # pytest knows nothing of its sub-tests that are skipped

    kernel_name = "xparallel"
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    completion_samples: ClassVar = [
        {"text": "zi", "matches": {"zip"}},
        {"text": "import fibona", "matches": set()},
        {"text": "parallel.submit_q", "matches": {"submit_queue"}},
    ]
    complete_code_samples: ClassVar = ["1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n", "async.run()"]
    incomplete_code_samples: ClassVar = ["print('''hello", "def f(x):\n  x*2", "for _ in range(3):", "async def f():"]
    invalid_code_samples: ClassVar = ["import = 7q", "x = )", "a b"]
    code_page_something = "zip?"
    code_generate_error = "raise ValueError('x')"
    code_execute_result: ClassVar = [
        {"code": "1+2+3", "result": "6"},
        {"code": "[n*n for n in range(1, 4)]", "result": "[1, 4, 9]"},
        {"code": "'𝄞'", "result": "'𝄞'"},
        {"code": "10**3", "result": "1000"},
    ]
    code_display_data: ClassVar = [
        {"code": "from IPython.display import HTML, display; display(HTML('<b>test</b>'))", "mime": "text/html"},
        {"code": "from IPython.display import Math, display; display(Math('\\\\frac{1}{2}'))", "mime": "text/latex"},
    ]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"


@pytest.mark.deadline(120)
def test_all_of_it_runs_and_passes(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Samples).run(result)
    assert not result.failures + result.errors, "\n".join(text for _, text in result.failures + result.errors)
    assert result.testsRun == 12
    assert result.skipped == []
