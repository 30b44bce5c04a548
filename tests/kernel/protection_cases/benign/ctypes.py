"""Programs of ctypes that change nothing of the notebook: none may be refused."""


def b_np_memory_read():
    """
import numpy as np
a = np.arange(4)
"""
    return memoryview(a).tolist(), bytes(a), a.tobytes(), a.__array_interface__['shape'], a.ctypes.data > 0, np.frombuffer(a.tobytes(), dtype=a.dtype), a.data.nbytes, np.asarray(a) is a, np.shares_memory(a, a[1:])


def b_np_ctypes_read():
    """
import numpy as np, ctypes
a = np.arange(4.)
"""
    p = a.ctypes.data_as(ctypes.POINTER(ctypes.c_double)); return p[1], a.ctypes.shape[0], ctypes.string_at(a.ctypes.data, 8)


def b_ctypes_own():
    """
import ctypes
class S(ctypes.Structure):
    _fields_ = [('x', ctypes.c_int)]
s0 = S(3)
"""
    s = S(); s.x = 5; a = (ctypes.c_int * 3)(); a[0] = 7; b = ctypes.create_string_buffer(8); b.value = b'ab'; i = ctypes.c_int(); i.value = 4; p = ctypes.pointer(i); p[0] = 6; libc = ctypes.CDLL(None); return s0.x, libc.abs(-3), i.value, ctypes.c_int.from_buffer_copy(b'abcd').value, bytes(bytearray(s0))


def b_ctypes_functions_of_a_library():
    """
import ctypes
libc = ctypes.CDLL(None)
"""
    return libc.abs(-3), libc.labs(-4)


def b_ctypes_structures_of_its_own():
    """
import ctypes
class P(ctypes.Structure):
    _fields_ = [('x', ctypes.c_int), ('n', ctypes.c_char * 4)]
class S(ctypes.Structure):
    _fields_ = [('p', P), ('a', ctypes.c_int * 3), ('to', ctypes.POINTER(P))]
s0 = S(); i0 = ctypes.c_int(4); p0 = ctypes.pointer(i0); a0 = (ctypes.c_int * 3)(1, 2, 3)
"""
    s = S(); s.p.x = 1; s.p.n = b'abc'; s.a[1] = 2; s.a[:] = [4, 5, 6]; own = P(7); s.to = ctypes.pointer(own); s.to.contents.x = 8; s.to[0].x = 9
    assert (s.p.x, s.p.n, list(s.a), own.x) == (1, b'abc', [4, 5, 6], 9)
    assert (s0.p.x, p0[0], p0.contents.value, ctypes.cast(a0, ctypes.POINTER(ctypes.c_int))[2], list(s0.a)) == (0, 4, 4, 3, [0, 0, 0])
    p = ctypes.pointer(i0); j = ctypes.c_int(1); p.contents = j; p[0] = 2; p.contents.value += 1
    assert j.value == 3 and i0.value == 4
    q = (ctypes.POINTER(ctypes.c_int) * 2)(); q[0] = ctypes.pointer(i0); q[1] = ctypes.pointer(j); q[1][0] = 5
    assert j.value == 5 and q[0][0] == 4


def b_ctypes_memory_of_its_own():
    """
import ctypes
import numpy as np
b0 = ctypes.create_string_buffer(b'abc'); r0 = np.arange(3)
"""
    b = ctypes.create_string_buffer(8); ctypes.memset(b, 1, 2); ctypes.memmove(b, b0, 3); ctypes.memmove(ctypes.byref(b), b0, 3); b[3] = b'd'; assert b.value == b'abcd\1\1'[:4]
    ctypes.resize(b, 20); raw = bytearray(4); (ctypes.c_char * 4).from_buffer(raw)[1] = b'x'; assert raw == b'\0x\0\0'
    r = r0.copy(); r.ctypes.data_as(ctypes.POINTER(ctypes.c_long))[0] = 9; assert r[0] == 9 and r0.ctypes.data_as(ctypes.POINTER(ctypes.c_long))[1] == 1
    ctypes.memset(r.ctypes.data, 0, 8); v = np.ctypeslib.as_array((ctypes.c_int * 2)()); v[0] = 1; m = memoryview((ctypes.c_ubyte * 2)()).cast('B'); m[1] = 2
    assert r[0] == 0 and ctypes.string_at(b0) == b'abc'


def b_ctypes_callbacks():
    """
import ctypes
libc = ctypes.CDLL(None); values0 = (3, 1, 2)
"""
    a = (ctypes.c_int * 3)(*values0); kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    libc.qsort(a, 3, 4, kind(lambda x, y: x[0] - y[0])); assert list(a) == [1, 2, 3]
    libc.memchr.restype = ctypes.c_void_p; s = ctypes.create_string_buffer(b'abc'); assert libc.memchr(s, ord('b'), 3) == ctypes.addressof(s) + 1
