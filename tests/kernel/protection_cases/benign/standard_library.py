"""Programs of the standard library that change nothing of the notebook: none may be refused."""


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


def b_async_own():
    """
import asyncio
async def f(n):
    await asyncio.sleep(0)
    return n
"""
    async def main():
        q = asyncio.Queue()
        await q.put(1)
        lock = asyncio.Lock()
        async with lock:
            pass
        ev = asyncio.Event(); ev.set(); await ev.wait()
        return await q.get(), await asyncio.gather(f(1), f(2))
    return asyncio.run(main())


def b_async_gen_own():
    """
import asyncio
async def ag():
    for i in range(3): yield i
"""
    async def main(): return [x async for x in ag()]
    return asyncio.run(main())


def b_async_task_group():
    """
import asyncio
"""
    async def one(x): return x
    async def main():
        async with asyncio.TaskGroup() as tg:
            t = [tg.create_task(one(i)) for i in range(3)]
        return [x.result() for x in t]
    return asyncio.run(main())


def b_async_timeout():
    """
import asyncio
"""
    async def main():
        try:
            await asyncio.wait_for(asyncio.sleep(10), 0.01)
        except asyncio.TimeoutError:
            return 1
    return asyncio.run(main())


def b_contextmanager_main():
    """
import contextlib
@contextlib.contextmanager
def cm(x):
    yield [x]
"""
    with cm(1) as a, cm(2) as b:
        a.append(b)
    return a


def b_redirect_stdout():
    """
import contextlib, io
"""
    f = io.StringIO()
    with contextlib.redirect_stdout(f):
        print('x')
    return f.getvalue()


def b_traceback_format():
    """
import traceback
def deep(n):
    if n: deep(n - 1)
    else: raise ValueError('x')
"""
    try:
        deep(5)
    except ValueError as e:
        return len(traceback.format_exception(e)), len(traceback.extract_tb(e.__traceback__))


def b_warnings_many():
    """
import warnings
def w(): warnings.warn('careful', DeprecationWarning)
"""
    for _ in range(3):
        w()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter('always'); w(); w()
    return len(seen)


def b_logging_levels():
    """
import logging
log = logging.getLogger('b.user'); log.addHandler(logging.NullHandler())
"""
    log.error('x %s', 1); log.getChild('c').info('y'); logging.getLogger('b.new').warning('z'); log.isEnabledFor(30)


def b_logging_exception():
    """
import logging
"""
    try:
        1 / 0
    except ZeroDivisionError:
        logging.getLogger('b.exc').exception('boom')


def b_logging_new_handler():
    """
import logging, io
"""
    h = logging.StreamHandler(io.StringIO()); lg = logging.Logger('mine'); lg.addHandler(h); lg.warning('x'); return h.stream.getvalue()


def b_import_many():
    """
pass
"""
    import tomllib, plistlib, configparser, sched, graphlib, calendar, bisect, fractions; return tomllib.loads('a = 1')


def b_import_submodule():
    """
import os
"""
    import xml.dom.minidom, concurrent.futures.process, email.mime.text, importlib.resources; return 1


def b_import_inside_function():
    """
def f():
    import textwrap, difflib
    return textwrap.fill('a b', 2)
"""
    return f()


def b_importlib_dynamic():
    """
import importlib
"""
    m = importlib.import_module('stringprep'); return m.__name__


def b_json_all():
    """
import json
data = {'a': [1, {'b': 2.5}], 'c': None}
"""
    return json.loads(json.dumps(data)), json.dumps(data, indent=2), json.dumps(data, default=str)


def b_json_custom():
    """
import json
class Enc(json.JSONEncoder):
    def default(self, o): return list(o)
"""
    return json.dumps({'s': {1}}, cls=Enc)


def b_pickle_all():
    """
import pickle, copy
class P:
    def __init__(self): self.xs = [1]
p = P()
"""
    q = copy.copy(p); r = copy.deepcopy(p); r.xs.append(2); q.y = 1; return len(pickle.dumps(r.__dict__))


def b_pickle_reduce():
    """
import pickle
class P:
    def __getstate__(self): return {'a': 1}
    def __setstate__(self, s): self.__dict__.update(s)
p = P()
"""
    import copy; return copy.copy(p).a


def b_copyreg_reading():
    """
import copy
d = {'a': [1, (2, [3])]}
"""
    e = copy.deepcopy(d); e['a'][1][1].append(4); return e


def b_csv_own():
    """
import csv, io
rows = [['a', 'b'], ['1', '2']]
"""
    f = io.StringIO(); w = csv.DictWriter(f, ['a', 'b']); w.writeheader(); w.writerow({'a': 1, 'b': 2}); return list(csv.DictReader(io.StringIO(f.getvalue())))


def b_sqlite_own():
    """
import sqlite3
"""
    c = sqlite3.connect(':memory:'); c.row_factory = sqlite3.Row; c.execute('create table t(a, b)'); c.executemany('insert into t values (?, ?)', [(1, 2), (3, 4)]); return [tuple(r) for r in c.execute('select * from t')]


def b_configparser_own():
    """
import configparser
"""
    c = configparser.ConfigParser(); c.read_string('[a]\nb = 1'); c['a']['c'] = '2'; c.add_section('z'); return dict(c['a'])


def b_configparser_main_read():
    """
import configparser
c = configparser.ConfigParser(); c.read_string('[a]\\nb = 1')
"""
    return c['a']['b'], c.sections(), c.getint('a', 'b'), c.has_option('a', 'q'), dict(c['a'])


def b_datetime_all():
    """
import datetime as dt, zoneinfo
t = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)
"""
    return t + dt.timedelta(1), t.astimezone(), str(t), t.replace(year=2000), dt.date.today().isoformat(), zoneinfo.ZoneInfo('UTC').utcoffset(t), f'{t:%Y}'


def b_decimal_context():
    """
import decimal
d = decimal.Decimal('1.5')
"""
    decimal.getcontext().prec = 10; return d / 7, d.sqrt(), round(d, 1)


def b_fraction_math():
    """
from fractions import Fraction
import math, statistics, cmath
f = Fraction(1, 3); xs = [1.0, 2.0]
"""
    return f ** 2, math.prod(xs), statistics.variance(xs), cmath.sqrt(-1), statistics.NormalDist.from_samples(xs).mean


def b_random_own():
    """
import random
r0 = random.Random(5)
"""
    r = random.Random(1); r.shuffle([1, 2]); random.seed(3); return r.random(), random.gauss(0, 1), random.choices([1, 2], k=3), random.sample([1, 2, 3], 2), r0.random(), r0.randint(1, 5)


def b_random_gauss_main():
    """
import random
rng = random.Random(7)
"""
    return [rng.random() for _ in range(3)], rng.choice([1, 2]), rng.uniform(0, 1), rng.gauss(0, 1), rng.normalvariate(0, 1)


def b_secrets_uuid():
    """
import uuid, secrets, hashlib, hmac
h0 = hashlib.sha256(b'a')
"""
    h = hashlib.md5(b'x'); h.update(b'y'); g = h0.copy(); g.update(b'z'); return uuid.uuid5(uuid.NAMESPACE_DNS, 'a'), h0.hexdigest(), hmac.new(b'k', b'm', 'sha1').hexdigest()


def b_re_variants():
    """
import re
p = re.compile(r'(?P<a>\\d+)')
"""
    return p.sub(lambda m: m['a'] * 2, 'a1b22'), re.split(r',', 'a,b'), [m.span() for m in re.finditer('a', 'banana')], re.fullmatch('x+', 'xx') is not None, re.escape('a.b'), p.scanner('12').match().group()


def b_string_methods():
    """
import string, textwrap
s = 'hello world'
"""
    return s.title(), s.center(20), s.translate(str.maketrans('l', 'L')), string.capwords(s), textwrap.wrap(s, 5), f'{s!r:>20}', '{:,}'.format(10000), s.encode('utf-16').decode('utf-16')


def b_codecs_all():
    """
import codecs, base64, binascii, zlib, gzip, bz2, lzma
"""
    z = zlib.compressobj(); z.compress(b'x'); z.flush(); return base64.b64encode(b'x'), gzip.decompress(gzip.compress(b'abc')), bz2.decompress(bz2.compress(b'a')), lzma.decompress(lzma.compress(b'a')), codecs.encode('abc', 'rot13')


def b_struct_own():
    """
import struct
s = struct.Struct('<I')
"""
    b = bytearray(4); s.pack_into(b, 0, 7); struct.pack_into('<H', b, 0, 1); return s.unpack(b), list(struct.iter_unpack('<H', b))


def b_path_all():
    """
import pathlib, os
root = pathlib.Path('/usr/lib')
"""
    return root / 'x', root.parts, root.joinpath('a').with_suffix('.py'), root.is_dir(), sorted(root.glob('python3*'))[:1], root.as_posix(), root.resolve(), os.fspath(root), hash(root), root < pathlib.Path('/z'), str(root), root.relative_to('/usr')


def b_tempfile_all():
    """
import tempfile, os, pathlib, shutil
"""
    with tempfile.TemporaryDirectory() as d:
        p = pathlib.Path(d) / 'a.txt'
        p.write_text('x\n')
        with p.open('a') as f:
            f.write('y')
        shutil.copy(p, p.with_suffix('.bak'))
        return p.read_text(), sorted(os.listdir(d)), [q.name for q in os.scandir(d)]


def b_tempfile_named():
    """
import tempfile
"""
    with tempfile.NamedTemporaryFile('w+') as f:
        f.write('abc'); f.seek(0)
        return f.read()


def b_stringio_main_read():
    """
import io
f = io.StringIO('a\\nb\\n')
"""
    return f.read(1), f.readline(), list(f), f.getvalue()


def b_bytesio_main_getbuffer_read():
    """
import io
f = io.BytesIO(b'abcd')
"""
    return bytes(f.getbuffer()[1:3]), f.read(2)


def b_subprocess_pipe():
    """
import subprocess, sys
"""
    return subprocess.check_output(['echo', 'x']), subprocess.run('cat', input=b'y', stdout=subprocess.PIPE).stdout


def b_subprocess_popen():
    """
import subprocess
"""
    with subprocess.Popen(['cat'], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        return p.communicate(b'z')[0]


def b_threads_own():
    """
import threading, queue
lock = threading.Lock()
"""
    q = queue.Queue(); out = []
    def w():
        with lock:
            out.append(q.get())
    ts = [threading.Thread(target=w) for _ in range(3)]
    [t.start() for t in ts]
    for i in range(3): q.put(i)
    [t.join() for t in ts]
    ev = threading.Event(); ev.set(); tl = threading.local(); tl.x = 1; b = threading.Barrier(1); b.wait()
    return sorted(out)


def b_thread_timer():
    """
import threading
"""
    out = []
    t = threading.Timer(0.01, out.append, (1,)); t.start(); t.join(); return out


def b_pool_threads():
    """
from concurrent.futures import ThreadPoolExecutor, as_completed
def sq(x): return x * x
"""
    with ThreadPoolExecutor(2) as ex:
        fs = [ex.submit(sq, i) for i in range(5)]
        return sorted(f.result() for f in as_completed(fs))


def b_condition_own():
    """
import threading
"""
    c = threading.Condition(); r = threading.RLock(); s = threading.Semaphore(1)
    with c: c.notify_all()
    with r, s: return 1


def b_main_rlock():
    """
import threading
r = threading.RLock(); c = threading.Condition()
"""
    with r:
        with r:
            pass
    with c:
        pass
    return 1


def b_main_event_read():
    """
import threading
ev = threading.Event(); ev.set()
"""
    return ev.is_set(), ev.wait(0.01)


def b_lru_cache_method():
    """
import functools
class A:
    @functools.lru_cache
    def f(self, n): return n * 2
a = A()
"""
    return a.f(3), a.f(3), A.f.cache_info().hits


def b_lru_cache_clear():
    """
import functools
@functools.cache
def f(n): return n
"""
    f(1); return f.cache_info().currsize


def b_singledispatch_new():
    """
import functools
@functools.singledispatch
def sd(x): return 'o'
class A: pass
"""
    return sd(A()), sd([]), sd({}), sd(1.5)


def b_singledispatchmethod():
    """
import functools
class A:
    @functools.singledispatchmethod
    def f(self, x): return 'o'
    @f.register
    def _(self, x: int): return 'i'
a = A()
"""
    return a.f(1), a.f('s')


def b_cached_property_slots():
    """
import functools
class A:
    def __init__(self, n): self.n = n
    @functools.cached_property
    def sq(self): return self.n ** 2
xs = [A(1), A(2)]
"""
    return [a.sq for a in xs] + [a.sq for a in xs]


def b_total_ordering():
    """
import functools
@functools.total_ordering
class V:
    def __init__(self, n): self.n = n
    def __eq__(self, o): return self.n == o.n
    def __lt__(self, o): return self.n < o.n
vs = [V(2), V(1)]
"""
    return sorted(vs)[0].n, max(vs).n, V(1) <= V(2)


def b_partial_main():
    """
import functools
p = functools.partial(max, 3)
"""
    q = functools.partial(p, 9); q.note = 1; return p(1), q()


def b_wraps_new():
    """
import functools
def deco(f):
    @functools.wraps(f)
    def w(*a):
        w.calls += 1
        return f(*a)
    w.calls = 0
    return w
"""
    @deco
    def f(x): return x
    f(1); f(2); return f.calls


def b_typing_all():
    """
import typing, dataclasses
T = typing.TypeVar('T')
class G(typing.Generic[T]): pass
"""
    class TD(typing.TypedDict):
        a: int
    class P(typing.Protocol):
        def f(self): ...
    return G[int], typing.Union[int, str], typing.Callable[[int], str], typing.get_type_hints(TD), typing.Literal[1], TD(a=1), typing.cast(int, 5)


def b_protocol_check():
    """
import typing
@typing.runtime_checkable
class P(typing.Protocol):
    def f(self): ...
class A:
    def f(self): return 1
a = A()
"""
    return isinstance(a, P), isinstance(3, P)


def b_dataclass_all():
    """
from dataclasses import dataclass, field, asdict, astuple, replace, fields
@dataclass(order=True)
class P:
    x: int = 0
    tags: list = field(default_factory=list)
    def __post_init__(self): self.y = self.x * 2
p = P(3)
"""
    q = replace(p, x=9, tags=[]); q.tags.append(1); r = P(1); r.x = 5; return asdict(p), astuple(q), p < q, hash(1), [f.name for f in fields(P)], repr(p), p == P(3)


def b_enum_all():
    """
import enum
class C(enum.Enum):
    A = 1
    B = 2
    @property
    def pretty(self): return self.name.lower()
class F(enum.Flag):
    X = 1
    Y = 2
"""
    return C.A.pretty, C['B'], list(C), F.X | F.Y, F(3), ~F.X, C(1) is C.A, {C.A: 1}, C.__members__['A']


def b_enum_new_member_pseudo():
    """
import enum
class F(enum.IntFlag):
    A = 1
    B = 2
    C = 4
"""
    return F(7), F.A | F.C, F(3) & F.B, F(12)


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


def b_inspect_all():
    """
import inspect, dis
class A:
    def f(self, a, *b, c=1): return a
"""
    s = inspect.signature(A.f); return str(s), inspect.getmembers(A)[0], inspect.isclass(A), inspect.stack()[0].function, list(s.bind(1, 2).arguments), inspect.getfullargspec(A.f).args, len(list(dis.get_instructions(A.f)))


def b_inspect_frames():
    """
import sys
"""
    f = sys._getframe(); n = 1; return f.f_locals['n'], f.f_code.co_name, f.f_globals is globals()


def b_ast_compile():
    """
import ast
src = 'x = 1 + 2'
"""
    t = ast.parse(src); t.body[0].targets[0].id = 'y'; ns = {}; exec(compile(ast.fix_missing_locations(t), '<t>', 'exec'), ns); return ns['y'], ast.literal_eval('[1]'), ast.unparse(t)


def b_code_interactive():
    """
import code
"""
    i = code.InteractiveInterpreter({'a': 1}); i.runsource('b = a + 1'); i.runsource('b'); return i.locals['b']


def b_types_dynamic():
    """
import types
def base(): return 1
"""
    f = types.FunctionType(base.__code__, {}); f.x = 1; m = types.ModuleType('m'); m.y = 2; exec('z = 3', m.__dict__); ns = types.SimpleNamespace(a=1); ns.b = 2; C = type('C', (), {'v': 1}); C.w = 2; return f(), m.z, ns.b, C.w


def b_operator_own():
    """
import operator
"""
    xs = [1]; operator.setitem(xs, 0, 5); operator.iadd(xs, [2]); operator.delitem(xs, 0); d = {}; operator.setitem(d, 'a', 1); return operator.attrgetter('real')(5), operator.itemgetter(0)(xs)


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


def b_contextvars_all():
    """
import contextvars
cv = contextvars.ContextVar('cv', default=1); ctx = contextvars.copy_context()
"""
    t = cv.set(5); cv.reset(t); c2 = contextvars.copy_context(); c2.run(cv.set, 9); return cv.get(), ctx.get(cv), list(ctx.items())


def b_argparse_full():
    """
import argparse
p = argparse.ArgumentParser(); p.add_argument('--n', type=int, default=3); p.add_argument('f', nargs='*'); sp = argparse.ArgumentParser(); ss = sp.add_subparsers(dest='c'); ss.add_parser('go')
"""
    return p.parse_args(['--n', '5', 'a']).n, p.parse_known_args(['--zz'])[1], sp.parse_args(['go']).c, p.format_help()[:5]


def b_email_own():
    """
import email, email.message
m0 = email.message_from_string('Subject: x\\n\\nbody')
"""
    m = email.message.EmailMessage(); m['To'] = 'a@b'; m.set_content('hi'); return m0['Subject'], m0.get_payload(), m.as_string()[:5]


def b_xml_all():
    """
import xml.etree.ElementTree as ET
root = ET.fromstring('<a><b x="1">t</b></a>')
"""
    r = ET.Element('q'); ET.SubElement(r, 'z').text = 'w'; r.set('k', 'v'); r.append(ET.Element('y')); return root.find('b').get('x'), [e.tag for e in root.iter()], ET.tostring(root), ET.tostring(r)


def b_html_parser():
    """
import html, html.parser, urllib.parse
"""
    class P(html.parser.HTMLParser):
        def __init__(self): super().__init__(); self.t = []
        def handle_starttag(self, t, a): self.t.append(t)
    p = P(); p.feed('<a><b>'); return p.t, html.escape('<'), urllib.parse.quote('a b'), urllib.parse.parse_qs('a=1')


def b_socket_own():
    """
import socket
"""
    a, b = socket.socketpair(); a.sendall(b'x'); buf = bytearray(4); n = b.recv_into(buf); a.close(); b.close(); return n, bytes(buf)


def b_selectors_own():
    """
import selectors, socket
"""
    s = selectors.DefaultSelector(); a, b = socket.socketpair(); s.register(a, selectors.EVENT_READ); b.send(b'x'); r = s.select(0.1); s.close(); a.close(); b.close(); return len(r)


def b_time_profile():
    """
import time, timeit, cProfile, pstats, tracemalloc
"""
    t = time.perf_counter(); time.sleep(0); p = cProfile.Profile(); p.enable(); sum(range(10)); p.disable(); return timeit.timeit('1', number=10) >= 0, time.localtime().tm_year > 2000, time.strptime('2024', '%Y').tm_year


def b_gc_weak_cycles():
    """
import gc
class N: pass
root = N(); root.me = root
"""
    for _ in range(100):
        a = N(); a.self = a
    gc.collect(); return len(gc.get_objects()) > 0, root.me is root


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


def b_visitor():
    """
import ast
class V(ast.NodeVisitor):
    def __init__(self): self.n = 0
    def visit_Name(self, node): self.n += 1
"""
    v = V(); v.visit(ast.parse('a + b')); return v.n


def b_template_string():
    """
import string
t = string.Template('$a $b')
"""
    return t.safe_substitute(a=1), t.substitute(a=1, b=2), t.get_identifiers()


def b_locale_gettext():
    """
import locale, gettext
"""
    return gettext.gettext('x'), locale.getlocale()[0] is None or True, locale.str(1.5)


def b_calendar_sched():
    """
import calendar, sched, time
"""
    s = sched.scheduler(time.time, lambda d: None); out = []; s.enter(0, 1, out.append, (1,)); s.run(); return calendar.monthrange(2024, 2), out


def b_graphlib_own():
    """
import graphlib
"""
    t = graphlib.TopologicalSorter({'a': {'b'}}); return list(t.static_order())


def b_unittest_own():
    """
import unittest, unittest.mock
class A:
    def f(self): return 1
"""
    m = unittest.mock.Mock(return_value=5); m(1); m.assert_called_once(); m.x.y = 3; return m.call_count, unittest.mock.MagicMock()[0] is not None


def b_pprint_reprlib():
    """
import pprint, reprlib
d = {'a': [1, {'b': 2}]}
"""
    return pprint.pformat(d), reprlib.repr(list(range(100)))


def b_displayhook_single():
    """
pass
"""
    import sys, io; ns = {}; exec(compile('a = 5\n', '<s>', 'single'), ns); return ns['a']


def b_mmap_read():
    """
import mmap
m = mmap.mmap(-1, 4096)
"""
    return m[0], m[:4], m.find(b'x'), len(m)


def b_ipython_display():
    """
pass
"""
    from IPython.display import HTML; h = HTML('<b>x</b>'); return h.data


def b_parallel_in_work():
    """
pass
"""
    import parallel; return parallel.is_parallel_thread()


def b_xlist_push():
    """
import parallel
xl = parallel.xlist()
"""
    xl.push(1); xl.extend([2, 3]); v = xl.pop(); return v, len(xl), list(xl)


def b_xlist_items_changed():
    """
import parallel
xl = parallel.xlist([[1], {'a': 1}])
"""
    a = xl[0]; a.append(2); b = xl[1]; b['z'] = 1; return a, b, [x for x in xl]


def b_parallel_dict():
    """
import parallel
d = parallel.dict(); o = parallel.object(n=1)
"""
    d['a'] = 1; d.update(b=2); o.n = 5; o.m = [1]; v = d.pop('b'); return d['a'], o.n, v


def b_parallel_nested():
    """
import parallel
def inner(n): return n * 2
"""
    w = [parallel.submit_work(inner, i) for i in range(3)]; parallel.run(); return [x.result() for x in w]


def b_os_all():
    """
import os, sys, platform, shutil, getpass
"""
    return os.getpid() > 0, os.cwd() if False else os.getcwd(), os.environ.get('PATH') is not None, platform.python_version(), shutil.disk_usage('/').total > 0, os.stat('/').st_mode, os.path.expanduser('~'), sys.getsizeof([]), os.cpu_count()


def b_signal_in_work():
    """
import signal
"""
    return signal.getsignal(signal.SIGTERM) is not None, signal.strsignal(2)


def b_os_pipe_fork():
    """
import os
"""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        xs = []; xs.append(1); os.write(w, str(len(xs)).encode()); os._exit(0)
    os.waitpid(pid, 0); return os.read(r, 10)


def b_chdir_in_work():
    """
import os
"""
    os.chdir('/'); os.umask(0o22); return os.getcwd()


def b_sys_path_read():
    """
import sys
"""
    return sys.path[:1], sys.argv[:0], sys.flags.optimize, sys.modules.get('os').__name__, sys.getrecursionlimit()


def b_decimal_localcontext():
    """
from decimal import Decimal, localcontext
x = Decimal(2)
"""
    with localcontext() as c:
        c.prec = 4
        y = x.sqrt()
    return y


def b_fork_where_a_thread_has_been():
    """
import os, threading
t = threading.Thread(target=int); t.start(); t.join()
"""
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    assert os.waitpid(pid, 0)[1] >> 8 == 7


def b_read_an_archive():
    """
import io, zipfile
b = io.BytesIO(); z = zipfile.ZipFile(b, 'w'); z.writestr('a', 'hello'); z.close(); z = zipfile.ZipFile(b)
"""
    return z.read('a') == b'hello' and z.testzip() is None


def b_hashes_of_its_own():
    """
import hashlib, hmac
h0 = hashlib.sha256(b'a'); m0 = hmac.new(b'k', b'm', 'sha256')
"""
    h = h0.copy(); h.update(b'b'); m = m0.copy(); m.update(b'n')
    assert h.digest() == hashlib.sha256(b'ab').digest() and m.digest() == hmac.new(b'k', b'mn', 'sha256').digest()
    return hashlib.blake2b(b'x').hexdigest(), hashlib.file_digest(__import__('io').BytesIO(b'x'), 'md5').hexdigest()


def b_compressors_of_its_own():
    """
import zlib, bz2, lzma
c0 = zlib.compressobj()
"""
    for make, undo in ((zlib.compressobj, zlib.decompress), (bz2.BZ2Compressor, bz2.decompress), (lzma.LZMACompressor, lzma.decompress)):
        c = make(); assert undo(c.compress(b'abc') + c.flush()) == b'abc'
    c = c0.copy(); assert zlib.decompress(c.compress(b'abc') + c.flush()) == b'abc'


def b_read_compressed_files():
    """
import bz2, gzip, lzma, tempfile
folder = tempfile.mkdtemp(); names = {m: f'{folder}/{m.__name__}' for m in (gzip, bz2, lzma)}
for m, name in names.items():
    with m.open(name, 'wt') as f: f.write('line\\n' * 10000)
files = [m.open(name, 'rt') for m, name in names.items()]; raw = gzip.open(names[gzip]); first = files[0].readline()
"""
    assert first == files[0].readline() and sum(len(f.read()) for f in files) == 3 * 50000 - 10
    assert raw.read(3) == b'lin' and raw.readline() == b'e\n' and raw.seek(0) == 0 and len(raw.read()) == 50000


def b_read_members_of_archives():
    """
import io, tarfile, zipfile
z = io.BytesIO(); f = zipfile.ZipFile(z, 'w', zipfile.ZIP_DEFLATED); f.writestr('a', 'hello\\n' * 1000); f.close(); f = zipfile.ZipFile(z); member = f.open('a')
b = io.BytesIO(); t = tarfile.open(fileobj=b, mode='w:gz'); i = tarfile.TarInfo('a'); i.size = 3; t.addfile(i, io.BytesIO(b'abc')); t.close(); b.seek(0); tar = tarfile.open(fileobj=b); part = tar.extractfile('a')
"""
    assert member.readline() == b'hello\n' and len(member.read()) == 5994
    assert part.read() == b'abc' and tar.extractfile('a').read() == b'abc' and tar.getnames() == ['a']


def b_asyncio_of_its_own():
    """
import asyncio
async def f(x): await asyncio.sleep(0); return x
"""
    async def all(): return await asyncio.gather(*(asyncio.create_task(f(i)) for i in range(5)))
    assert asyncio.run(all()) == [0, 1, 2, 3, 4]
    loop = asyncio.new_event_loop(); g = loop.create_future(); g.set_result(1); assert loop.run_until_complete(g) == 1; loop.close()


def b_picklers_of_its_own():
    """
import copy, io, pickle, functools, itertools
part0 = functools.partial(int, base=2); cycle0 = itertools.cycle([1, 2])
"""
    b = io.BytesIO(); p = pickle.Pickler(b); p.dump([1]); p.clear_memo(); p.dump({2}); b.seek(0); u = pickle.Unpickler(b)
    assert (u.load(), u.load()) == ([1], {2})
    assert copy.copy(part0)('11') == 3 and pickle.loads(pickle.dumps(part0))('11') == 3 and copy.deepcopy(iter([1, 2])) is not None
    own = copy.deepcopy(cycle0); next(own); own.__setstate__(([2], 1))
    assert list(copy.copy(iter([1, 2]))) == [1, 2] and copy.copy(ValueError(1)).args == (1,)


def b_email_as_text():
    """
import email.message
m = email.message.EmailMessage(); m['To'] = 'x'; m.set_content('hello')
"""
    assert 'hello' in m.as_string() and b'hello' in bytes(m)
