"""Programs of functions, generators and coroutines that change an object of the notebook: each must be refused."""


def v_list_sort_key():
    """
xs = [3, 1]
"""
    xs.sort(key=lambda v: -v)


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


def v_global_in_lambda_walrus():
    """
hits = [0]
f = lambda: hits.__setitem__(0, 1)
"""
    f()


def v_global_generator():
    """
n = 0
def g():
    global n
    n = 1
    yield n
"""
    list(g())


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
