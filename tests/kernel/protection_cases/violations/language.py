"""Programs of statements and builtins that change an object of the notebook: each must be refused."""


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


def v_attr_exception():
    """
e = ValueError('x')
"""
    e.extra = 1


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


def v_global_annotated():
    """
n = 0
"""
    global n
    n = 5


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
