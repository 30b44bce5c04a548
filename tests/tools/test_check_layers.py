"""The layering of the tree holds, and check_layers.py would notice if it did not."""

import subprocess
import sys

import pytest

import check_layers


@pytest.fixture
def tree(tmp_path):
    """A function that writes {path: text} as a source tree, and returns the (rule, file, line) of its violations."""

    def check(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return [(violation.rule, violation.file, violation.line) for violation in check_layers.check_tree(tmp_path)]

    return check


def test_the_project_has_no_violation(root):
    assert len(check_layers.source_files(root)) > 20
    assert [str(violation) for violation in check_layers.check_tree(root)] == []


def test_downward_and_own_layer_are_allowed(tree):
    assert not tree(
        {
            "runtime/base/a.hpp": "#pragma once\n#include <atomic>\n",
            "runtime/base/b.hpp": '#include "runtime/base/a.hpp"\n',
            "runtime/sync/c.hpp": '#include "runtime/base/b.hpp"\n',
            "runtime/python/glue/d.hpp": '#include <Python.h>\n#include "runtime/sync/c.hpp"\n',
            "kernel/e.cpp": '#include <zmq.hpp>\n#include <Python.h>\n#include "runtime/python/glue/d.hpp"\n',
        }
    )


@pytest.mark.parametrize(
    "low, high", [(a, b) for i, a in enumerate(check_layers.LEVELS) for b in check_layers.LEVELS[i + 1 :]]
)
def test_upward_include(tree, low, high):
    below, above = low[0], high[-1]
    found = tree({f"{above}/x.hpp": "", f"{below}/y.hpp": f'#pragma once\n#include "{above}/x.hpp"\n'})
    assert found == [("upward", f"{below}/y.hpp", 2)]


def test_versions_are_asked_for_in_one_file(tree):
    asks = "#pragma once\n#if PY_VERSION_HEX >= 0x030C0000\n#endif\n"
    found = tree({"runtime/python/glue/compat.hpp": asks, "runtime/python/guard/x.hpp": asks})
    assert found == [("version", "runtime/python/guard/x.hpp", 2)]


def test_sideways_include(tree):
    found = tree(
        {
            "runtime/python/clone/x.hpp": '#include "runtime/python/guard/y.hpp"\n',
            "runtime/python/guard/y.hpp": "",
        }
    )
    assert found == [("sideways", "runtime/python/clone/x.hpp", 1)]


@pytest.mark.parametrize("layer", check_layers.HIDDEN_FROM_KERNEL)
def test_kernel_past_the_python_layers(tree, layer):
    found = tree({f"{layer}/x.hpp": "", "kernel/y.hpp": f'#include "{layer}/x.hpp"\n'})
    assert found == [("hidden", "kernel/y.hpp", 1)]


@pytest.mark.parametrize(
    "folder, header",
    [
        ("runtime/base", "Python.h"),
        ("runtime/schedule", "Python.h"),
        ("runtime/process", "structmember.h"),
        ("runtime/sync", "internal/pycore_object.h"),
        ("runtime/python/module", "pybind11/pybind11.h"),
        ("runtime/python/glue", "xeus/xserver.hpp"),
        ("runtime/python/glue", "xeus-python/xinterpreter.hpp"),
        ("runtime/base", "zmq.h"),
        ("runtime/base", "zmq.hpp"),
        ("runtime/base", "zmq_addon.hpp"),
        ("runtime/python/clone", "nlohmann/json.hpp"),
    ],
)
def test_restricted_header(tree, folder, header):
    assert tree({f"{folder}/x.hpp": f"#include <{header}>\n"}) == [("restricted", f"{folder}/x.hpp", 1)]


def test_own_header_comes_first(tree):
    assert tree({"runtime/base/x.hpp": "", "runtime/base/x.cpp": "#include <atomic>\n"}) == [
        ("own-header", "runtime/base/x.cpp", 1)
    ]
    assert tree({"runtime/base/x.cpp": ""}) == [("own-header", "runtime/base/x.cpp", 1)]
    assert not tree({"runtime/base/x.cpp": '// what it is\n#include "runtime/base/x.hpp"\n#include <atomic>\n'})


def test_a_source_without_a_header_may_start_with_any(tree):
    assert not tree({"kernel/main.cpp": "#include <atomic>\n"})


def test_quoted_includes_are_named_from_the_root(tree):
    assert tree({"runtime/base/x.hpp": "", "runtime/base/y.hpp": '\n#include "x.hpp"\n'}) == [
        ("from-root", "runtime/base/y.hpp", 2)
    ]
    up_and_down = '#include "../../kernel/z.hpp"\n'
    assert tree({"runtime/base/y.hpp": "", "kernel/z.hpp": "", "runtime/base/x.hpp": up_and_down}) == [
        ("from-root", "runtime/base/x.hpp", 1)
    ]


def test_headers_of_others_may_be_quoted(tree):
    assert not tree({"kernel/x.hpp": '#include "nlohmann/json.hpp"\n'})
    assert tree({"kernel/x.hpp": "", "runtime/base/y.hpp": '#include "nlohmann/json.hpp"\n'}) == [
        ("restricted", "runtime/base/y.hpp", 1)
    ]


def test_length(tree):
    assert not tree({"runtime/base/x.hpp": "//\n" * check_layers.MOST_LINES})
    longer = check_layers.MOST_LINES + 1
    assert tree({"runtime/base/x.hpp": "//\n" * longer}) == [("too-long", "runtime/base/x.hpp", longer)]


@pytest.mark.parametrize("folder", ["runtime/base", "kernel", "tests/unit", "benchmarks"])
def test_width(tree, folder):
    widest = "// " + "ü" * (check_layers.MOST_COLUMNS - 3)
    assert not tree({f"{folder}/x.hpp": f"{widest}\n"})
    assert tree({f"{folder}/x.hpp": f"\n{widest}ü\n"}) == [("too-wide", f"{folder}/x.hpp", 2)]


def test_a_folder_outside_the_order(tree):
    assert tree({"runtime/extra/x.hpp": ""}) == [("unknown-layer", "runtime/extra/x.hpp", 1)]


def test_spellings_of_include(tree):
    text = '/* #include "kernel/k.hpp"\n*/\n// #include "kernel/k.hpp"\n  #  include  "kernel/k.hpp" // why\n'
    assert tree({"kernel/k.hpp": "", "runtime/base/x.hpp": text}) == [("upward", "runtime/base/x.hpp", 4)]


@pytest.mark.parametrize(
    "statement", ["import xparallel_kernel", "import os, xparallel_kernel.cell", "from xparallel_kernel.host import x"]
)
def test_upward_import(tree, statement):
    file = "runtime/python/parallel/deeper/x.py"
    assert tree({file: f"def f():\n    {statement}\n"}) == [("upward-import", file, 2)]


def test_downward_and_relative_imports_are_allowed(tree):
    assert not tree(
        {
            "kernel/python/xparallel_kernel/x.py": "import parallel\nimport xparallel_kernel\nfrom . import y\n",
            "runtime/python/parallel/x.py": "from . import xparallel_kernel\nfrom .xparallel_kernel import y\n",
        }
    )


def run_program(root, *arguments):
    command = [sys.executable, str(root / "tests/check_layers.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_exit_status(root, tree, tmp_path):
    assert run_program(root, tmp_path).returncode == 2  # nothing to check is no success
    tree({"runtime/base/x.hpp": ""})
    assert run_program(root, tmp_path).returncode == 0
    tree({"runtime/base/x.hpp": "#include <Python.h>\n"})
    done = run_program(root, tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("runtime/base/x.hpp:1: restricted: ")
