"""Programs of the standard library that change an object of the notebook: each must be refused."""


def v_dict_with_body():
    """
d = {}
import contextlib
"""
    with contextlib.suppress(ValueError):
        d['x'] = 1


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


def v_attr_weakref_target():
    """
import weakref
class A: pass
a = A(); r = weakref.ref(a)
"""
    r().x = 1


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


def v_shelve_like():
    """
import collections
store = collections.defaultdict(lambda: collections.defaultdict(int))
"""
    store['a']['b'] += 1


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


def v_itertools_state():
    """
import itertools
i = itertools.cycle([1, 2, 3])
"""
    i.__setstate__(([2], 1))


def v_memory_bio():
    """
import ssl
b = ssl.MemoryBIO()
"""
    b.write(b'abc')


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
