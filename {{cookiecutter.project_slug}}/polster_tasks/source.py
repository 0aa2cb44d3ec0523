"""Walk the statements of one module, and remember what it defines, imports and does."""

import ast
from typing import Any, NamedTuple

from .defining import Defining, makes_assets
from .module import CHECKS, MAKERS, Definition, Import, Module, Spot
from .search import search
from .values import Ref, Scope, Unknown, evaluate

_VALUES = [
    "AssetKey",
    "AssetSpec",
    "AssetDep",
    "AssetIn",
    "AssetOut",
    "AssetCheckSpec",
    "SourceAsset",
]
_CHANGES = frozenset(
    ["append", "extend", "insert", "remove", "pop", "clear", "update", "setdefault", "add"]
)
_CHANGING = (*(f".{name}(".encode() for name in _CHANGES), b"global ")
_READS = (b"read", b"scan", b"open", b"data/")
_WORDS = (b"now(", b"today(", b"to_pandas", b"Asset", b"Definitions(")


class Reader(Defining):
    """Walk the statements of one module, in order, as Python would."""

    def __init__(self, name: str, path: str, layer: str | None, package: str, is_package: bool):
        self.name, self.path, self.layer, self.package = name, path, layer, package
        self.is_package = is_package
        self.layers = f"{package}.defs."
        self.followed = (package, "dagster", "pandas")  # the plain imports that matter
        self.parent = name if is_package else name.rpartition(".")[0]
        self.scope: Scope = {}
        self.inner_scope: Scope = {}  # what functions import
        self.functions: dict[str, ast.FunctionDef] = {}
        self.definitions: dict[str, Definition] = {}
        self.imports: list[Import] = []
        self.spots: list[Spot] = []
        self.classes: dict[str, tuple] = {}
        self.factories: set[str] = set()
        self.checkers: set[str] = set()
        self.bodies: list[ast.AST] = []  # searched, expression by expression, where it is worth it
        self.handled: set[int] = set()  # assignments whose assets were read
        self.guarded = False  # inside a try
        self.thorough = False  # search, whatever the text says
        self.used: frozenset[str] | None = None
        self.changed: set[str] = set()
        self.reaches = False  # it imports from a layer
        self.odd = False  # it runs more than definitions when it is imported
        self.renamed = False  # a decorator of Dagster's goes by another name here
        self.open = False  # it may bind names that cannot be read

    def read(self, tree: ast.Module, source: bytes) -> Module:
        """Return what the module says.

        Args:
            tree: its syntax tree.
            source: its text, to tell what need not be searched for.
        """
        if self.thorough:
            self._find_changed(tree)
        self._statements(tree.body, "")
        if not self.thorough and any(one.keywords for one in self.definitions.values()):
            for word in _CHANGING:
                if word in source:
                    again = Reader(self.name, self.path, self.layer, self.package, self.is_package)
                    again.thorough = True
                    return again.read(tree, source)
        self.used = search(self) if self.thorough or self._worth_searching(source) else None
        return Module(
            self.name, self.path, self.layer, tuple(self.definitions.values()), tuple(self.imports),
            tuple(self.spots), tuple(self.scope), self.classes, frozenset(self.factories),
            frozenset(self.checkers), self.used, self.open,
        )  # fmt: skip

    def _find_changed(self, tree: ast.Module) -> None:
        """Find the names whose lists or dicts some line changes: what they hold cannot be told."""
        same = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Global):
                self.changed.update(node.names)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in _CHANGES and isinstance(node.func.value, ast.Name):
                    self.changed.add(node.func.value.id)
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
                same += [
                    (one.id, node.value.id) for one in node.targets if isinstance(one, ast.Name)
                ]
        for new, old in reversed(same):
            if new in self.changed:
                self.changed.add(old)

    def _worth_searching(self, source: bytes) -> bool:
        """Tell whether there may be what only a search of every expression finds."""
        if self.reaches or self.odd or self.renamed or not source.isascii():
            return True
        for word in _WORDS if self.layer in (None, "bronze") else _WORDS + _READS:
            if word in source:
                return True
        seen = [one for one in self.definitions.values() if one.maker.dotted == "dagster.asset"]
        return source.count(b"asset(") > len(seen)

    def spot(self, kind: str, node: ast.AST, text: str) -> None:
        """Remember a place."""
        self.spots.append(Spot(kind, node.lineno, node.col_offset + 1, text))

    def ref(self, name: str) -> Ref:
        """Return the full dotted name of something that this module defines."""
        return Ref(f"{self.name}.{name}")

    def nested(self, value: Any, owner: str, node: ast.AST) -> None:
        """Remember that a function makes assets, or checks, when it is called."""
        if not makes_assets(value):
            return
        if value.dotted.rpartition(".")[2] in CHECKS:
            self.checkers.add(owner)
        else:
            self.factories.add(owner)
            self.spot("nested", node, owner or getattr(node, "name", ast.unparse(node)[:40]))

    def _bind(self, name: str, value: Any, node: ast.AST, condition: str) -> None:
        """Give a name its meaning; two meanings make it unknown."""
        if name in self.scope and condition == "except":
            return
        old = self.definitions.get(name)
        if old and not condition:
            del self.definitions[name]
            self.spots.append(Spot("overwritten", old.line, old.column, old.function or name))
        if (name in self.scope and self.scope[name] != value) or (
            name in self.changed and not isinstance(value, Ref)
        ):
            value = Unknown(node.lineno, node.col_offset + 1)
        self.scope[name] = value

    def _spoil(self, target: ast.expr, condition: str = "") -> None:
        """Forget what a name means: it is changed in a way that is not followed."""
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                unknown = Unknown(node.lineno, node.col_offset + 1)
                if node is target:
                    self._bind(node.id, unknown, node, condition)
                self.scope[node.id] = unknown

    def _statements(self, body: list[ast.stmt], condition: str) -> None:
        for node in body:
            kind = type(node)
            if kind is ast.ImportFrom or kind is ast.Import:
                for binding, ref in self._import(node):
                    self._bind(binding, ref, node, condition)
            elif kind is ast.FunctionDef or kind is ast.AsyncFunctionDef:
                self._function(node, condition)
            elif kind is ast.Expr:
                if type(node.value) is not ast.Constant:
                    self.odd = True
                    self.bodies.append(node)
            elif kind is ast.Assign or kind is ast.AnnAssign:
                self._assign(node, condition)
            elif kind is ast.ClassDef:
                self._bind(node.name, self.ref(node.name), node, condition)
                self.classes[node.name] = tuple(evaluate(base, self.scope) for base in node.bases)
                self._inside(node, node.name)
                self.bodies.append(node)
            elif kind is ast.AugAssign or kind is ast.Delete:
                for target in [node.target] if kind is ast.AugAssign else node.targets:
                    self._spoil(target, condition)
                self.bodies.append(node)
            else:
                self._block(node, condition)

    def _block(self, node: ast.stmt, condition: str) -> None:
        if isinstance(node, ast.If):
            text = ast.unparse(node.test)
            self.bodies.append(ast.Expr(node.test))
            if isinstance(node.test, ast.Constant):
                self._statements(node.body if node.test.value else node.orelse, condition)
            elif text.rpartition(".")[2] == "TYPE_CHECKING":
                imports = [one for one in node.body if isinstance(one, ast.Import | ast.ImportFrom)]
                self._statements(imports, condition)
                self._statements(node.orelse, condition)
            elif text == "__name__ == '__main__'":
                self._statements(node.orelse, condition)
            else:
                self._statements(node.body, f"only if {text}")
                self._statements(node.orelse, f"unless {text}")
            return
        loop = isinstance(node, ast.For | ast.AsyncFor | ast.While)
        outer, self.guarded = self.guarded, self.guarded or isinstance(node, ast.Try)
        for field, value in ast.iter_fields(node):
            if field in ("body", "orelse", "finalbody"):
                where = "in a loop" if loop else condition
                if field == "orelse" and not loop:
                    where = condition or "only if nothing fails before"
                self._statements(value, where)
            elif field in ("test", "iter", "subject"):
                self.bodies.append(ast.Expr(value))
            elif field in ("handlers", "cases"):
                for branch in value:
                    self._statements(branch.body, "except" if field == "handlers" else "in a case")
            elif field == "target":
                self._spoil(value, condition)
            elif field == "items":
                for item in value:
                    self.bodies.append(ast.Expr(item.context_expr))
                    if item.optional_vars:
                        self._spoil(item.optional_vars, condition)
        self.guarded = outer

    def _import(self, node: ast.Import | ast.ImportFrom, local: bool = False) -> list[tuple]:
        """Record an import and return what it binds, as pairs of a name and a Ref."""
        bound: list[tuple[str, Ref]] = []
        base = ""
        if type(node) is ast.ImportFrom:
            base = node.module or ""
            if node.level:
                parents = self.parent.split(".")
                kept = len(parents) - node.level + 1
                if kept < 1:
                    self.spot("import", node, "." * node.level + base)
                    return bound
                base = ".".join([*parents[:kept], base] if base else parents[:kept])
        if not base and len(node.names) == 1 and node.names[0].asname:
            alias = node.names[0]
            if not alias.name.startswith(self.followed):
                return [(alias.asname, Ref(alias.name))]  # the usual case: import polars as pl
        for alias in node.names:
            name, dotted = alias.name, f"{base}.{alias.name}" if base else alias.name
            if name == "*":
                binding, dotted = None, base
                if base == "dagster":
                    bound += [(one, Ref(f"dagster.{one}")) for one in (*MAKERS, *_VALUES)]
            elif base or alias.asname:
                binding = alias.asname or name
                bound.append((binding, Ref(dotted)))
                if dotted.startswith("dagster.") and name in MAKERS and binding != name:
                    self.renamed = True
            else:
                binding = name.partition(".")[0]
                bound.append((binding, Ref(binding)))
            target = bound[-1][1].dotted if binding else dotted
            place = node.lineno, node.col_offset + 1
            if self.layer and dotted.startswith(self.layers):
                self.reaches = True
            if base or dotted.startswith(self.followed):
                found = Import(dotted, binding, target, *place, local, self.guarded)
                self.imports.append(found)
        return bound

    def _inside(self, node: ast.AST, owner: str) -> None:
        """Look at the statements within a function or class: imports, and assets out of sight."""
        for inner in node.body:
            kind = type(inner)
            if kind is ast.Return or kind is ast.Expr or kind is ast.Assign:
                continue
            if kind is ast.Import or kind is ast.ImportFrom:
                for binding, ref in self._import(inner, local=True):
                    self.inner_scope[binding] = ref
            elif kind is ast.FunctionDef or kind is ast.AsyncFunctionDef or kind is ast.ClassDef:
                for decorator in inner.decorator_list:
                    target = decorator.func if type(decorator) is ast.Call else decorator
                    self.nested(evaluate(target, {**self.scope, **self.inner_scope}), owner, inner)
                self._inside(inner, owner)
            else:
                for field in ("body", "orelse", "finalbody", "handlers", "cases"):
                    for part in getattr(inner, field, ()):
                        if isinstance(part, ast.ExceptHandler | ast.match_case):
                            self._inside(part, owner)
                        elif isinstance(part, ast.stmt):
                            self._inside(_Body([part]), owner)


class _Body(NamedTuple):
    body: list[ast.stmt]
