"""Programs of the rest of the standard library that change an object of the notebook: each must be refused."""


def v_dict_with_body():
    """
d = {}
import contextlib
"""
    with contextlib.suppress(ValueError):
        d['x'] = 1


def v_attr_frozen_bypass():
    """
from dataclasses import dataclass
@dataclass(frozen=True)
class P:
    x: int = 0
p = P()
"""
    object.__setattr__(p, 'x', 5)


def v_attr_dataclass_list():
    """
from dataclasses import dataclass, field
@dataclass
class P:
    xs: list = field(default_factory=list)
p = P()
"""
    p.xs.append(1)


def v_attr_dataclass_slots():
    """
from dataclasses import dataclass
@dataclass(slots=True)
class P:
    x: int = 0
p = P()
"""
    p.x = 5


def v_attr_partial():
    """
import functools
p = functools.partial(int, base=2)
"""
    p.note = 1


def v_attr_enum_member():
    """
import enum
class E(enum.Enum):
    A = 1
"""
    E.A.note = 1


def v_attr_module_dict():
    """
import types
m = types.ModuleType('m')
"""
    m.__dict__['x'] = 1


def v_global_with_target():
    """
import contextlib
v = 0
"""
    global v
    with contextlib.nullcontext(5) as v:
        pass


def v_global_import_from():
    """
pass
"""
    global sqrt
    from math import sqrt


def v_operator_iadd():
    """
import operator
xs = [1]
"""
    operator.iadd(xs, [2])


def v_operator_delitem():
    """
import operator
d = {'a': 1}
"""
    operator.delitem(d, 'a')


def v_operator_methodcaller():
    """
import operator
xs = []
"""
    operator.methodcaller('append', 1)(xs)


def v_functools_reduce():
    """
import functools
acc = []
"""
    functools.reduce(lambda a, b: (a.append(b), a)[1], [1, 2], acc)


def v_functools_partialmethod():
    """
import functools
class A:
    def __init__(self): self.v = 0
    def put(self, v): self.v = v
    one = functools.partialmethod(put, 1)
a = A()
"""
    a.one()


def v_argparse_add():
    """
import argparse
p = argparse.ArgumentParser()
"""
    p.add_argument('--x')


def v_argparse_namespace():
    """
import argparse
ns = argparse.Namespace(a=1)
"""
    ns.a = 2


def v_struct_object_pack_into():
    """
import struct
b = bytearray(8); s = struct.Struct('<I')
"""
    s.pack_into(b, 0, 7)


def v_partial_state():
    """
import functools
p = functools.partial(print, 1)
"""
    p.__setstate__((print, (), {}, {}))
