"""Programs of classes and their objects that change an object of the notebook: each must be refused."""


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


def v_annotations_by_getattr():
    """
class A:
    x: int
"""
    getattr(A, '__annotations__')['y'] = str


def v_annotations_of_a_function():
    """
def f(x: int): pass
"""
    f.__annotations__['x'] = str


def v_annotations_of_a_function_without_any():
    """
def f(x): pass
"""
    f.__annotations__['x'] = str


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


def v_global_class():
    """
Thing = None
"""
    global Thing
    class Thing:
        pass


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
