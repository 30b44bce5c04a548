"""Whose code a file is: by its folder, by what the user says of folders, and for code that has none by who runs it."""

import os
import subprocess
import sys

import pytest

import parallel
import pythons


def test_a_module_of_the_users_project_is_user_code(tmp_path, monkeypatch):
    (tmp_path / "project_module.py").write_text("log = []\ndef note(x):\n    log.append(x)\n")
    monkeypatch.syspath_prepend(tmp_path)
    import project_module

    try:
        with pytest.raises(parallel.UnprotectedError, match="append"):
            parallel.submit_work(project_module.note, 1).result()
    finally:
        del sys.modules["project_module"]


@pytest.mark.parametrize(
    ["folder", "is_library"],
    [
        ("site-packages", True),
        ("dist-packages", True),
        ("lib/python3.11/site-packages", True),
        ("of a user/späces/site-packages/vendored", True),
        ("my-site-packages", False),
        ("site-packages-of-mine", False),
        ("my.dist-packages/inner", False),
        ("site_packages", False),
        ("Site-Packages", False),
        ("packages", False),
    ],
)
@pytest.mark.parametrize("means", pythons.MEANS)
def test_a_folder_of_installed_packages_is_a_librarys_wherever_it_is(tmp_path, folder, is_library, means):
    """Found by PYTHONPATH, as packages of job schedulers and of `pip install --target` are."""
    (tmp_path / folder).mkdir(parents=True)
    source = "class Cache:\n    pass\ncache = Cache()\ndef fill():\n    cache.filled = True\n"
    (tmp_path / folder / "some_package.py").write_text(source)
    program = (
        "import parallel, some_package, sys\nfrom parallel.protection import _state\n"
        f"_state._force_twins({means == 'twins'})\n"
        "def refused():\n    work = parallel.submit_work(some_package.fill, errback=lambda error: None)\n"
        "    parallel.run()\n    return isinstance(work.exception(), parallel.UnprotectedError)\n"
        "print(refused(), parallel._core.guard_is_users(some_package.__file__))\n"
        f"parallel.configure(projects=[{str(tmp_path)!r}])\n"
        "print(refused(), parallel._core.guard_is_users(some_package.__file__))\n"
    )
    path = os.pathsep.join([str(tmp_path / folder), os.path.dirname(os.path.dirname(parallel.__file__))])
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == [str(not is_library)] * 2 + ["True"] * 2, done.stderr


def test_whose_code_a_folder_is_can_be_said(tmp_path, monkeypatch):
    for name in ("outer", "outer/inner"):
        (tmp_path / name).mkdir()
    for name, folder in (("said_outer", tmp_path / "outer"), ("said_inner", tmp_path / "outer" / "inner")):
        (folder / f"{name}.py").write_text(
            "class Cache:\n    pass\ncache = Cache()\ndef fill():\n    cache.filled = True\n"
        )
        monkeypatch.syspath_prepend(folder)
    import said_inner
    import said_outer

    def refused():
        works = [parallel.submit_work(module.fill, errback=lambda error: None) for module in (said_outer, said_inner)]
        parallel.run()
        return [isinstance(work.exception(), parallel.UnprotectedError) for work in works]

    try:
        assert refused() == [True, True]
        parallel.configure(libraries=[tmp_path / "outer"])
        assert refused() == [False, False]
        parallel.configure(projects=[str(tmp_path / "outer" / "inner")])
        assert refused() == [False, True]
        assert parallel.protection.status()["libraries"] == [str(tmp_path / "outer")]
        with pytest.raises(TypeError, match="projects is a list of folders"):
            parallel.configure(projects=str(tmp_path), libraries=[])
        assert refused() == [False, True]
    finally:
        parallel.configure(projects=[], libraries=[])
    assert refused() == [True, True]


@pytest.mark.parametrize("is_library", [True, False])
def test_code_whose_globals_have_no_name_is_that_of_its_caller(tmp_path, monkeypatch, is_library):
    """Modules of Cython adapt `inspect` and `asyncio` so while they are imported."""
    (tmp_path / "adapting.py").write_text(
        "import asyncio.coroutines\ndef adapt():\n    exec('module.for_a_test = 1', {'module': asyncio.coroutines})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import adapting

    parallel.configure(libraries=[tmp_path] if is_library else [])
    try:
        error = parallel.submit_work(adapting.adapt).exception()
    finally:
        parallel.configure(libraries=[])
        del sys.modules["adapting"]
    assert (error is None) if is_library else isinstance(error, parallel.UnprotectedError)
