"""Programs of the language and its builtins that change nothing of the notebook: none may be refused."""


def b_list_ops():
    """
pass
"""
    xs = [3, 1]; xs.insert(0, 5); xs.remove(1); xs.reverse(); xs *= 2; del xs[0]; xs[::2] = [9] * len(xs[::2]); xs.clear()


def b_dict_ops():
    """
pass
"""
    d = {'a': 1}; d |= {'b': 2}; d.popitem(); d.setdefault('c', []).append(1); del d['c']; d.clear()


def b_set_ops():
    """
pass
"""
    s = {1, 2}; s |= {3}; s -= {1}; s ^= {9}; s.discard(2); s.pop(); s.clear()


def b_bytearray_ops():
    """
pass
"""
    b = bytearray(b'abc'); b[0] = 65; b += b'x'; b *= 2; del b[0]; memoryview(b)[0] = 66; b.reverse()


def b_slots_ops():
    """
class A:
    __slots__ = ('n', 'm')
    def __init__(self): self.n = 0; self.m = []
"""
    a = A(); a.n += 1; a.m.append(1); del a.n


def b_class_in_work():
    """
pass
"""
    class A:
        count = 0
        def __init__(self): A.count += 1; self.x = A.count
    A(); A(); A.extra = 1; del A.extra; return A.count


def b_metaclass_in_work():
    """
class M(type):
    registry = ()
    def __new__(m, n, b, d): c = super().__new__(m, n, b, d); c.tag = n; return c
"""
    class A(metaclass=M): pass
    class B(A): y = 2
    return B.tag


def b_init_subclass():
    """
class Base:
    def __init_subclass__(cls, **k): cls.opts = k
"""
    class C(Base, a=1): pass
    return C.opts


def b_set_name():
    """
class D:
    def __set_name__(self, o, n): self.n = n
    def __get__(self, o, t): return self.n
"""
    class C: v = D()
    return C().v


def b_subclass_builtin():
    """
class L(list):
    def push(self, x): self.append(x); self.last = x
"""
    l = L(); l.push(1); l.push(2); return l.last


def b_subclass_dict():
    """
class D(dict):
    def __missing__(self, k): self[k] = []; return self[k]
"""
    d = D(); d['a'].append(1); return d


def b_global_reads():
    """
n = 5; xs = [1]
"""
    m = n + len(xs); k = xs + [2]; k.append(m); return k


def b_closure_new():
    """
def mk():
    n = 0
    def inc():
        nonlocal n
        n += 1
        return n
    return inc
"""
    f = mk(); g = mk(); f(); f(); g(); return f(), g()


def b_closure_deep():
    """
pass
"""
    def a():
        x = 0
        def b():
            def c():
                nonlocal x
                x += 1
                return x
            return c
        return b
    return a()()()


def b_closure_del():
    """
pass
"""
    def f():
        x = 1
        def g(): return x
        r = g()
        del x
        return r
    return f()


def b_generator_own():
    """
def g(n):
    for i in range(n):
        r = yield i
        if r: yield r
"""
    it = g(3); next(it); it.send(9); it.close(); return list(g(3))


def b_generator_expr_over_main():
    """
xs = [1, 2, 3]
"""
    return sum(x * x for x in xs), max(x for x in xs), [*(x for x in xs)]


def b_generator_own_of_main_function():
    """
def gen():
    acc = []
    while len(acc) < 3:
        acc.append(len(acc)); yield acc
"""
    return [list(a) for a in gen()]


def b_iterators_own():
    """
xs = [1, 2]; d = {'a': 1}
"""
    it = iter(xs); next(it); k = iter(d); next(k); z = zip(xs, d); next(z); e = enumerate(xs); next(e); return list(reversed(xs))


def b_exception_chain():
    """
class E(Exception):
    def __init__(self, a): super().__init__(a); self.a = a
"""
    try:
        try:
            raise E(1)
        except E as e:
            raise ValueError('x') from e
    except ValueError as v:
        v.add_note('hm'); return repr(v.__cause__)


def b_exception_main_raise():
    """
err = KeyError('k')
"""
    try:
        raise err
    except KeyError as e:
        return str(e)


def b_exception_group():
    """
pass
"""
    try:
        raise ExceptionGroup('g', [ValueError(1), KeyError(2)])
    except* ValueError as g:
        n = len(g.exceptions)
    except* KeyError:
        pass
    return n


def b_file_read_main_handle():
    """
f = open('/etc/passwd')
"""
    return len(f.readline()), len(f.read(5)), f.tell() if False else 0


def b_file_iter_main_handle():
    """
f = open('/etc/passwd')
"""
    return sum(1 for _ in f), f.name


def b_file_binary_main():
    """
f = open('/etc/passwd', 'rb')
"""
    return len(f.read(3)), f.seek(0), len(f.readlines())


def b_exec_own_namespace():
    """
pass
"""
    ns = {'acc': []}; exec('acc.append(1)\nglobal z\nz = 5\nclass K:\n    v = 1\ndef f():\n    global z\n    z = 6\nf()\ndel acc', ns); return ns['z'], ns['K'].v


def b_exec_locals():
    """
x = 1
"""
    loc = {}; exec('y = x + 1\nx = 9', globals(), loc); return loc


def b_eval_reads():
    """
x = [1, 2]
"""
    return eval('[v for v in x]'), eval('len(x)', globals(), {'x': 'abc'})


def b_del_finalizer():
    """
class F:
    log = 0
    def __init__(self, box): self.box = box
    def __del__(self): self.box.append(1)
"""
    box = []; f = F(box); del f; return box


def b_drop_main_objects():
    """
big = [[i] for i in range(500)]; dd = [{'k': i} for i in range(500)]
"""
    for _ in range(300):
        x = [1]; x.append(2); y = {}; y['a'] = x
    tmp = [list(b) for b in big]; tmp[0].append(1)
    return len(tmp)


def b_sort_main_sorted():
    """
rows = [{'n': 3}, {'n': 1}]
"""
    s = sorted(rows, key=lambda r: r['n']); s.append({'n': 9}); s[0] = None; return [dict(r, m=1) for r in rows]


def b_big_comprehension():
    """
data = [{'k': i % 3, 'v': i} for i in range(300)]
"""
    groups = {}
    for r in data:
        groups.setdefault(r['k'], []).append(r['v'])
    return {k: sum(v) for k, v in groups.items()}


def b_string_building():
    """
words = ['a', 'b'] * 50
"""
    s = ''
    for w in words:
        s += w
    t = ()
    for w in words: t += (w,)
    n = 0
    for w in words: n += 1
    return len(s), len(t), n


def b_recursion_memo_local():
    """
def solve(n, memo=None):
    memo = {} if memo is None else memo
    if n in memo: return memo[n]
    memo[n] = n if n < 2 else solve(n - 1, memo) + solve(n - 2, memo)
    return memo[n]
"""
    return solve(60)


def b_matrix_pure():
    """
A = [[1, 2], [3, 4]]
"""
    B = [row[:] for row in A]
    for i in range(2):
        for j in range(2):
            B[i][j] *= 2
    return B


def b_nqueens():
    """
def solve(n):
    out = []
    def place(r, cols):
        if r == n:
            out.append(tuple(cols)); return
        for c in range(n):
            if all(c != cc and abs(c - cc) != r - rr for rr, cc in enumerate(cols)):
                place(r + 1, cols + [c])
    place(0, [])
    return len(out)
"""
    return solve(6)


def b_class_with_state():
    """
class Sim:
    def __init__(self, n): self.xs = [0] * n; self.t = 0
    def step(self):
        self.t += 1
        for i in range(len(self.xs)): self.xs[i] += i
        self.last = self.xs[-1]
"""
    s = Sim(5); [s.step() for _ in range(10)]; return s.t, s.last


def b_display_objects():
    """
class R:
    def _repr_html_(self): return '<b>x</b>'
r = R()
"""
    return r._repr_html_()


def b_print_formats():
    """
xs = [1, 2]; d = {'a': xs}
"""
    print(xs, d, sep='|', end='\n'); print(f'{xs=}', *xs); import sys; print('e', file=sys.stderr, flush=True); sys.stdout.writelines(['a\n', 'b\n'])


def b_property_cache_pattern():
    """
class A:
    def __init__(self): self.n = 3
    def total(self):
        out = []
        for i in range(self.n): out.append(i)
        return out
a = A()
"""
    return a.total()


def b_iterator_protocol_new():
    """
class R:
    def __init__(self, n): self.n = n
    def __iter__(self):
        for i in range(self.n): yield i
r = R(3)
"""
    return list(r), sum(r), [x for x in r], dict.fromkeys(r)


def b_user_iterator_new():
    """
class It:
    def __init__(self, xs): self.xs, self.i = xs, 0
    def __iter__(self): return self
    def __next__(self):
        if self.i >= len(self.xs): raise StopIteration
        self.i += 1
        return self.xs[self.i - 1]
xs = [1, 2]
"""
    return list(It(xs)), max(It(xs))


def b_context_user_new():
    """
class Timer:
    def __enter__(self): self.t = 1; return self
    def __exit__(self, *a): self.t = 2
"""
    with Timer() as t:
        pass
    return t.t


def b_operator_overload():
    """
class V:
    def __init__(self, x): self.x = x
    def __add__(self, o): return V(self.x + o.x)
    def __iadd__(self, o): self.x += o.x; return self
v = V(1); w = V(2)
"""
    u = v + w; u += w; return u.x


def b_nonlocal_deleted_that_was_made_here():
    """
def make():
    n = 1
    def drop():
        nonlocal n
        del n
    return drop, lambda: n
"""
    drop, look = make()
    drop()
    try:
        look()
    except NameError:
        pass
    else:
        raise AssertionError("n is still there")
    try:
        drop()
    except NameError as error:
        assert "free variable 'n'" in str(error)
    try:
        raise ValueError(1)
    except ValueError as error:  # deletes its name, too, which a lambda closes over
        get = lambda: error
    return sorted(name for name in globals() if " " in name) == []


def b_borg_is_read():
    """
class Borg:
    state = {"size": 1}
    def __init__(self): self.__dict__ = self.state
"""
    own = Borg(); assert own.size == 1
    own.__dict__ = dict(own.__dict__); own.size = 2
    assert Borg().size == 1
