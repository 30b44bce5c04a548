"""Programs of classes and their objects that change nothing of the notebook: none may be refused."""


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


def b_del_finalizer():
    """
class F:
    log = 0
    def __init__(self, box): self.box = box
    def __del__(self): self.box.append(1)
"""
    box = []; f = F(box); del f; return box


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


def b_borg_is_read():
    """
class Borg:
    state = {"size": 1}
    def __init__(self): self.__dict__ = self.state
"""
    own = Borg(); assert own.size == 1
    own.__dict__ = dict(own.__dict__); own.size = 2
    assert Borg().size == 1
