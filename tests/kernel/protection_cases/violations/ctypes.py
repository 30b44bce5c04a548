"""Programs of ctypes that change an object of the notebook: each must be refused."""


def v_ctypes_struct():
    """
import ctypes
class S(ctypes.Structure):
    _fields_ = [('x', ctypes.c_int)]
s = S(1)
"""
    s.x = 5


def v_ctypes_array():
    """
import ctypes
a = (ctypes.c_int * 3)()
"""
    a[0] = 5


def v_ctypes_value():
    """
import ctypes
v = ctypes.c_int(1)
"""
    v.value = 5


def v_ctypes_from_buffer():
    """
import ctypes
b = bytearray(8)
"""
    ctypes.c_int.from_buffer(b).value = 5


def v_ctypes_memset():
    """
import ctypes
b = ctypes.create_string_buffer(b'abc')
"""
    ctypes.memset(b, 0, 3)


def v_ctypes_memmove():
    """
import ctypes
a = (ctypes.c_int * 3)(1, 2, 3)
"""
    ctypes.memmove(a, bytes(12), 12)


def v_ctypes_memmove_by_reference():
    """
import ctypes
i = ctypes.c_int(5)
"""
    ctypes.memmove(ctypes.byref(i), bytes(4), 4)


def v_ctypes_pointer():
    """
import ctypes
i = ctypes.c_int(5)
"""
    ctypes.pointer(i)[0] = 6


def v_ctypes_pointer_contents():
    """
import ctypes
i = ctypes.c_int(5)
"""
    ctypes.pointer(i).contents.value = 6


def v_ctypes_pointer_of_main():
    """
import ctypes
i = ctypes.c_int(5); p = ctypes.pointer(i)
"""
    p.contents.value = 6


def v_ctypes_cast():
    """
import ctypes
a = (ctypes.c_int * 3)(1, 2, 3)
"""
    ctypes.cast(a, ctypes.POINTER(ctypes.c_int))[1] = 9


def v_ctypes_field_that_is_an_array():
    """
import ctypes
class S(ctypes.Structure):
    _fields_ = [('a', ctypes.c_int * 2)]
s = S()
"""
    s.a[0] = 3


def v_ctypes_field_that_is_a_structure():
    """
import ctypes
class P(ctypes.Structure):
    _fields_ = [('x', ctypes.c_int)]
class S(ctypes.Structure):
    _fields_ = [('p', P)]
s = S()
"""
    s.p.x = 3


def v_ctypes_array_of_structures():
    """
import ctypes
class P(ctypes.Structure):
    _fields_ = [('x', ctypes.c_int)]
a = (P * 3)()
"""
    a[1].x = 3


def v_ctypes_structure_behind_a_pointer():
    """
import ctypes
class P(ctypes.Structure):
    _fields_ = [('x', ctypes.c_int)]
p = P()
"""
    ctypes.pointer(p).contents.x = 3


def v_ctypes_array_from_buffer():
    """
import ctypes
b = bytearray(4)
"""
    (ctypes.c_char * 3).from_buffer(b)[0] = b'q'


def v_ctypes_part_of_a_string_buffer():
    """
import ctypes
class S(ctypes.Structure):
    _fields_ = [('name', ctypes.c_char * 8)]
a = (S * 2)()
"""
    a[0].name = b'abc'


def v_ctypes_resize():
    """
import ctypes
b = ctypes.create_string_buffer(3)
"""
    ctypes.resize(b, 50)


def v_ctypes_of_an_array():
    """
import ctypes
import numpy as np
a = np.arange(3)
"""
    a.ctypes.data_as(ctypes.POINTER(ctypes.c_long))[0] = 9


def v_ctypes_view_as_an_array():
    """
import ctypes
import numpy as np
a = (ctypes.c_int * 3)(1, 2, 3)
"""
    np.ctypeslib.as_array(a)[0] = 9


def v_ctypes_view_as_a_memoryview():
    """
import ctypes
a = (ctypes.c_ubyte * 3)(1, 2, 3)
"""
    memoryview(a).cast('B')[0] = 9
