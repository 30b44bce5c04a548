"""The tree of a source text, with a check before everything that may change an object.

A check is a call of a constant: `x.a = v` becomes `ATTRIBUTE(x, "a").a = v`. Each returns what it is given, so that a
statement stays what it was: the order of evaluation, names, lines and columns too. The constants are strings here, and
put in by `compiling`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast, overload

Tree = ast.Module | ast.Expression | ast.Interactive
_Placed = ast.expr | ast.stmt  # has lines and columns
_Target = ast.Name | ast.Attribute | ast.Subscript
_New = TypeVar("_New", bound=_Placed)
_Item = TypeVar("_Item")
_Comprehended = TypeVar("_Comprehended", ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

# What stands for a check until the code is compiled; the rest of it is the name of one of `_core.guard_twin_checks()`.
MARK = "\0parallel check "

# Their numbers in runtime/python/guard/twin_checks.cpp.
_OPERATORS = {
    kind: number
    for number, kind in enumerate(
        (
            ast.Add, ast.Sub, ast.Mult, ast.Mod, ast.Pow, ast.LShift, ast.RShift, ast.BitAnd, ast.BitXor, ast.BitOr,
            ast.FloorDiv, ast.Div, ast.MatMult,
        )
    )
}  # fmt: skip

# As in runtime/python/guard/twin_names.cpp.
# Attributes that are dicts, made when somebody asks for them, and by what that is done; annotations are from 3.14 on.
_MADE_WHEN_ASKED_FOR = {"__dict__": "instance_dict", "__annotations__": "annotations"}
_GLOBAL, _ENCLOSING, _RUNNING = range(3)
_NAMES = ("global_names", "enclosing_names", "running_names")

_LEAVES = (
    ast.Constant, ast.Pass, ast.Break, ast.Continue, ast.Global, ast.Nonlocal, ast.expr_context, ast.operator,
    ast.unaryop, ast.cmpop,
)  # fmt: skip


def rewrite(tree: Tree, looked_at: frozenset[str], binds_names: bool = False) -> Tree:
    """Put checks into `tree`, which is changed and returned.

    `looked_at`: names of methods and functions that change something; wherever one is read, what it gives is looked at.
    `binds_names`: the names of the module's own level are looked at, too: it is to run in somebody else's namespace.
    """
    _Rewriter(looked_at).module(tree, binds_names)
    return tree


class _Scope:
    """A function, class or module: which of its names are bound elsewhere, and whose private names it knows."""

    def __init__(self, declared: dict[str, int], owner: str | None, default: int | None = None):
        self.declared = declared
        self.owner = owner
        self._default = default

    def where(self, name: str) -> int | None:
        return self.declared.get(name, self._default)


class _Rewriter:
    def __init__(self, looked_at: frozenset[str]):
        self._looked_at = looked_at
        self._scope = _Scope({}, None)
        self._ways: dict[type[ast.AST], Callable[[Any], ast.AST | list[ast.stmt]]] = {
            kind: getattr(self, f"_{kind.__name__.lower()}")
            for kind in (
                ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.Attribute, ast.Subscript,
                ast.Name, ast.Call, ast.Starred, ast.NamedExpr, ast.For, ast.AsyncFor, ast.comprehension,
                ast.YieldFrom, ast.Await, ast.Compare, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Import,
                ast.ImportFrom, ast.ExceptHandler, ast.Match, ast.ListComp, ast.SetComp, ast.DictComp,
                ast.GeneratorExp,
            )
        }  # fmt: skip

    def module(self, tree: Tree, binds_names: bool) -> None:
        declared = _declared(tree.body if isinstance(tree.body, list) else ())
        if binds_names:  # what a function within declares global is so out here
            declared |= {
                name: _GLOBAL for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names
            }
        self._scope = _Scope(declared, None, _RUNNING if binds_names else None)
        self._visit_children(tree)

    # ---- walking -----------------------------------------------------------------------------------------------------

    @overload
    def _visit(self, node: ast.expr) -> ast.expr: ...

    @overload
    def _visit(self, node: ast.AST) -> ast.AST | list[ast.stmt]: ...

    def _visit(self, node: ast.AST) -> ast.AST | list[ast.stmt]:
        """What takes the place of `node`: a node, or a list of statements."""
        way = self._ways.get(type(node))
        if way is not None:
            return way(node)
        if not isinstance(node, _LEAVES):
            self._visit_children(node)
        return node

    def _visit_children(self, node: ast.AST) -> None:
        for field in node._fields:
            value = getattr(node, field, None)
            if type(value) is list:
                setattr(node, field, self._visit_all(value))
            elif isinstance(value, ast.AST):
                setattr(node, field, self._visit(value))

    def _visit_all(self, nodes: list[_Item]) -> list[_Item]:
        seen: list[Any] = []
        for node in nodes:
            new = self._visit(node) if isinstance(node, ast.AST) else node
            seen.extend(new) if type(new) is list else seen.append(new)
        return seen

    # ---- making nodes ------------------------------------------------------------------------------------------------

    @staticmethod
    def _constant(value: str | int | None, at: _Placed) -> ast.Constant:
        return _placed(ast.Constant(value), at)

    def _check(self, name: str, at: _Placed, *arguments: ast.expr) -> ast.Call:
        """A call of a check; an error it raises points at `at`."""
        return _placed(ast.Call(self._constant(MARK + name, at), list(arguments), []), at)

    def _statement(self, check: ast.expr) -> ast.Expr:
        return _placed(ast.Expr(check), check)

    def _mangled(self, name: str) -> str:
        owner = self._scope.owner
        if owner is None or not name.startswith("__") or name.endswith("__") or "." in name or not owner.strip("_"):
            return name
        return f"_{owner.lstrip('_')}{name}"

    def _bound_before(self, names: Iterable[str], at: _Placed) -> list[ast.stmt]:
        """Statements that look at `names` before a statement binds them that cannot be looked into."""
        return [
            self._statement(self._bound(name, at, self._constant(None, at)))
            for name in names
            if self._scope.where(name) is not None
        ]

    def _bound(self, name: str, at: _Placed, value: ast.expr) -> ast.Call:
        where = self._constant(self._scope.where(name), at)
        return self._check("bound", at, where, self._constant(self._mangled(name), at), value)

    # ---- scopes ------------------------------------------------------------------------------------------------------

    def _within(self, scope: _Scope, body: list[_Item]) -> list[_Item]:
        before, self._scope = self._scope, scope
        seen = self._visit_all(body)
        self._scope = before
        return seen

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
        # Annotations stay as they are: they may be turned back into text.
        checks = self._bound_before([node.name], node)
        node.decorator_list = self._visit_all(node.decorator_list)
        self._defaults(node.args)
        node.body = self._within(_Scope(_declared(node.body), self._scope.owner), node.body)
        return [*checks, node]

    _asyncfunctiondef = _functiondef

    def _defaults(self, arguments: ast.arguments) -> None:
        arguments.defaults = self._visit_all(arguments.defaults)
        arguments.kw_defaults = [default and self._visit(default) for default in arguments.kw_defaults]

    def _lambda(self, node: ast.Lambda) -> ast.Lambda:
        self._defaults(node.args)
        [node.body] = self._within(_Scope({}, self._scope.owner), [node.body])
        return node

    def _classdef(self, node: ast.ClassDef) -> list[ast.stmt]:
        checks = self._bound_before([node.name], node)
        node.decorator_list = self._visit_all(node.decorator_list)
        node.bases = self._visit_all(node.bases)
        node.keywords = self._visit_all(node.keywords)
        node.body = self._within(_Scope(_declared(node.body), node.name), node.body)
        return [*checks, node]

    def _comprehended(self, node: _Comprehended) -> _Comprehended:
        # A walrus within binds outside; its own variables are its own.
        own = {name for generator in node.generators for name in _names_of(generator.target)}
        declared = {name: where for name, where in self._scope.declared.items() if name not in own}
        inner = _Scope(declared, self._scope.owner, self._scope._default)
        before, self._scope = self._scope, inner
        self._visit_children(node)
        self._scope = before
        return node

    _listcomp = _setcomp = _dictcomp = _generatorexp = _comprehended

    # ---- targets and values ------------------------------------------------------------------------------------------

    def _attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.ctx, ast.Load):
            if node.attr in _MADE_WHEN_ASKED_FOR:
                return self._check(_MADE_WHEN_ASKED_FOR[node.attr], node, self._visit(node.value))
            node.value = self._visit(node.value)
            return self._check("call", node, node) if node.attr in self._looked_at else node
        node.value = self._check(
            "attribute", node, self._visit(node.value), self._constant(self._mangled(node.attr), node)
        )
        return node

    def _subscript(self, node: ast.Subscript) -> ast.Subscript:
        node.value = self._visit(node.value)
        node.slice = self._visit(node.slice)
        if not isinstance(node.ctx, ast.Load):
            node.value = self._check("item", node, node.value)
        elif not isinstance(node.slice, (ast.Slice, ast.UnaryOp)) and not _is_number(node.slice):
            node.value = self._check("lookup", node, node.value)  # it may be a defaultdict
        return node

    def _name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load):
            return self._check("call", node, node) if node.id in self._looked_at else node
        where = self._scope.where(node.id)
        if where is None:
            return node
        # NAMES["x"] is bound or deleted in place of x.
        names = self._constant(MARK + _NAMES[where], node)
        return _placed(ast.Subscript(names, self._constant(self._mangled(node.id), node), node.ctx), node)

    def _call(self, node: ast.Call) -> ast.Call:
        func = node.func
        if isinstance(func, ast.Attribute):  # stays one, for which the interpreter makes no bound method
            value = self._visit(func.value)
            func.value = self._check("method", func.value, value, self._constant(self._mangled(func.attr), func.value))
        else:
            func = func if isinstance(func, ast.Name) else self._visit(func)
            node.func = self._check("call", func, func)
        node.args = self._visit_all(node.args)
        for keyword in node.keywords:
            keyword.value = self._visit(keyword.value)
            if keyword.arg == "out":
                keyword.value = self._check("output", keyword.value, keyword.value)
        return node

    def _starred(self, node: ast.Starred) -> ast.Starred:
        node.value = self._visit(node.value)
        if isinstance(node.ctx, ast.Load):
            node.value = self._advances(node.value)
        return node

    def _namedexpr(self, node: ast.NamedExpr) -> ast.NamedExpr:
        node.value = self._visit(node.value)
        if self._scope.where(node.target.id) is not None:
            node.value = self._bound(node.target.id, node, node.value)
        return node

    # ---- iteration ---------------------------------------------------------------------------------------------------

    def _advances(self, value: ast.expr) -> ast.expr:
        """`value`, from which an iterator's items are about to be taken."""
        if isinstance(value, (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.Constant, ast.ListComp)):
            return value
        return self._check("advance", value, value)

    def _for(self, node: ast.For | ast.AsyncFor) -> ast.For | ast.AsyncFor:
        node.iter = self._advances(self._visit(node.iter))
        node.target = self._visit(node.target)
        node.body, node.orelse = self._visit_all(node.body), self._visit_all(node.orelse)
        return node

    _asyncfor = _for

    def _comprehension(self, node: ast.comprehension) -> ast.comprehension:
        node.iter = self._advances(self._visit(node.iter))
        # Its names are variables of the comprehension.
        before, self._scope = self._scope, _Scope({}, self._scope.owner)
        node.target = self._visit(node.target)
        self._scope = before
        node.ifs = self._visit_all(node.ifs)
        return node

    def _yieldfrom(self, node: ast.YieldFrom | ast.Await) -> ast.YieldFrom | ast.Await:
        node.value = self._advances(self._visit(node.value))
        return node

    _await = _yieldfrom

    def _compare(self, node: ast.Compare) -> ast.Compare:
        self._visit_children(node)
        for number, operator in enumerate(node.ops):
            if isinstance(operator, (ast.In, ast.NotIn)):
                node.comparators[number] = self._advances(node.comparators[number])
        return node

    # ---- statements --------------------------------------------------------------------------------------------------

    def _assign(self, node: ast.Assign) -> ast.Assign:
        node.value = self._visit(node.value)
        if any(isinstance(target, (ast.Tuple, ast.List)) for target in node.targets):
            node.value = self._advances(node.value)
        node.targets = self._visit_all(node.targets)
        return node

    def _augassign(self, node: ast.AugAssign) -> ast.AugAssign | list[ast.stmt]:
        operation = _OPERATORS[type(node.op)]
        node.value = self._visit(node.value)
        target = node.target
        if isinstance(target, ast.Name):
            loaded = _placed(ast.Name(target.id, ast.Load()), target)
            if self._scope.where(target.id) is not None:
                node.value = self._bound(target.id, target, node.value)
            return [self._statement(self._check(f"in_place {operation}", target, loaded)), node]
        target.value = self._check(f"place {operation}", target, self._visit(target.value))
        if isinstance(target, ast.Subscript):
            target.slice = self._visit(target.slice)
        return node

    def _annassign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        if node.value is not None:
            node.value = self._visit(node.value)
            target = node.target
            # A simple one is a name, and has to stay one.
            if node.simple and isinstance(target, ast.Name) and self._scope.where(target.id) is not None:
                node.value = self._bound(target.id, target, node.value)
            else:
                node.target = cast(_Target, self._visit(target))
        return node

    def _import(self, node: ast.Import | ast.ImportFrom) -> list[ast.stmt]:
        return [*self._bound_before([alias.asname or alias.name.split(".")[0] for alias in node.names], node), node]

    def _importfrom(self, node: ast.ImportFrom) -> ast.ImportFrom | list[ast.stmt]:
        return node if node.module == "__future__" else self._import(node)  # which has to come first

    def _excepthandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        if node.type is not None:
            at = node.type = self._visit(node.type)
            if node.name is not None and (where := self._scope.where(node.name)) is not None:
                name = self._constant(self._mangled(node.name), at)
                node.type = self._check("caught", at, self._constant(where, at), name, at)
        node.body = self._visit_all(node.body)
        return node

    def _match(self, node: ast.Match) -> list[ast.stmt]:
        names = [name for case in node.cases for name in _captured(case.pattern)]
        checks = self._bound_before(names, node)
        node.subject = self._visit(node.subject)
        for case in node.cases:  # not patterns: they are no expressions
            case.guard = case.guard and self._visit(case.guard)
            case.body = self._visit_all(case.body)
        return [*checks, node]


def _placed(node: _New, at: _Placed) -> _New:
    """`node`, where `at` is; ast.copy_location takes six times as long."""
    node.lineno, node.col_offset = at.lineno, at.col_offset
    node.end_lineno, node.end_col_offset = at.end_lineno, at.end_col_offset
    return node


def _declared(body: Iterable[ast.stmt]) -> dict[str, int]:
    """Names that statements of one scope declare to be bound elsewhere."""
    found: dict[str, int] = {}
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Global):
            found.update(dict.fromkeys(node.names, _GLOBAL))
        elif isinstance(node, ast.Nonlocal):
            found.update(dict.fromkeys(node.names, _ENCLOSING))
        elif isinstance(
            node, (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
        ):
            for field in ("body", "orelse", "finalbody", "handlers", "cases"):
                waiting.extend(getattr(node, field, ()))
        elif isinstance(node, (ast.ExceptHandler, ast.match_case)):
            waiting.extend(node.body)
    return found


def _is_number(key: ast.expr) -> bool:
    return isinstance(key, ast.Constant) and isinstance(key.value, int)


def _names_of(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _captured(pattern: ast.pattern) -> list[str]:
    names: list[str | None] = []
    for node in ast.walk(pattern):
        if isinstance(node, (ast.MatchAs, ast.MatchStar)):
            names.append(node.name)
        elif isinstance(node, ast.MatchMapping):
            names.append(node.rest)
    return [name for name in names if name is not None]
