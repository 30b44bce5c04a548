"""Programs of containers and iterators of the standard library that change an object of the notebook: each must be refused."""


def v_array_insert():
    """
import array
a = array.array('d', [1.0])
"""
    a.insert(0, 2.0)


def v_array_slice():
    """
import array
a = array.array('i', [1, 2, 3])
"""
    a[0:2] = array.array('i', [7, 8])


def v_array_iadd():
    """
import array
a = array.array('i', [1])
"""
    b = a; b += array.array('i', [2])


def v_array_frombytes():
    """
import array
a = array.array('B')
"""
    a.frombytes(b'abc')


def v_array_byteswap():
    """
import array
a = array.array('H', [1])
"""
    a.byteswap()


def v_array_memoryview():
    """
import array
a = array.array('i', [1, 2])
"""
    memoryview(a)[0] = 5


def v_deque_rotate():
    """
from collections import deque
q = deque([1, 2, 3])
"""
    q.rotate(1)


def v_deque_setitem():
    """
from collections import deque
q = deque([1, 2])
"""
    q[0] = 5


def v_deque_popleft():
    """
from collections import deque
q = deque([1, 2])
"""
    q.popleft()


def v_deque_extendleft():
    """
from collections import deque
q = deque()
"""
    q.extendleft([1])


def v_deque_iadd():
    """
from collections import deque
q = deque()
"""
    r = q; r += [1]


def v_deque_maxlen():
    """
from collections import deque
q = deque([1], maxlen=1)
"""
    q.append(2)


def v_ordereddict_popitem():
    """
from collections import OrderedDict
d = OrderedDict(a=1)
"""
    d.popitem(last=False)


def v_ordereddict_setitem():
    """
from collections import OrderedDict
d = OrderedDict(a=1)
"""
    d['b'] = 2


def v_defaultdict_append():
    """
from collections import defaultdict
d = defaultdict(list)
"""
    d['k'].append(1)


def v_counter_subtract():
    """
from collections import Counter
c = Counter('aab')
"""
    c.subtract('a')


def v_counter_iadd():
    """
from collections import Counter
c = Counter('aab')
"""
    e = c; e += Counter('z')


def v_counter_clear():
    """
from collections import Counter
c = Counter('aab')
"""
    c.clear()


def v_chainmap_set():
    """
from collections import ChainMap
c = ChainMap({}, {'a': 1})
"""
    c['b'] = 1


def v_userlist_append():
    """
from collections import UserList
u = UserList()
"""
    u.append(1)


def v_userdict_update():
    """
from collections import UserDict
u = UserDict()
"""
    u.update(a=1)


def v_mutablemapping():
    """
from collections.abc import MutableMapping
class M(MutableMapping):
    def __init__(self): self.d = {}
    def __getitem__(self, k): return self.d[k]
    def __setitem__(self, k, v): self.d[k] = v
    def __delitem__(self, k): del self.d[k]
    def __iter__(self): return iter(self.d)
    def __len__(self): return len(self.d)
m = M()
"""
    m.setdefault('a', 1)


def v_attr_weakref_target():
    """
import weakref
class A: pass
a = A(); r = weakref.ref(a)
"""
    r().x = 1


def v_heapq_heapify():
    """
import heapq
h = [3, 1, 2]
"""
    heapq.heapify(h)


def v_heapq_pop():
    """
import heapq
h = [1, 2]
"""
    heapq.heappop(h)


def v_heapq_replace():
    """
import heapq
h = [1, 2]
"""
    heapq.heapreplace(h, 5)


def v_heapq_pushpop():
    """
import heapq
h = [1, 2]
"""
    heapq.heappushpop(h, 5)


def v_bisect_left():
    """
import bisect
xs = [1, 3]
"""
    bisect.insort_left(xs, 2)


def v_bisect_keyword():
    """
import bisect
xs = [1, 3]
"""
    bisect.insort(a=xs, x=2)


def v_shelve_like():
    """
import collections
store = collections.defaultdict(lambda: collections.defaultdict(int))
"""
    store['a']['b'] += 1


def v_weakset_add():
    """
import weakref
class A: pass
a = A(); ws = weakref.WeakSet()
"""
    ws.add(a)


def v_weakkeydict():
    """
import weakref
class A: pass
a = A(); wd = weakref.WeakKeyDictionary()
"""
    wd[a] = 1


def v_weakvaluedict():
    """
import weakref
class A: pass
a = A(); wd = weakref.WeakValueDictionary()
"""
    wd['a'] = a


def v_struct_pack_into_array():
    """
import struct, array
a = array.array('B', bytes(8))
"""
    struct.pack_into('<I', a, 0, 7)


def v_iter_cycle():
    """
import itertools
it = itertools.cycle([1, 2])
"""
    next(it)


def v_iter_islice():
    """
import itertools
it = itertools.islice([1, 2, 3], 2)
"""
    list(it)


def v_iter_tee():
    """
import itertools
a, b = itertools.tee([1, 2])
"""
    next(a)


def v_iter_groupby():
    """
import itertools
it = itertools.groupby('aab')
"""
    next(it)


@needs("itertools.cycle.__setstate__")
def v_itertools_state():
    """
import itertools
i = itertools.cycle([1, 2, 3])
"""
    i.__setstate__(([2], 1))
