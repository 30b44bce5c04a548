"""Programs that change an object of the notebook: each must be refused. See README.md."""


def v_list_insert():
    """
xs = [1]
"""
    xs.insert(0, 5)


def v_list_remove():
    """
xs = [1, 2]
"""
    xs.remove(1)


def v_list_imul():
    """
xs = [1]
"""
    ys = xs; ys *= 3


def v_list_reverse():
    """
xs = [1, 2]
"""
    xs.reverse()


def v_list_del_negative():
    """
xs = [1, 2]
"""
    del xs[-1]


def v_list_slice_extended():
    """
xs = [1, 2, 3, 4]
"""
    xs[::2] = [9, 9]


def v_list_extend_generator():
    """
xs = []
"""
    xs.extend(i for i in range(3))


def v_list_setitem_method():
    """
xs = [1]
"""
    list.__setitem__(xs, 0, 2)


def v_list_iadd_method():
    """
xs = [1]
"""
    xs.__iadd__([2])


def v_list_in_tuple():
    """
t = ([1], 2)
"""
    t[0].append(3)


def v_list_in_dict_values():
    """
d = {'a': [1]}
"""
    for v in d.values(): v.append(2)


def v_list_sort_key():
    """
xs = [3, 1]
"""
    xs.sort(key=lambda v: -v)


def v_list_through_zip():
    """
rows = [[1], [2]]
"""
    for r, k in zip(rows, 'ab'): r.append(k)


def v_list_through_map():
    """
rows = [[1], [2]]
"""
    list(map(list.clear, rows))


def v_list_star_args():
    """
xs = [1]
def f(*a): a[0].append(2)
"""
    f(xs)


def v_list_kwarg():
    """
xs = [1]
def f(*, into): into.append(2)
"""
    f(into=xs)


def v_dict_popitem():
    """
d = {'a': 1}
"""
    d.popitem()


def v_dict_clear():
    """
d = {'a': 1}
"""
    d.clear()


def v_dict_ior():
    """
d = {'a': 1}
"""
    e = d; e |= {'b': 2}


def v_dict_update_pairs():
    """
d = {}
"""
    d.update([('a', 1)])


def v_dict_setitem_method():
    """
d = {}
"""
    dict.__setitem__(d, 'a', 1)


def v_dict_delitem_method():
    """
d = {'a': 1}
"""
    d.__delitem__('a')


def v_dict_init_again():
    """
d = {'a': 1}
"""
    d.__init__(b=2)


def v_dict_in_comprehension():
    """
d = {}
"""
    [d.setdefault(i, i) for i in range(3)]


def v_dict_walrus_value():
    """
d = {}
"""
    d['n'] = (n := 5)


def v_dict_try_finally():
    """
d = {}
"""
    try:
        pass
    finally:
        d['x'] = 1


def v_dict_except_branch():
    """
d = {}
"""
    try:
        1 / 0
    except ZeroDivisionError as e:
        d['x'] = repr(e)


def v_dict_with_body():
    """
d = {}
import contextlib
"""
    with contextlib.suppress(ValueError):
        d['x'] = 1


def v_dict_while_else():
    """
d = {}
"""
    while False:
        pass
    else:
        d['x'] = 1


def v_dict_match_body():
    """
d = {}
"""
    match 5:
        case int(n):
            d['n'] = n


def v_dict_key_tuple():
    """
d = {}
"""
    d[1, 2] = 3


def v_dict_via_get():
    """
outer = {'in': {}}
"""
    outer.get('in')['k'] = 1


def v_set_discard():
    """
s = {1}
"""
    s.discard(1)


def v_set_update():
    """
s = {1}
"""
    s.update({2})


def v_set_isub():
    """
s = {1, 2}
"""
    t = s; t -= {1}


def v_set_ixor():
    """
s = {1, 2}
"""
    t = s; t ^= {5}


def v_set_iand():
    """
s = {1, 2}
"""
    t = s; t &= {1}


def v_set_pop():
    """
s = {1}
"""
    s.pop()


def v_set_clear():
    """
s = {1}
"""
    s.clear()


def v_set_difference_update():
    """
s = {1, 2}
"""
    s.difference_update([1])


def v_set_symmetric():
    """
s = {1, 2}
"""
    s.symmetric_difference_update([7])


def v_set_init_again():
    """
s = {1}
"""
    s.__init__([5])


def v_bytearray_slice():
    """
b = bytearray(b'abcd')
"""
    b[1:3] = b'xy'


def v_bytearray_del():
    """
b = bytearray(b'abcd')
"""
    del b[0]


def v_bytearray_append():
    """
b = bytearray(b'abc')
"""
    b.append(65)


def v_bytearray_imul():
    """
b = bytearray(b'abc')
"""
    c = b; c *= 2


def v_bytearray_reverse():
    """
b = bytearray(b'abc')
"""
    b.reverse()


def v_bytearray_memoryview_slice():
    """
b = bytearray(b'abcd')
"""
    memoryview(b)[1:3] = b'xy'


def v_bytearray_memoryview_cast():
    """
b = bytearray(8)
"""
    memoryview(b).cast('I')[0] = 7


def v_bytearray_old_view():
    """
b = bytearray(8); m = memoryview(b)
"""
    m[0] = 1


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


def v_attr_class_nested():
    """
class A:
    class B: x = 1
"""
    A.B.x = 2


def v_attr_setattr_hook():
    """
class A:
    def __setattr__(self, n, v): object.__setattr__(self, n, v)
a = A()
"""
    a.x = 1


def v_attr_delattr_builtin():
    """
class A: pass
a = A(); a.x = 1
"""
    delattr(a, 'x')


def v_attr_loop_many():
    """
class A:
    def __init__(self): self.n = 0
items = [A() for _ in range(5)]
"""
    for it in items:
        it.n += 1


def v_attr_hot_loop():
    """
class A:
    def __init__(self): self.n = 0
a = A()
def bump(o): o.n += 1
b = A()
for _ in range(100): bump(b)
"""
    bump(a)


def v_attr_slots_hot():
    """
class A:
    __slots__ = ('n',)
    def __init__(self): self.n = 0
a = A()
def bump(o): o.n += 1
b = A()
for _ in range(100): bump(b)
"""
    bump(a)


def v_attr_dict_update():
    """
class A: pass
a = A(); a.x = 1
"""
    a.__dict__.update(x=2)


def v_attr_dict_new():
    """
class A: pass
a = A(); a.x = 1
"""
    a.__dict__ = {'x': 2}


def v_attr_dict_pop():
    """
class A: pass
a = A(); a.x = 1
"""
    vars(a).pop('x')


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


def v_attr_classmethod_state():
    """
class A:
    n = 0
    @classmethod
    def bump(cls): cls.n += 1
"""
    A.bump()


def v_attr_subclass_instance():
    """
class A: pass
class B(A): pass
b = B()
"""
    b.x = 1


def v_attr_metaclass():
    """
class M(type):
    def mark(cls): cls.marked = True
class A(metaclass=M): pass
"""
    A.mark()


def v_attr_descriptor_state():
    """
class D:
    def __set__(self, o, v): o.__dict__['v'] = v
    def __get__(self, o, t): return o.__dict__.get('v')
class A: v = D()
a = A()
"""
    a.v = 3


def v_attr_exception():
    """
e = ValueError('x')
"""
    e.extra = 1


def v_attr_partial():
    """
import functools
p = functools.partial(int, base=2)
"""
    p.note = 1


def v_attr_function_doc():
    """
def f(): 'doc'
"""
    f.__doc__ = 'other'


def v_attr_function_kwdefaults():
    """
def f(*, a=1): return a
"""
    f.__kwdefaults__['a'] = 2


def v_attr_function_code():
    """
def f(): return 1
def g(): return 2
"""
    f.__code__ = g.__code__


def v_attr_annotations():
    """
class A:
    x: int
"""
    A.__annotations__['y'] = str


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


def v_attr_weakref_target():
    """
import weakref
class A: pass
a = A(); r = weakref.ref(a)
"""
    r().x = 1


def v_method_bound_saved():
    """
class A:
    def __init__(self): self.n = 0
    def bump(self): self.n += 1
a = A(); bump = a.bump
"""
    bump()


def v_property_list():
    """
class A:
    def __init__(self): self._xs = []
    @property
    def xs(self): return self._xs
a = A()
"""
    a.xs.append(1)


def v_property_deleter():
    """
class A:
    def __init__(self): self._x = 1
    @property
    def x(self): return self._x
    @x.deleter
    def x(self): del self._x
a = A()
"""
    del a.x


def v_setitem_user_class():
    """
class A:
    def __init__(self): self.d = {}
    def __setitem__(self, k, v): self.d[k] = v
a = A()
"""
    a['k'] = 1


def v_iadd_user_class():
    """
class A:
    def __init__(self): self.n = 0
    def __iadd__(self, o): self.n += o; return self
a = A()
"""
    b = a; b += 1


def v_call_user_class():
    """
class A:
    def __init__(self): self.n = 0
    def __call__(self): self.n += 1
a = A()
"""
    a()


def v_enter_user_class():
    """
class A:
    def __init__(self): self.n = 0
    def __enter__(self): self.n += 1; return self
    def __exit__(self, *a): pass
a = A()
"""
    with a:
        pass


def v_iter_user_class():
    """
class A:
    def __init__(self): self.n = 0
    def __iter__(self): return self
    def __next__(self):
        self.n += 1
        if self.n > 3: raise StopIteration
        return self.n
a = A()
"""
    list(a)


def v_closure_two_levels():
    """
def outer():
    n = 0
    def mid():
        def inner():
            nonlocal n
            n += 1
        return inner
    return mid
mid = outer()
"""
    mid()()


def v_closure_shared_cell():
    """
def mk():
    n = 0
    def get(): return n
    def put(v):
        nonlocal n
        n = v
    return get, put
get, put = mk()
"""
    put(5)


def v_closure_for_target():
    """
def mk():
    n = 0
    def f():
        nonlocal n
        for n in range(3): pass
    return f
f = mk()
"""
    f()


def v_global_in_method():
    """
count = 0
class A:
    def f(self):
        global count
        count += 1
a = A()
"""
    a.f()


def v_global_in_lambda_walrus():
    """
hits = [0]
f = lambda: hits.__setitem__(0, 1)
"""
    f()


def v_global_for_target():
    """
i = 0
"""
    global i
    for i in range(3):
        pass


def v_global_with_target():
    """
import contextlib
v = 0
"""
    global v
    with contextlib.nullcontext(5) as v:
        pass


def v_global_except_target():
    """
err = None
"""
    global err
    try:
        1 / 0
    except ZeroDivisionError as err:
        pass


def v_global_unpack():
    """
a = b = 0
"""
    global a, b
    a, b = 1, 2


def v_global_class():
    """
Thing = None
"""
    global Thing
    class Thing:
        pass


def v_global_import_from():
    """
pass
"""
    global sqrt
    from math import sqrt


def v_global_annotated():
    """
n = 0
"""
    global n
    n = 5


def v_global_generator():
    """
n = 0
def g():
    global n
    n = 1
    yield n
"""
    list(g())


def v_global_async():
    """
import asyncio
n = 0
async def f():
    global n
    n = 1
"""
    asyncio.run(f())


def v_global_in_thread():
    """
import threading
n = 0
seen = []
def f():
    global n
    n = 1
"""
    import threading
    box = []
    def body():
        try:
            f()
        except BaseException as e:
            box.append(e)
    t = threading.Thread(target=body)
    t.start()
    t.join()
    raise box[0]


def v_globals_update():
    """
x = 1
"""
    globals().update(x=2)


def v_globals_setdefault():
    """
pass
"""
    globals().setdefault('brand_new', 1)


def v_globals_pop():
    """
x = 1
"""
    globals().pop('x')


def v_exec_function_body():
    """
x = 1
"""
    exec('global x\nx = 5')


def v_exec_list():
    """
xs = []
"""
    exec('xs.append(1)')


def v_eval_method():
    """
xs = []
"""
    eval('xs.append(1)')


def v_exec_compiled():
    """
x = 1
co = compile('x = 2', '<c>', 'exec')
"""
    exec(co, globals())


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


def v_random_shuffle_np():
    """
import random, numpy as np
a = np.arange(50)
"""
    random.shuffle(a)


def v_shelve_like():
    """
import collections
store = collections.defaultdict(lambda: collections.defaultdict(int))
"""
    store['a']['b'] += 1


def v_graph_dfs():
    """
graph = {1: [2], 2: []}; seen = set()
def walk(n):
    seen.add(n)
    for m in graph[n]: walk(m)
"""
    walk(1)


def v_memo_dict():
    """
memo = {}
def fib(n):
    if n not in memo:
        memo[n] = n if n < 2 else fib(n - 1) + fib(n - 2)
    return memo[n]
"""
    fib(5)


def v_tree_insert():
    """
class Node:
    def __init__(self, v): self.v, self.l, self.r = v, None, None
    def put(self, v):
        if v < self.v:
            if self.l: self.l.put(v)
            else: self.l = Node(v)
        else:
            if self.r: self.r.put(v)
            else: self.r = Node(v)
root = Node(5)
"""
    root.put(3)


def v_linked_list():
    """
class N:
    def __init__(self, v, nxt=None): self.v, self.nxt = v, nxt
head = N(1, N(2))
"""
    head.nxt.nxt = N(3)


def v_event_set():
    """
import threading
ev = threading.Event()
"""
    ev.set()


def v_semaphore():
    """
import threading
sem = threading.Semaphore(2)
"""
    sem.acquire()


def v_queue_get():
    """
import queue
q = queue.Queue(); q.put(1)
"""
    q.get()


def v_queue_simple():
    """
import queue
q = queue.SimpleQueue()
"""
    q.put(1)


def v_queue_priority():
    """
import queue
q = queue.PriorityQueue()
"""
    q.put(1)


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


def v_elementtree_append():
    """
import xml.etree.ElementTree as ET
root = ET.Element('a')
"""
    root.append(ET.Element('b'))


def v_elementtree_set():
    """
import xml.etree.ElementTree as ET
root = ET.Element('a')
"""
    root.set('k', 'v')


def v_elementtree_text():
    """
import xml.etree.ElementTree as ET
root = ET.Element('a')
"""
    root.text = 'x'


def v_elementtree_sub():
    """
import xml.etree.ElementTree as ET
root = ET.Element('a')
"""
    ET.SubElement(root, 'b')


def v_email_header():
    """
from email.message import EmailMessage
m = EmailMessage()
"""
    m['Subject'] = 'x'


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


def v_string_io_writelines():
    """
import io
f = io.StringIO()
"""
    f.writelines(['a', 'b'])


def v_bytes_io():
    """
import io
f = io.BytesIO()
"""
    f.write(b'x')


def v_bytes_io_getbuffer():
    """
import io
f = io.BytesIO(b'abcd')
"""
    f.getbuffer()[0] = 65


def v_string_io_truncate():
    """
import io
f = io.StringIO('abc')
"""
    f.truncate(0)


def v_print_to_main():
    """
import io
f = io.StringIO()
"""
    print('x', file=f)


def v_csv_writer_main():
    """
import csv, io
f = io.StringIO(); w = csv.writer(f)
"""
    w.writerow([1])


def v_json_dump_main():
    """
import json, io
f = io.StringIO()
"""
    json.dump({'a': 1}, f)


def v_pickle_dump_main():
    """
import pickle, io
f = io.BytesIO()
"""
    pickle.dump([1], f)


def v_struct_pack_into_array():
    """
import struct, array
a = array.array('B', bytes(8))
"""
    struct.pack_into('<I', a, 0, 7)


def v_struct_object_pack_into():
    """
import struct
b = bytearray(8); s = struct.Struct('<I')
"""
    s.pack_into(b, 0, 7)


def v_socket_recv_into():
    """
import socket
a, c = socket.socketpair(); c.send(b'abc'); b = bytearray(8)
"""
    a.recv_into(b)


def v_file_readinto():
    """
import tempfile
b = bytearray(4)
"""
    with open('/etc/hostname', 'rb', 0) as f:
        f.readinto(b)


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


def v_mmap_store():
    """
import mmap
m = mmap.mmap(-1, 4096)
"""
    m[0] = 65


def v_mmap_write():
    """
import mmap
m = mmap.mmap(-1, 4096)
"""
    m.write(b'abc')


def v_gen_send():
    """
def g():
    while True:
        yield 1
it = g(); next(it)
"""
    it.send(5)


def v_gen_close():
    """
def g():
    yield 1
    yield 2
it = g(); next(it)
"""
    it.close()


def v_gen_throw():
    """
def g():
    try:
        yield 1
    except ValueError:
        yield 2
it = g(); next(it)
"""
    it.throw(ValueError)


def v_gen_yield_from():
    """
def g():
    yield 1
    yield 2
it = g()
def h():
    yield from it
"""
    list(h())


def v_gen_list():
    """
it = (i for i in range(3))
"""
    list(it)


def v_gen_sum():
    """
it = (i for i in range(3))
"""
    sum(it)


def v_gen_unpack():
    """
it = (i for i in range(2))
"""
    a, b = it


def v_gen_star():
    """
it = (i for i in range(2))
"""
    print(*it)


def v_gen_in():
    """
it = (i for i in range(3))
"""
    1 in it


def v_iter_enumerate():
    """
it = enumerate([1, 2])
"""
    next(it)


def v_iter_zip():
    """
it = zip([1], [2])
"""
    list(it)


def v_iter_map():
    """
it = map(str, [1, 2])
"""
    next(it)


def v_iter_filter():
    """
it = filter(None, [1, 2])
"""
    next(it)


def v_iter_reversed():
    """
it = reversed([1, 2])
"""
    next(it)


def v_iter_dict():
    """
it = iter({'a': 1})
"""
    next(it)


def v_iter_set():
    """
it = iter({1})
"""
    next(it)


def v_iter_str():
    """
it = iter('abc')
"""
    next(it)


def v_iter_range():
    """
it = iter(range(3))
"""
    next(it)


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


def v_iter_default():
    """
it = iter([1])
"""
    next(it, None)


def v_iter_callable():
    """
it = iter(lambda: 1, 2)
"""
    next(it)


def v_async_gen():
    """
import asyncio
async def ag():
    yield 1
    yield 2
g = ag()
"""
    import asyncio
    async def main():
        return await g.__anext__()
    asyncio.run(main())


def v_coroutine_main():
    """
import asyncio
async def c(): return 1
co = c()
"""
    import asyncio
    asyncio.run(co)


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


def v_pd_at():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.at[0, 'a'] = 9


def v_pd_iat():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.iat[0, 0] = 9


def v_pd_iloc():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.iloc[0] = 9


def v_pd_attr_column():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.a = [5, 6]


def v_pd_drop_inplace():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2], 'b': [1, 2]})
"""
    df.drop(columns='b', inplace=True)


def v_pd_fillna_inplace():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, None]})
"""
    df.fillna(0, inplace=True)


def v_pd_rename_inplace():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.rename(columns={'a': 'b'}, inplace=True)


def v_pd_reset_index():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.reset_index(inplace=True)


def v_pd_set_index():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.set_index('a', inplace=True)


def v_pd_pop():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.pop('a')


def v_pd_del_column():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    del df['a']


def v_pd_update():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.update(pd.DataFrame({'a': [9]}))


def v_pd_index_name():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.index.name = 'i'


def v_pd_index_set():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.index = ['x', 'y']


def v_pd_series_name():
    """
import pandas as pd
s = pd.Series([1, 2])
"""
    s.name = 'n'


def v_pd_series_inplace():
    """
import pandas as pd
s = pd.Series([3, 1])
"""
    s.sort_values(inplace=True)


def v_pd_series_iadd():
    """
import pandas as pd
s = pd.Series([3, 1])
"""
    t = s; t += 1


def v_pd_series_loc():
    """
import pandas as pd
s = pd.Series([3, 1], index=['a', 'b'])
"""
    s.loc['a'] = 5


def v_pd_series_new_key():
    """
import pandas as pd
s = pd.Series([3, 1], index=['a', 'b'])
"""
    s['z'] = 5


def v_pd_loc_enlarge():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.loc[5] = 9


def v_pd_loc_mask():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 2]})
"""
    df.loc[df.a > 1, 'a'] = 0


def v_pd_replace_inplace():
    """
import pandas as pd
s = pd.Series([3, 1])
"""
    s.replace(3, 5, inplace=True)


def v_pd_values():
    """
import pandas as pd
s = pd.Series([3, 1])
"""
    s.values[0] = 5


def v_pd_clip_inplace():
    """
import pandas as pd
s = pd.Series([3, 1])
"""
    s.clip(0, 2, inplace=True)


def v_pd_drop_duplicates():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 1]})
"""
    df.drop_duplicates(inplace=True)


def v_pd_eval_inplace():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 1]})
"""
    df.eval('b = a + 1', inplace=True)


def v_pd_attrs():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 1]})
"""
    df.attrs['k'] = 1


def v_nonlocal_delete():
    """
def make():
    n = 1
    def drop():
        nonlocal n
        del n
    return drop, lambda: n
drop, look = make()
"""
    drop()


def v_nonlocal_delete_in_a_method():
    """
def make():
    kept = [1]
    class Holder:
        def drop(self):
            nonlocal kept
            if kept:
                del kept
    return Holder()
holder = make()
"""
    holder.drop()


def v_hash_update():
    """
import hashlib
h = hashlib.sha256(b'a')
"""
    h.update(b'b')


def v_hash_update_sha3():
    """
import hashlib
h = hashlib.sha3_256()
"""
    h.update(b'b')


def v_hash_update_blake2():
    """
import hashlib
h = hashlib.blake2b()
"""
    h.update(b'b')


def v_hash_update_by_a_file():
    """
import hashlib, io
h = hashlib.md5()
"""
    h.update(io.BytesIO(b'abc').getbuffer())


def v_hmac_update():
    """
import hmac
h = hmac.new(b'key', digestmod='sha256')
"""
    h.update(b'b')


def v_zlib_compress():
    """
import zlib
c = zlib.compressobj()
"""
    c.compress(b'abc')


def v_zlib_flush():
    """
import zlib
c = zlib.compressobj()
"""
    c.flush()


def v_zlib_decompress():
    """
import zlib
c = zlib.decompressobj()
"""
    c.decompress(zlib.compress(b'abc'))


def v_bz2_compress():
    """
import bz2
c = bz2.BZ2Compressor()
"""
    c.compress(b'abc')


def v_lzma_compress():
    """
import lzma
c = lzma.LZMACompressor()
"""
    c.compress(b'abc')


def v_asyncio_future():
    """
import asyncio
loop = asyncio.new_event_loop(); f = loop.create_future()
"""
    f.set_result(1)


def v_asyncio_future_cancel():
    """
import asyncio
loop = asyncio.new_event_loop(); f = loop.create_future()
"""
    f.cancel()


def v_asyncio_future_callback():
    """
import asyncio
loop = asyncio.new_event_loop(); f = loop.create_future()
"""
    f.add_done_callback(print)


def v_pickler():
    """
import io, pickle
p = pickle.Pickler(io.BytesIO())
"""
    p.dump([1])


def v_pickler_memo():
    """
import io, pickle
p = pickle.Pickler(io.BytesIO())
"""
    p.clear_memo()


def v_unpickler():
    """
import io, pickle
p = pickle.Unpickler(io.BytesIO(pickle.dumps(1) * 2))
"""
    p.load()


def v_poll_register():
    """
import select
p = select.poll()
"""
    p.register(0)


def v_partial_state():
    """
import functools
p = functools.partial(print, 1)
"""
    p.__setstate__((print, (), {}, {}))


def v_iterator_state():
    """
i = iter([1, 2, 3])
"""
    i.__setstate__(2)


def v_itertools_state():
    """
import itertools
i = itertools.cycle([1, 2, 3])
"""
    i.__setstate__(([2], 1))


def v_exception_state():
    """
e = ValueError(1)
"""
    e.__setstate__({'k': 1})


def v_memory_bio():
    """
import ssl
b = ssl.MemoryBIO()
"""
    b.write(b'abc')


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


def v_method_of_the_slot_bound_in_main():
    """
l = [1, 2]; put = l.__setitem__
"""
    put(0, 9)


def v_method_of_the_slot_of_the_base():
    """
class L(list):
    def put(self, at, value):
        super().__setitem__(at, value)
l = L([1, 2])
"""
    l.put(0, 9)


def v_gzip_seek_while_writing():
    """
import gzip, io
g = gzip.open(io.BytesIO(), 'wb')
"""
    g.seek(100)


def v_gzip_write():
    """
import gzip, io
g = gzip.open(io.BytesIO(), 'wb')
"""
    g.write(b'abc')


def v_zip_write():
    """
import io, zipfile
z = zipfile.ZipFile(io.BytesIO(), 'w')
"""
    z.writestr('a', 'b')


def v_tar_write():
    """
import io, tarfile
t = tarfile.open(fileobj=io.BytesIO(), mode='w')
"""
    t.addfile(tarfile.TarInfo('a'))


def v_pd_name_of_the_index_by_setattr():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 1]})
"""
    setattr(df.index, 'name', 'i')


def v_pd_names_of_the_columns_by_setattr():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 1]})
"""
    setattr(df.columns, 'names', ['i'])


def v_pd_flags():
    """
import pandas as pd
df = pd.DataFrame({'a': [1, 1]})
"""
    df.flags.allows_duplicate_labels = False


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


def v_figure_title():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    ax.set_title('t')


def v_figure_suptitle():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    fig.suptitle('t')


def v_figure_legend():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    ax.legend(['a'])


def v_figure_add_subplot():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    fig.add_subplot(2, 1, 2)


def v_figure_plot():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    ax.plot([1, 2])


def v_figure_line():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    line.set_color('red')


def v_figure_ticks():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    ax.set_xticks([1])


def v_figure_grid():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    ax.grid()


def v_figure_size():
    """
from matplotlib.figure import Figure
fig = Figure(); ax = fig.add_subplot(); line, = ax.plot([1, 2])
"""
    fig.set_size_inches(1, 1)


def v_borg():
    """
class Borg:
    state = {"size": 1}
    def __init__(self): self.__dict__ = self.state
"""
    Borg().size = 2


def v_own_object_with_a_dict_of_main():
    """
class Plain: pass
d = {"a": 1}
"""
    p = Plain(); p.__dict__ = d; p.a = 2


def v_own_object_with_the_dict_of_another():
    """
class Plain: pass
one = Plain(); one.a = 1
"""
    p = Plain(); p.__dict__ = one.__dict__; p.a = 2
