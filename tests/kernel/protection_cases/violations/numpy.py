"""Programs of numpy that change an object of the notebook: each must be refused."""


def v_random_shuffle_np():
    """
import random, numpy as np
a = np.arange(50)
"""
    random.shuffle(a)


def v_np_fancy():
    """
import numpy as np
a = np.zeros(4)
"""
    a[[0, 2]] = 1


def v_np_mask():
    """
import numpy as np
a = np.arange(4.)
"""
    a[a > 1] = 0


def v_np_ellipsis():
    """
import numpy as np
a = np.zeros((2, 2))
"""
    a[...] = 1


def v_np_2d():
    """
import numpy as np
a = np.zeros((2, 2))
"""
    a[0, 1] = 1


def v_np_row_inplace():
    """
import numpy as np
a = np.zeros((2, 2))
"""
    a[0] += 1


def v_np_imul():
    """
import numpy as np
a = np.ones(4)
"""
    b = a; b *= 2


def v_np_itruediv():
    """
import numpy as np
a = np.ones(4)
"""
    b = a; b /= 2


def v_np_ipow():
    """
import numpy as np
a = np.ones(4)
"""
    b = a; b **= 2


def v_np_iand():
    """
import numpy as np
a = np.ones(4, dtype=int)
"""
    b = a; b &= 0


def v_np_out_method():
    """
import numpy as np
a = np.arange(4.); o = np.zeros(())
"""
    a.sum(out=o)


def v_np_out_positional():
    """
import numpy as np
a = np.arange(4.); o = np.zeros(4)
"""
    np.add(a, a, o)


def v_np_out_unary():
    """
import numpy as np
a = np.arange(4.)
"""
    np.sqrt(a, out=a)


def v_np_out_tuple():
    """
import numpy as np
a = np.arange(4.); o = np.zeros(4)
"""
    np.add(a, 1, out=(o,))


def v_np_out_cumsum():
    """
import numpy as np
a = np.arange(4.)
"""
    np.cumsum(a, out=a)


def v_np_out_dot():
    """
import numpy as np
a = np.eye(2); o = np.zeros((2, 2))
"""
    np.dot(a, a, out=o)


def v_np_out_clip():
    """
import numpy as np
a = np.arange(4.)
"""
    np.clip(a, 1, 2, out=a)


def v_np_out_take():
    """
import numpy as np
a = np.arange(4.); o = np.zeros(2)
"""
    np.take(a, [0, 1], out=o)


def v_np_out_concatenate():
    """
import numpy as np
a = np.arange(2.); o = np.zeros(4)
"""
    np.concatenate([a, a], out=o)


def v_np_out_matmul():
    """
import numpy as np
a = np.eye(2); o = np.zeros((2, 2))
"""
    np.matmul(a, a, out=o)


def v_np_out_reduce():
    """
import numpy as np
a = np.arange(4.); o = np.zeros(())
"""
    np.add.reduce(a, out=o)


def v_np_out_mean():
    """
import numpy as np
a = np.arange(4.); o = np.zeros(())
"""
    np.mean(a, out=o)


def v_np_put():
    """
import numpy as np
a = np.zeros(4)
"""
    np.put(a, [0], 5)


def v_np_place():
    """
import numpy as np
a = np.zeros(4)
"""
    np.place(a, a == 0, 5)


def v_np_putmask():
    """
import numpy as np
a = np.zeros(4)
"""
    np.putmask(a, a == 0, 5)


def v_np_fill_diagonal():
    """
import numpy as np
a = np.zeros((3, 3))
"""
    np.fill_diagonal(a, 5)


def v_np_put_along_axis():
    """
import numpy as np
a = np.zeros((2, 2))
"""
    np.put_along_axis(a, np.array([[0], [1]]), 5, axis=1)


@needs("numpy.ndarray.itemset")
def v_np_itemset():
    """
import numpy as np
a = np.zeros(4)
"""
    a.itemset(0, 5)


def v_np_partition():
    """
import numpy as np
a = np.array([3., 1., 2.])
"""
    a.partition(1)


def v_np_resize():
    """
import numpy as np
a = np.zeros(4)
"""
    a.resize(2, refcheck=False)


def v_np_byteswap():
    """
import numpy as np
a = np.arange(4)
"""
    a.byteswap(inplace=True)


def v_np_dtype_attr():
    """
import numpy as np
a = np.zeros(4)
"""
    a.dtype = np.int64


def v_np_real():
    """
import numpy as np
a = np.zeros(4, dtype=complex)
"""
    a.real[0] = 5


def v_np_imag_attr():
    """
import numpy as np
a = np.zeros(4, dtype=complex)
"""
    a.imag = 5


def v_np_field():
    """
import numpy as np
a = np.zeros(2, dtype=[('x', int)])
"""
    a['x'] = 5


def v_np_record():
    """
import numpy as np
a = np.rec.array([(1, 2.)], dtype=[('x', int), ('y', float)])
"""
    a.x[0] = 5


def v_np_masked():
    """
import numpy as np
a = np.ma.masked_array([1, 2, 3], mask=[0, 1, 0])
"""
    a[0] = 5


def v_np_matrix():
    """
import numpy as np
a = np.matrix([[1, 2]])
"""
    a[0, 0] = 5


def v_np_swapaxes():
    """
import numpy as np
a = np.zeros((2, 3))
"""
    a.swapaxes(0, 1)[0, 0] = 5


def v_np_diagonal_view():
    """
import numpy as np
a = np.zeros((2, 3))
"""
    a.reshape(-1)[0] = 5


def v_np_ravel():
    """
import numpy as np
a = np.zeros((2, 3))
"""
    a.ravel()[0] = 5


def v_np_asarray():
    """
import numpy as np
a = np.zeros(3)
"""
    np.asarray(a)[0] = 5


def v_np_broadcast_split():
    """
import numpy as np
a = np.zeros(4)
"""
    np.split(a, 2)[0][0] = 5


def v_np_newaxis():
    """
import numpy as np
a = np.zeros(4)
"""
    a[None, :][0, 0] = 5


def v_np_view_dtype():
    """
import numpy as np
a = np.zeros(4)
"""
    a.view('u1')[0] = 5


def v_np_memoryview_new():
    """
import numpy as np
a = np.zeros(4)
"""
    memoryview(a)[0] = 5.0


def v_np_object_array():
    """
import numpy as np
a = np.array([[], []], dtype=object) if False else np.empty(2, dtype=object); a[0] = []
"""
    a[0].append(1)


def v_np_random_shuffle_legacy():
    """
import numpy as np
a = np.arange(10)
"""
    np.random.shuffle(a)


def v_np_rng_out():
    """
import numpy as np
a = np.zeros(4); rng = np.random.default_rng(1)
"""
    rng.random(out=a)


def v_np_subtract_at():
    """
import numpy as np
a = np.zeros(4)
"""
    np.subtract.at(a, [0], 1)


def v_np_copyto_kw():
    """
import numpy as np
a = np.zeros(4)
"""
    np.copyto(dst=a, src=1)


def v_np_setflags_method():
    """
import numpy as np
a = np.zeros(4)
"""
    a.setflags(write=False)


def v_np_strides():
    """
import numpy as np
a = np.zeros(4)
"""
    np.lib.stride_tricks.as_strided(a, (2, 2), (8, 8))[0, 0] = 5


def v_np_nditer():
    """
import numpy as np
a = np.zeros(4)
"""
    with np.nditer(a, op_flags=['readwrite']) as it:
        for x in it:
            x[...] = 5


def v_np_in_closure():
    """
import numpy as np
def mk():
    w = np.zeros(3)
    def step(): w[:] = w + 1
    return step
step = mk()
"""
    step()


def v_np_in_dataclass():
    """
import numpy as np
from dataclasses import dataclass
@dataclass
class M:
    w: np.ndarray
m = M(np.zeros(2))
"""
    m.w += 1


def v_np_subclass_made_in_the_work():
    """
import numpy as np
a = np.zeros(3)
"""
    class Mine(np.ndarray):
        pass
    a.view(Mine)[0] = 1


def v_np_subclass_made_in_the_work_in_place():
    """
import numpy as np
a = np.zeros(3)
"""
    class Mine(np.ndarray):
        def __iadd__(self, other):
            return super().__iadd__(other)
    b = a.view(Mine); b += 1


def v_np_method_of_the_slot():
    """
import numpy as np
a = np.zeros(3)
"""
    np.ndarray.__setitem__(a, 0, 1)


def v_np_masked_array_mask():
    """
import numpy as np
m = np.ma.array([1, 2])
"""
    m.mask = True


def v_np_masked_array_mask_by_setattr():
    """
import numpy as np
m = np.ma.array([1, 2])
"""
    setattr(m, 'mask', True)


def v_np_masked_array_soften():
    """
import numpy as np
m = np.ma.array([1, 2], hard_mask=True)
"""
    m.soften_mask()
