"""Programs of the language and its builtins that change an object of the notebook: each must be refused."""


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


def v_iterator_state():
    """
i = iter([1, 2, 3])
"""
    i.__setstate__(2)


def v_exception_state():
    """
e = ValueError(1)
"""
    e.__setstate__({'k': 1})


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
