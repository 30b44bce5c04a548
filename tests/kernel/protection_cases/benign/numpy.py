"""Programs of numpy that change nothing of the notebook: none may be refused."""


def b_np_linear():
    """
import numpy as np
a = np.arange(9.).reshape(3, 3) + np.eye(3)
"""
    return np.linalg.det(a), np.linalg.eig(a), np.linalg.qr(a), np.trace(a), a.T @ a, np.kron(a, a).sum(), np.cross(a[0], a[1]), np.outer(a[0], a[0]), np.linalg.lstsq(a, a[0], rcond=None)[0]


def b_np_reduce():
    """
import numpy as np
a = np.arange(12.).reshape(3, 4)
"""
    return a.sum(axis=0), a.cumsum(), a.max(1), np.median(a), a.argmax(), np.quantile(a, .3), a.ptp() if hasattr(a, 'ptp') else np.ptp(a), np.diff(a), np.cov(a), np.corrcoef(a), a.round(1), a.clip(1, 3), np.nansum(a), np.average(a, weights=a)


def b_np_shape():
    """
import numpy as np
a = np.arange(12)
"""
    return a.reshape(3, 4).T, np.tile(a, 2), np.repeat(a, 2), np.roll(a, 1), np.flip(a), np.pad(a, 1), np.split(a, 3), np.vstack([a, a]), np.expand_dims(a, 0), np.broadcast_to(a, (2, 12)), np.squeeze(a[None]), np.insert(a, 0, 1), np.delete(a, 0), np.append(a, 1)


def b_np_sets_search():
    """
import numpy as np
a = np.array([3, 1, 2, 3])
"""
    return np.unique(a, return_counts=True), np.searchsorted(np.sort(a), 2), np.where(a > 1), np.nonzero(a), np.isin(a, [1]), np.bincount(a), np.digitize(a, [2]), np.lexsort((a, a)), np.partition(a, 1), np.intersect1d(a, [1])


def b_np_out_own():
    """
import numpy as np
a = np.arange(4.)
"""
    o = np.empty(4); np.add(a, a, out=o); np.sqrt(a, o); a.cumsum(out=o); np.cumsum(a, out=o); np.clip(a, 0, 1, out=o); np.dot(np.eye(4), a, out=o); o += a; o[a > 1] = 0; np.add.at(o, [0], 1); np.copyto(o, a); return o


def b_np_views_own():
    """
import numpy as np
a = np.arange(12.)
"""
    b = a.copy().reshape(3, 4); b[0] = 1; b.T[0] = 2; c = b.view(); c[1:, ::2] = 3; b.flat[0] = 9; b.ravel()[1] = 7; d = np.lib.stride_tricks.sliding_window_view(a, 3).sum(); np.fill_diagonal(b, 0); b.sort(axis=0); return b, d


def b_np_nditer_own():
    """
import numpy as np
a = np.arange(4.)
"""
    o = np.zeros(4)
    with np.nditer([a, o], op_flags=[['readonly'], ['writeonly']]) as it:
        for x, y in it:
            y[...] = 2 * x
    return o, [float(x) for x in np.nditer(a)], list(np.ndenumerate(a)), list(np.ndindex(2))


def b_np_random_all():
    """
import numpy as np
rng = np.random.default_rng(3); rs = np.random.RandomState(3)
"""
    r = np.random.default_rng(1); x = np.arange(5); r.shuffle(x); np.random.shuffle(x); np.random.seed(1); return rng.integers(5), rng.permutation(5), rs.rand(2), np.random.choice([1, 2]), rng.choice(5), rs.normal(size=2)


def b_np_string_dtype():
    """
import numpy as np
s = np.array(['ab', 'c']); d = np.array(['2024-01-01'], dtype='M8[D]'); st = np.array([(1, 2.)], dtype=[('a', int), ('b', float)])
"""
    return np.char.upper(s), d + 1, st['a'], st[0]['b'], np.datetime64('now') > d, s.astype('U5'), st.dtype.names, np.array2string(st)


def b_np_masked_own():
    """
import numpy as np
m = np.ma.masked_array([1, 2, 3], mask=[0, 1, 0])
"""
    c = m.copy(); c[0] = 9; c.mask[2] = True; return m.mean(), m.compressed(), (m + 1).filled(0), np.ma.median(m), repr(m)


def b_np_matrix_poly():
    """
import numpy as np
m = np.matrix([[1, 2], [3, 4]])
"""
    p = np.poly1d([1, 2]); return m * m, m.I, p(2), np.polyfit([1, 2, 3], [1, 4, 9], 1), np.roots([1, -1]), np.polynomial.Polynomial([1, 2])(3)


def b_np_save_load():
    """
import numpy as np, io, tempfile
a = np.arange(3)
"""
    f = io.BytesIO(); np.save(f, a); f.seek(0); b = np.load(f); b[0] = 5; g = io.StringIO(); np.savetxt(g, a); return b, np.fromstring('1 2', sep=' '), np.loadtxt(io.StringIO('1 2'))


def b_np_fft_signal():
    """
import numpy as np
a = np.sin(np.arange(16.))
"""
    return np.fft.ifft(np.fft.fft(a)).real, np.convolve(a, [1, 1]), np.interp([1.5], np.arange(16.), a), np.gradient(a), (np.trapezoid if hasattr(np, 'trapezoid') else np.trapz)(a), np.histogram2d(a, a)[0].sum(), np.meshgrid(a[:2], a[:2])[0], np.vectorize(abs)(a), np.apply_along_axis(sum, 0, a[None])


def b_np_errstate():
    """
import numpy as np
a = np.array([0., 1.])
"""
    with np.errstate(divide='ignore', invalid='ignore'):
        b = a / 0
    old = np.geterr(); np.set_printoptions(precision=3)
    with np.printoptions(precision=2):
        s = str(a)
    return b, s


def b_classes_made_from_those_of_c():
    """
import collections
import numpy as np
a0 = np.zeros(3)
"""
    class L(list):
        def __setitem__(self, at, value): super().__setitem__(at, value * 2)
        def __iadd__(self, other): return super().__iadd__(other)
    class D(collections.OrderedDict):
        def __setattr__(self, name, value): super().__setattr__(name, value)
    class A(np.ndarray):
        def __imul__(self, other): return super().__imul__(other)
    l = L([1, 2]); l[0] = 5; l += [3]; l *= 2; d = D(a=1); d.x = 1; d['b'] = 2; del d['a']; a = a0.copy().view(A); a += 1; a *= 3; a[0] = 0
    assert l == [10, 2, 3] * 2 and dict(d) == {'b': 2} and d.x == 1 and list(a) == [0, 3, 3]
