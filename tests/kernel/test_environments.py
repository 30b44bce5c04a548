"""Virtual environments: cells find what their Python finds, and the kernel finds what it is made of.

What cannot be used is said.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import support
from support import BUILD, EXECUTABLE, Kernel
from test_debugger import CELL, Debugger

sys.path.append(str(BUILD / "python"))
from xparallel_kernel import environment

PYTHON = "/usr/bin/python3"
DEBIAN = Path("/usr/lib/python3/dist-packages")
SITE = f"lib/python{sysconfig.get_python_version()}/site-packages"


def make(folder: Path, *options: str, pip: bool = False) -> Path:
    """A virtual environment of the Python that the kernel embeds."""
    options = options if pip else ("--without-pip", *options)
    subprocess.run([PYTHON, "-m", "venv", *options, folder], check=True, timeout=60)
    return folder


def started(venv) -> Kernel:
    """A kernel whose environment this is, and which has no other packages at hand."""
    return Kernel(env={"PYTHONPATH": "", "VIRTUAL_ENV": str(venv)}, cwd="/")


def said_by_its_python(venv: Path, code: str) -> str:
    done = subprocess.run(
        [venv / "bin/python", "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": ""}
    )
    return done.stdout.strip() or done.stderr


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    return make(tmp_path_factory.mktemp("environments") / "bare")


# Of what the kernel is lent, some versions of IPython and of debugpy need no more, or not yet.
OF_SOME_VERSIONS = {
    *(
        "_pydevd_sys_monitoring",
        "_pydevd_sys_monitoring_cython",
        "backcall",
        "bytecode",
        "decorator",
        "ipython_pygments_lexers",
        "pexpect",
        "pickleshare",
    ),
    *("ptyprocess", "six", "typing_extensions"),
}


# ---- what cells find -------------------------------------------------------------------------------------------------


def test_cells_find_what_the_python_of_the_environment_finds(bare):
    imports = "import sys, importlib.metadata"
    facts = "sys.prefix, sys.executable, [each.name for each in importlib.metadata.distributions()], sys.path"
    with started(bare) as kernel:
        *here, path = eval(kernel.ok(f"{imports}\n{facts}").result)
        path.remove(str(BUILD / "python"))
        assert (*here, path) == eval(said_by_its_python(bare, f"{imports}; print(({facts}))"))
        assert kernel.run("import numpy").error["evalue"] == "No module named 'numpy'"
        work = kernel.run("def find():\n    import numpy\nparallel.submit_work(find).result()")
        assert work.error["ename"] == "ModuleNotFoundError"
        program = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import IPython']).returncode"
        cell = kernel.ok(program)
        assert cell.result == "1" and "No module named 'IPython'" in cell.text("stderr")
        same_version = "import importlib.metadata as m\nm.version('traitlets') == __import__('traitlets').__version__"
        assert kernel.ok(same_version).result == "True"
        kernel.end()


def test_nothing_else_of_debian_is_found(bare):
    names = {entry.name.partition(".")[0] for entry in DEBIAN.iterdir() if entry.suffix in ("", ".py", ".so")}
    names = sorted(
        name for name in names - environment.LENT - {"setuptools", "pip"} if name.isidentifier() and name[:2] != "__"
    )
    assert {"numpy", "pandas", "matplotlib", "mpl_toolkits"} <= set(names)
    with started(bare) as kernel:
        found = kernel.ok(f"import importlib.util\n[name for name in {names} if importlib.util.find_spec(name)]").result
        assert eval(found) == [name for name in names if name in sys.stdlib_module_names]
        kernel.end()


@pytest.mark.deadline(120)
def test_the_kernel_is_lent_what_it_uses_and_nothing_else(bare):
    """Everything a kernel does, in an environment that has nothing; what is loaded from Debian then is the list."""
    with started(bare) as kernel:
        kernel.ok(
            "import sys\n"
            "def loaded():\n    files = {n: getattr(m, '__file__', None) or '' for n, m in list(sys.modules.items())}\n"
            f"    return {{n.partition('.')[0] for n, f in files.items() if f.startswith({str(DEBIAN)!r})}}"
        )
        assert kernel.ask("complete_request", {"code": "import os; os.pat", "cursor_pos": 17}).reply["matches"]
        assert kernel.ask("inspect_request", {"code": "print", "cursor_pos": 3, "detail_level": 1}).reply["found"]
        assert kernel.run("1 / 0").error["ename"] == "ZeroDivisionError"
        assert kernel.run("parallel.submit_work(lambda: 1 / 0).result()").error["ename"] == "ZeroDivisionError"
        assert kernel.ok("!echo hello").text().strip() == "hello"
        kernel.ok("from IPython import embed\n%timeit -n1 -r1 pass")
        debugger = Debugger(kernel)
        debugger.start()
        debugger.break_at(CELL, 2)
        cell = kernel.start(CELL)
        thread = debugger.wait_for_stop(1)
        frame = debugger.body("stackTrace", threadId=thread)["stackFrames"][0]["id"]
        assert debugger.body("richInspectVariables", variableName="a", frameId=frame)["data"]["text/plain"] == "3"
        debugger.body("continue", threadId=thread)
        assert cell.wait().result == "7"
        assert debugger.body("inspectVariables")["variables"]
        debugger.body("disconnect")
        # These two come with libraries that the environment lacks: BLAS, and matplotlib.
        kernel.ok("import importlib.util, threadpoolctl\nassert importlib.util.find_spec('matplotlib_inline')")
        found = eval(kernel.ok("loaded() | parallel.submit_work(loaded).result()").result)
        assert found <= environment.LENT
        assert environment.LENT - found <= {"matplotlib_inline", *OF_SOME_VERSIONS}
        kernel.end()


@pytest.mark.parametrize("own", [{"traitlets"}, {"IPython", "traitlets"}, {"debugpy", "pydevd"}, {"jedi", "six"}])
def test_what_the_environment_has_comes_first(tmp_path, own):
    venv = make(tmp_path / "half")
    own = {
        name for name in own if (DEBIAN / name).exists() or (DEBIAN / f"{name}.py").exists()
    }  # six, pydevd: not all have
    for name in own:
        source = DEBIAN / name
        if source.is_dir():
            shutil.copytree(source, venv / SITE / name)
        else:
            shutil.copy(source.with_suffix(".py"), venv / SITE)
    with started(venv) as kernel:
        for name in own | {"xeus_python_shell", "prompt_toolkit"}:
            file = kernel.ok(f"import {name}\n{name}.__file__").result
            assert str(venv if name in own else DEBIAN) in file
        assert kernel.run("parallel.submit_work(lambda: 1 / 0).result()").error["ename"] == "ZeroDivisionError"
        assert kernel.ask("kernel_info_request").reply["debugger"] is True
        kernel.end()


def test_an_environment_that_shows_the_packages_of_the_system_goes_on_doing_so(tmp_path):
    with started(make(tmp_path / "venv", "--system-site-packages")) as kernel:
        assert str(DEBIAN) in kernel.ok("import numpy\nnumpy.__file__").result
        assert kernel.ok("import sys\nsys.prefix").result == repr(str(tmp_path / "venv"))
        kernel.end()


# As matplotlib has it from 3.9 on: backends are known by the packages that are installed, and the variable is obeyed.
MATPLOTLIB = """\
import importlib.metadata, os
class Parameters(dict):
    def __setitem__(self, name, value):
        if value.startswith("module://matplotlib_inline"):
            importlib.metadata.version("matplotlib_inline")
        super().__setitem__(name, value)
rcParams = Parameters()
rcParams.update(backend="agg")
if os.environ.get("MPLBACKEND"):
    rcParams["backend"] = os.environ["MPLBACKEND"]
"""


@pytest.mark.parametrize("backend", ["", "svg"])
def test_plots_of_cells_are_shown_inline_and_those_of_programs_are_not(tmp_path, backend):
    venv = make(tmp_path / "venv")
    (venv / SITE / "matplotlib.py").write_text(MATPLOTLIB)
    with Kernel(env={"PYTHONPATH": "", "VIRTUAL_ENV": str(venv), "MPLBACKEND": backend}, cwd="/") as kernel:
        shown = "import matplotlib\nmatplotlib.rcParams['backend']"
        expected = backend or "module://matplotlib_inline.backend_inline"
        in_a_work = f"def look():\n    {shown.replace(chr(10), '; return ')}\nparallel.submit_work(look).result()"
        assert kernel.ok(in_a_work).result == repr(expected)
        assert kernel.ok(shown).result == repr(expected)
        program = 'import matplotlib; print(matplotlib.rcParams["backend"])'
        cell = kernel.ok(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {program!r}]);")
        assert (cell.text(), cell.text("stderr")) == (f"{backend or 'agg'}\n", "")
        kernel.end()


def wheel(folder: Path) -> Path:
    """A package as an index has it."""
    path = folder / "only_a_test-1.5-py3-none-any.whl"
    info = "only_a_test-1.5.dist-info"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("only_a_test.py", "here = __file__\n")
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: only-a-test\nVersion: 1.5\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", f"only_a_test.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return path


@pytest.mark.deadline(120)
def test_pip_installs_into_the_environment_for_the_kernel_that_runs(tmp_path):
    venv = make(tmp_path / "venv", pip=True)
    with started(venv) as kernel:
        assert kernel.run("import only_a_test").error["ename"] == "ModuleNotFoundError"
        kernel.ok(f"%pip install --no-index --disable-pip-version-check {wheel(tmp_path)}", 60)
        assert kernel.ok("import only_a_test\nonly_a_test.here").result == repr(str(venv / SITE / "only_a_test.py"))
        assert kernel.ok("import importlib.metadata\nimportlib.metadata.version('only-a-test')").result == "'1.5'"
        assert kernel.ok("parallel.submit_work(lambda: __import__('only_a_test').here).result()").result
        kernel.end()


def test_a_folder_that_the_kernel_shares_with_other_packages_shows_none_of_them(tmp_path, monkeypatch, bare):
    """As /usr/local has it after `make install`."""
    (tmp_path / "bin").mkdir()
    shutil.copy(EXECUTABLE, tmp_path / "bin")
    (tmp_path / "python").mkdir()
    for name in environment.OWN:
        (tmp_path / "python" / name).symlink_to(BUILD / "python" / name)
    (tmp_path / "python/stranger.py").write_text("")
    argv = [str(tmp_path / "bin" / EXECUTABLE.name), "-f", "{connection_file}"]
    monkeypatch.setattr(support.KernelSpecManager, "get_kernel_spec", lambda *_: type("Spec", (), {"argv": argv}))
    with started(bare) as kernel:
        assert kernel.run("import stranger").error["ename"] == "ModuleNotFoundError"
        assert str(tmp_path) in kernel.ok("parallel.submit_work(lambda: parallel.__file__).result()").result
        kernel.end()


# ---- which environments ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--copies", "--symlinks"])
def test_environments_of_the_kernels_python_are_used(tmp_path, option):
    venv = make(tmp_path / "a folder" / "venv", option)
    (venv / SITE / "only_there.py").write_text("here = True\n")
    with started(venv) as kernel:
        cell = kernel.ok("import only_there, sys\nsys.executable")
        assert cell.result == repr(str(venv / "bin/python")) and cell.text("stderr") == "" and kernel.log == ""
        assert said_by_its_python(venv, "import sys; print(sys.prefix)") == str(venv)
        kernel.end()


def no_folder(folder):
    return "there is no such folder"


def a_file(folder):
    folder.write_text("")
    return "there is no such folder"


def no_configuration(folder):
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").symlink_to(PYTHON)
    return "it has no pyvenv.cfg"


def of_conda(folder):
    (folder / "conda-meta").mkdir(parents=True)
    return "it is an environment of conda"


def without_python(folder):
    make(folder)
    for name in ("python", "python3"):
        (folder / "bin" / name).unlink()
    (folder / "bin/python").symlink_to("/gone/python3")
    return "it has no bin/python that can be run"


def of_another_python(folder):
    make(folder)
    other = folder.parent / "python3.99"
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    (folder / "bin/python").unlink()
    (folder / "bin/python").symlink_to(other)
    return f"its Python is {other} and this kernel's is {PYTHON}"


def copied_from_another_python(folder):
    make(folder, "--copies")
    configuration = folder / "pyvenv.cfg"
    configuration.write_text(configuration.read_text().replace("home = /usr/bin", "home = /opt/of another/bin"))
    return f"its Python is from /opt/of another/bin and this kernel's is {PYTHON}"


def of_another_version(folder):
    make(folder, "--copies")
    (folder / f"lib/python{sysconfig.get_python_version()}").rename(folder / "lib/python3.99")
    return "it was made for another version of Python"


@pytest.mark.parametrize(
    "spoil",
    [
        no_folder,
        a_file,
        no_configuration,
        of_conda,
        without_python,
        of_another_python,
        copied_from_another_python,
        of_another_version,
    ],
)
def test_an_environment_that_cannot_be_used_is_said_once(tmp_path, spoil):
    venv = tmp_path / "an environment"
    reason = spoil(venv)
    with started(venv) as kernel:
        kernel.ok("1", silent=True, store_history=False)
        first, second = kernel.ok("1"), kernel.ok("1")
        text = first.text("stderr")
        assert text.startswith(f"The environment VIRTUAL_ENV={venv} is not used, because ") and text.count("\n") == 1
        assert reason in text and f'"{PYTHON} -m venv FOLDER"' in text and "unset VIRTUAL_ENV" in text
        assert second.text("stderr") == "" and kernel.log == f"xparallel: {text}"
        assert kernel.value("__import__('sys').prefix") == "'/usr'"
        kernel.end()


@pytest.mark.parametrize("value", [None, ""])
def test_without_an_environment_nothing_is_said(monkeypatch, value):
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    with Kernel(env={} if value is None else {"VIRTUAL_ENV": value}) as kernel:
        assert kernel.ok("1").text("stderr") == "" and kernel.log == ""
        kernel.end()


def test_the_kernelspec_of_the_page_does_what_it_says(tmp_path, monkeypatch, bare):
    page = (support.ROOT / "docs/install.md").read_text()
    spec = page.partition("```json\n")[2].partition("```")[0]
    spec = spec.replace("/home/ada/xeus-parallel/build/bin/xparallel", str(EXECUTABLE))
    spec = spec.replace("/home/ada/project/venv", str(bare))
    folder = tmp_path / "kernels" / "project"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(spec)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    found = support.KernelSpecManager().get_kernel_spec("project")
    monkeypatch.setattr(support.KernelSpecManager, "get_kernel_spec", lambda *_: found)
    with Kernel(env=found.env) as kernel:
        assert kernel.value("__import__('sys').prefix") == repr(str(bare))
        kernel.end()
