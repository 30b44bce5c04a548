"""What the stub of the C++ half (kernel/python/_xparallel.pyi) tells type checkers is what that half has."""

import ast

from support import ROOT, Kernel

# Signatures as pybind11 writes them at the top of a docstring.
CODE = """
import json, re
native = get_ipython().kernel.native
signatures = {}
for kind in (type(native), type(native.parent())):
    for name in vars(kind):
        if not name.startswith("_"):
            text = (getattr(kind, name).__doc__ or "").split(chr(10))[0]
            signatures[f"{kind.__name__}.{name}"] = re.findall(r"[(,] ?(\\w+): ", text)
print(json.dumps(signatures))
"""


def test_stub_has_what_the_module_has(kernel: Kernel):
    stub = ast.parse((ROOT / "kernel/python/_xparallel.pyi").read_text())
    told = {
        f"{kind.name}.{function.name}": [argument.arg for argument in function.args.args]
        for kind in stub.body
        if isinstance(kind, ast.ClassDef)
        for function in kind.body
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("_")
    }
    told["Parent.header"] = []  # a property has no signature
    assert ast.literal_eval(kernel.ok(CODE).text()) == told
