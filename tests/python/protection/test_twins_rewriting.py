"""Code with checks does what it did without: values, their order, names, and lines of errors are the same."""

import ast
import collections
import importlib
import inspect
import linecache
import traceback
import types

import numpy
import pytest

from parallel.protection.twins import compiling

# Each text leaves `log`; what it leaves there, or the error it ends with, is the same with checks.
PROGRAMS = {
    "order of evaluation": """
        log = []
        def see(x):
            log.append(x)
            return x
        class Place(dict):
            def __setattr__(self, name, value): log.append(("set", name, value))
            def __getattr__(self, name): log.append(("get", name)); return 1
            def __setitem__(self, key, value): log.append(("item", key, value))
            def __getitem__(self, key): log.append(("look", key)); return 2
            def __delitem__(self, key): log.append(("del", key))
            def __delattr__(self, name): log.append(("delattr", name))
        p = Place()
        def run():
            see(p)[see("k")] = see("v")
            see(p).a = see("w")
            see(p)[see("k")] += see(3)
            see(p).b **= see(4)
            (see(p).x, see(p)[see(1)]), *see(p).rest = see([(1, 2), 3, 4])
            del see(p)[see("d")], see(p).e
            for see(p)[see("loop")] in see([7, 8]):
                pass
            see(p).m(*see([1]), **see({"k": 2})) if False else None
            return sorted(see([2, 1]), key=see(abs))
        run()
    """,
    "in place": """
        log = []
        class Sum:
            def __init__(self): self.parts = []
            def __iadd__(self, other): self.parts += [other]; return self
            def __imatmul__(self, other): self.parts @= other; return self
        def run():
            s = t = Sum()
            s += 1
            text = "a"; text += "b"
            numbers = [1]; numbers *= 2; numbers += (3,)
            d = {"n": 1, "l": []}
            d["n"] -= 1; d["n"] <<= 2; d["l"] += "ab"
            m = {1}; m |= {2}; m &= {2, 3}; m ^= {5}; m -= {5}
            log.append((s is t, s.parts, text, numbers, d, m))
            try:
                s @= 1
            except TypeError as error:
                log.append(str(error))
            try:
                missing += 1
            except UnboundLocalError as error:
                log.append(str(error))
        run()
    """,
    "scopes": """
        log = []
        total = 0
        def counter():
            n = 0
            def up(by=1):
                nonlocal n
                global total
                n += by
                total = n
                (n, other), kept = (n + 1, 2), n
                for n in range(n, n + 2): pass
                with open("/dev/null") as n: pass
                n = 10
                [n := n + k for k in range(3)]
                del n
                try:
                    n
                except NameError as error:
                    log.append(str(error))
                n = by
                return other, kept
            def get(): return n
            return up, get
        up, get = counter()
        log.append((up(), get(), up(5), get(), total, up.__code__.co_freevars, up.__defaults__))
        def declare():
            global made, Made, imported, caught
            def made(): return 1
            class Made: pass
            import math as imported
            try:
                1 / 0
            except ZeroDivisionError as caught:
                log.append(repr(caught))
            if (walrus := 3): log.append(walrus)
            def inner():
                global late
                return (late := 4)
            inner()
        declare()
        log.append((made(), Made.__name__, imported.__name__, "caught" in globals(), late))
        x = 1
        def shadow():
            global x
            log.append([x for x in (5, 6)])
            return x
        log.append(shadow())
        def take_away():
            global x
            del x
            try:
                del x
            except NameError as error:
                log.append(str(error))
        take_away()
    """,
    "classes": """
        log = []
        import functools
        class Base:
            registry = {}
            def __init_subclass__(cls, **options): cls.registry[cls.__name__] = options
            def m(self): return ["base"]
        class C(Base, flag=1):
            '''Documented.'''
            limit: int = 3
            __slots__ = ("__hidden", "plain")
            count = 0
            count += 2
            for count in range(count): pass
            def __init__(self): self.__hidden = 1; self.plain: int = 2
            @property
            def p(self): return self.__hidden
            @p.setter
            def p(self, value): self.__hidden += value
            @classmethod
            def make(cls): return cls()
            @staticmethod
            def s(x, /, y=2, *, z=3): return x, y, z
            @functools.lru_cache(None)
            def cached(self): return super().m() + [__class__.__name__]
            def __private(self): return self.__hidden
            def call(self): return self.__private()
        c = C.make()
        c.p = 5
        log += [c.p, c.cached(), C.s(1), C.__doc__, C.make.__doc__, Base.registry, C.__annotations__, c.call(), C.count]
        log += [C.__qualname__, C.p.fget.__qualname__, C.call.__code__.co_varnames, C.s.__kwdefaults__]
    """,
    "generators and coroutines": """
        log = []
        import asyncio
        def numbers(n):
            got = yield n
            log.append(got)
            try:
                yield from iter([1, 2])
                yield
            finally:
                log.append("closed")
        g = numbers(3)
        log += [next(g), g.send("sent"), next(g)]
        g.close()
        async def ticks(n):
            for i in range(n):
                await asyncio.sleep(0)
                yield i
        class Manager:
            async def __aenter__(self): log.append("in"); return self
            async def __aexit__(self, *of): log.append("out")
        async def main():
            async with Manager() as m:
                m.x = [i async for i in ticks(3) if i]
            async for last in ticks(2):
                pass
            return m.x, last, [await asyncio.sleep(0, k) for k in (1, 2)]
        log.append(asyncio.run(main()))
        log.append(list(x * y for x in range(2) for y in [1, 2] if x))
        log.append({k: v for k, v in zip("ab", (1, 2))} | {k: k for k in {1}})
    """,
    "patterns and the rest": """
        log = []
        def look(subject):
            match subject:
                case {"k": [first, *others], **rest} if first: return first, others, rest
                case int(x) | str(x): return x
                case (a, b): return [a, b]
            return None
        log += [look({"k": [1, 2, 3], "z": 0}), look(4), look((1, 2)), look(b"")]
        def text(*args, sep="-", **kwargs):
            value = 3.14159
            return f"{value:.{2}f}{sep}{args!r}{kwargs}" f"{(lambda x: x + 1)(value):0.1f} {value=}"
        log.append(text(1, *[2], sep="+", k=1))
        assert log, "there"
        log.append([*range(2), *"ab"]); log.append({**{"a": 1}, "b": 2}); log.append((1 in log, 5 not in {5: 1}))
        def annotated(x: "int" = 1, *rest: list) -> dict:
            y: int
            z: int = 2
            return locals()
        log += [annotated(), annotated.__annotations__]
        try:
            try:
                {}["missing"]
            finally:
                log.append("finally")
        except KeyError as error:
            log.append((error.args, error.__context__))
        log.append([exec("q = 1\\nq += 1"), eval("1 + 1"), vars(type("T", (), {"a": 1}))["a"]])
        log.append([callable([].append), [].append.__name__])
        while True:
            log.append(max(*[1, 2], key=lambda v: -v))
            break
        else:
            log.append("never")
    """,
}

# Each text ends with an error: where it says it was raised is the same.
ERRORS = {
    "call over several lines": "def f(x): return x\ndef g():\n  return (f(1)\n  .real\n  .missing(\n  f(2)))\ng()",
    "method of a chain": "class C:\n def a(self): return self\n def b(self): raise ValueError\nC().a(\n).a(\n).b(\n)",
    "attribute of an attribute": "class C: pass\nc = C()\nc.a.b = 1",
    "item of an item": "x = {'a': {}}\ndef f(k):\n    x['a'][k]['c'] += 1\nf('b')",
    "operator": "def f(x):\n    y = [x]\n    y[0] += 'text'\nf(1)",
    "not callable": "x = 3\nx(1, 2)",
    "no such method": "x = []\nx.push(1)",
    "no such name": "def f():\n    return undefined(1)\nf()",
    "unpacking": "a, b = iter([1])",
    "iteration": "for x in 3: pass",
    "deletion": "del [1][5]",
}


def _run(code: types.CodeType) -> tuple:
    namespace = {"__name__": "program"}
    try:
        exec(code, namespace)
    except Exception as error:
        frames = [
            (frame.lineno, frame.end_lineno, frame.name) for frame in traceback.extract_tb(error.__traceback__)[1:]
        ]
        return type(error), str(error), frames
    return namespace["log"]


def _text(program: str) -> str:
    lines = program.strip("\n").split("\n")
    return "\n".join(line[8:] for line in lines)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_do_the_same(name):
    plain, twin = compiling.compile_pair(_text(PROGRAMS[name]), "<program>", "exec", 0)
    expected = _run(plain)
    assert isinstance(expected, list) and repr(_run(twin)) == repr(expected)


@pytest.mark.parametrize("name", ["order of evaluation", "in place", "scopes", "classes", "patterns and the rest"])
def test_and_where_they_bind_names_of_somebody_else(name):
    plain, twin = compiling.compile_pair(_text(PROGRAMS[name]), "<program>", "exec", 0, binds_names=True)
    assert repr(_run(twin)) == repr(_run(plain))


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_the_same_and_at_the_same_lines(name):
    plain, twin = compiling.compile_pair(ERRORS[name], "<program>", "exec", 0)
    expected = _run(plain)
    assert isinstance(expected, tuple) and _run(twin) == expected


def _count(code: types.CodeType) -> int:
    return 1 + sum(_count(inner) for inner in compiling.within(code))


MODULES = [
    # The module of numpy that has most of its functions in Python.
    inspect.unwrap(numpy.median).__globals__["__name__"],
    "argparse", "asyncio.tasks", "collections", "contextlib", "dataclasses", "decimal", "enum", "inspect", "logging",
    "pandas.core.frame", "test.test_grammar", "test.test_patma", "test.test_scope",
    "tokenize", "typing", "unittest.mock",
]  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_every_function_of_a_module_has_a_twin_of_its_shape(name):
    path = importlib.util.find_spec(name).origin
    plain, twin = compiling.compile_pair("".join(linecache.getlines(path)), path, "exec", 0)
    assert len(list(compiling.pairs(plain, twin))) == _count(plain)


def test_annotations_that_are_kept_as_text_are_the_users():
    text = "from __future__ import annotations\ndef f(x: a.append(1)[k]) -> vars(y): z: p.q = 1\n"
    text += "class C:\n    n: f(1) = 2\n"
    plain, twin = compiling.compile_pair(text, "<program>", "exec", 0)
    namespaces = {}, {}
    exec(plain, namespaces[0])
    exec(twin, namespaces[1])
    assert (
        namespaces[0]["f"].__annotations__
        == namespaces[1]["f"].__annotations__
        == {"x": "a.append(1)[k]", "return": "vars(y)"}
    )
    assert namespaces[1]["C"].__annotations__ == {"n": "f(1)"}


def test_what_reads_alike_but_stands_elsewhere_is_told_apart():
    plain, _ = compiling.compile_pair("f = lambda: 1; g = lambda: 1\n", "<program>", "exec", 0)
    again, _ = compiling.compile_pair("f = lambda: 1; g = lambda: 1\n", "<other>", "exec", 0)
    other, _ = compiling.compile_pair("f = lambda: 1; g = lambda: 2\n", "<program>", "exec", 0)
    assert compiling.identity(plain) == compiling.identity(again) != compiling.identity(other)
    number, truth = (compile(f"f = lambda: {value}", "<program>", "exec") for value in ("1   ", "True"))
    assert compiling.identity(number) != compiling.identity(truth)


def test_the_compilers_warnings_are_not_given_again(recwarn):
    compiling.compile_pair("x = 1 is 1\nassert (x, 'always')\n", "<program>", "exec", 0)
    assert len(recwarn) == 0


def test_a_tree_has_a_check_for_every_kind_of_target():
    text = "a.b, *c[d] = a.b = x\nfor a.b in x: pass\nwith x as a.b: pass\ndel a.b, a[b]\n"
    text += "a.b += 1\na[b] -= 1\n[0 for a.b in x]\n"
    tree = compiling.rewriting.rewrite(ast.parse(text), compiling.looked_at())
    checks = collections.Counter(
        node.value.split()[-1 if not node.value[-1].isdigit() else -2]
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and str(node.value).startswith(compiling.rewriting.MARK)
    )
    assert checks == {"attribute": 6, "item": 2, "place": 2, "advance": 3}
