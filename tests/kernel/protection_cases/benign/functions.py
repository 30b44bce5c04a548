"""Programs of functions, generators and coroutines that change nothing of the notebook: none may be refused."""


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


def b_generator_own_of_main_function():
    """
def gen():
    acc = []
    while len(acc) < 3:
        acc.append(len(acc)); yield acc
"""
    return [list(a) for a in gen()]


def b_sort_main_sorted():
    """
rows = [{'n': 3}, {'n': 1}]
"""
    s = sorted(rows, key=lambda r: r['n']); s.append({'n': 9}); s[0] = None; return [dict(r, m=1) for r in rows]


def b_recursion_memo_local():
    """
def solve(n, memo=None):
    memo = {} if memo is None else memo
    if n in memo: return memo[n]
    memo[n] = n if n < 2 else solve(n - 1, memo) + solve(n - 2, memo)
    return memo[n]
"""
    return solve(60)


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
