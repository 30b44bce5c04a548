"""Programs of statements and builtins that change nothing of the notebook: none may be refused."""


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


def b_global_reads():
    """
n = 5; xs = [1]
"""
    m = n + len(xs); k = xs + [2]; k.append(m); return k


def b_generator_expr_over_main():
    """
xs = [1, 2, 3]
"""
    return sum(x * x for x in xs), max(x for x in xs), [*(x for x in xs)]


def b_iterators_own():
    """
xs = [1, 2]; d = {'a': 1}
"""
    it = iter(xs); next(it); k = iter(d); next(k); z = zip(xs, d); next(z); e = enumerate(xs); next(e); return list(reversed(xs))


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


def b_drop_main_objects():
    """
big = [[i] for i in range(500)]; dd = [{'k': i} for i in range(500)]
"""
    for _ in range(300):
        x = [1]; x.append(2); y = {}; y['a'] = x
    tmp = [list(b) for b in big]; tmp[0].append(1)
    return len(tmp)


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


def b_matrix_pure():
    """
A = [[1, 2], [3, 4]]
"""
    B = [row[:] for row in A]
    for i in range(2):
        for j in range(2):
            B[i][j] *= 2
    return B


def b_print_formats():
    """
xs = [1, 2]; d = {'a': xs}
"""
    print(xs, d, sep='|', end='\n'); print(f'{xs=}', *xs); import sys; print('e', file=sys.stderr, flush=True); sys.stdout.writelines(['a\n', 'b\n'])
