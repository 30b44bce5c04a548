"""Programs of the rest of the standard library that change nothing of the notebook: none may be refused."""


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


def b_copyreg_reading():
    """
import copy
d = {'a': [1, (2, [3])]}
"""
    e = copy.deepcopy(d); e['a'][1][1].append(4); return e


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


def b_struct_own():
    """
import struct
s = struct.Struct('<I')
"""
    b = bytearray(4); s.pack_into(b, 0, 7); struct.pack_into('<H', b, 0, 1); return s.unpack(b), list(struct.iter_unpack('<H', b))


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


def b_argparse_full():
    """
import argparse
p = argparse.ArgumentParser(); p.add_argument('--n', type=int, default=3); p.add_argument('f', nargs='*'); sp = argparse.ArgumentParser(); ss = sp.add_subparsers(dest='c'); ss.add_parser('go')
"""
    return p.parse_args(['--n', '5', 'a']).n, p.parse_known_args(['--zz'])[1], sp.parse_args(['go']).c, p.format_help()[:5]


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
