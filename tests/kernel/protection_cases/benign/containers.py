"""Programs of containers and iterators of the standard library that change nothing of the notebook: none may be refused."""


def b_array_ops():
    """
pass
"""
    import array; a = array.array('i', [1]); a.append(2); a[0] = 5; a += a; a.byteswap(); memoryview(a)[0] = 3


def b_deque_ops():
    """
pass
"""
    from collections import deque; q = deque(maxlen=2); q.append(1); q.appendleft(2); q.rotate(); q[0] = 5; q += [1]


def b_counter_ops():
    """
from collections import Counter
c = Counter('aab')
"""
    d = c.copy(); d.update('z'); d['q'] += 1; d.subtract('a'); e = c - d; e += c; return e


def b_itertools_own():
    """
import itertools
xs = [1, 2, 3]
"""
    a, b = itertools.tee(xs); next(a); c = itertools.cycle(xs); next(c); return list(itertools.accumulate(xs)), list(itertools.permutations(xs, 2)), list(itertools.combinations(xs, 2)), list(itertools.pairwise(xs)), list(itertools.starmap(pow, [(1, 2)]))


def b_namedtuple_all():
    """
from collections import namedtuple
import typing
T = namedtuple('T', 'a b', defaults=[2])
"""
    class N(typing.NamedTuple):
        x: int
        y: int = 5
    t = T(1)._replace(a=9); return t._asdict(), N(1).y, T._make([1, 2]), N._fields


def b_abc_register():
    """
import abc, collections.abc, numbers
class Base(abc.ABC):
    @abc.abstractmethod
    def f(self): ...
class Other: pass
"""
    class My(Base):
        def f(self): return 1
    class Seq(collections.abc.Sequence):
        def __getitem__(self, i): return i
        def __len__(self): return 2
    return My().f(), isinstance(Other(), Base), issubclass(Seq, collections.abc.Iterable), Seq()[1], isinstance(2.5, numbers.Real)


def b_weakref_all():
    """
import weakref
class A: pass
a = A(); objs = [A() for _ in range(3)]
"""
    r = weakref.ref(a); p = weakref.proxy(a); s = weakref.WeakSet(objs); d = weakref.WeakValueDictionary(enumerate(objs)); fin = weakref.finalize(A(), print, 'gone'); fin.detach(); return len(s), len(d), list(d.keys()), a in s, [x for x in s] != [], weakref.getweakrefcount(a) > 0


def b_weakset_main_read():
    """
import weakref
class A: pass
objs = [A() for _ in range(3)]; ws = weakref.WeakSet(objs); wk = weakref.WeakKeyDictionary({o: 1 for o in objs}); wv = weakref.WeakValueDictionary(enumerate(objs))
"""
    return len(list(ws)), len(ws), objs[0] in ws, sum(wk.values()), [k for k in wk], dict(wv), list(wk.items()), ws | ws, wk.get(objs[0]), wv.get(1) is objs[1]


def b_heapq_merge():
    """
import heapq, bisect
xs = [1, 3]; ys = [2, 4]
"""
    return list(heapq.merge(xs, ys)), heapq.nlargest(2, xs), heapq.nsmallest(1, ys), bisect.bisect(xs, 2), sorted(xs, reverse=True)


def b_chainmap_read():
    """
from collections import ChainMap, UserDict, UserList, UserString
c = ChainMap({'a': 1}, {'b': 2}); u = UserDict(x=1)
"""
    d = c.new_child(); d['z'] = 1; e = u.copy(); e['y'] = 2; l = UserList([1]); l.append(2); return c['b'], dict(d), u['x'], len(l), UserString('a') + 'b'


def b_graph_bfs():
    """
graph = {1: [2, 3], 2: [], 3: [4], 4: []}
"""
    from collections import deque
    q, seen = deque([1]), {1}
    while q:
        n = q.popleft()
        for m in graph[n]:
            if m not in seen:
                seen.add(m); q.append(m)
    return seen


def b_graphlib_own():
    """
import graphlib
"""
    t = graphlib.TopologicalSorter({'a': {'b'}}); return list(t.static_order())
