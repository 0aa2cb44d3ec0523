"""Read one module: what it defines, imports and does, as small records."""

import ast
from typing import Any, NamedTuple

from .search import search
from .values import Made, Ref, Scope, Unknown, evaluate, keywords_of

MAKERS = frozenset(
    "asset multi_asset graph_asset graph_multi_asset asset_check multi_asset_check"
    " observable_source_asset multi_observable_source_asset".split()
)
CHECKS = frozenset(["asset_check", "multi_asset_check"])
VALUES = frozenset("AssetKey AssetSpec AssetDep AssetIn AssetOut AssetCheckSpec SourceAsset".split())
SPECS = frozenset(["AssetSpec", "SourceAsset"])
COMPUTED = frozenset(
    "AssetsDefinition load_assets_from_modules load_assets_from_current_module map_asset_specs"
    " load_assets_from_package_module load_assets_from_package_name with_source_code_references".split()
)
CONTEXT = frozenset(["context", "_context", "context_", "_"])  # what Dagster knows by name
_UNREAD = frozenset(  # arguments that say nothing of keys and dependencies
    "retry_policy pool kinds tags metadata owners group_name automation_condition io_manager_key"
    " freshness_policy partitions_def backfill_policy op_tags code_version required_resource_keys"
    " resource_defs compute_kind config_schema check_specs hooks can_subset blocking".split()
)
_POLARS = Ref("polars")
_CHANGES = frozenset("append extend insert remove pop clear update setdefault add sort".split())
_CHANGING = tuple(f".{name}(".encode() for name in _CHANGES) + (b"global ",)
_READS = (b"read", b"scan", b"open", b"data/")
_WORDS = (b"now(", b"today(", b"to_pandas", b"Asset", b"Definitions(", b"globals")


class Parameter(NamedTuple):
    """One parameter of an asset's function."""

    name: str
    line: int
    column: int
    kind: str  # plain, keyword-only, positional-only, * or **
    annotation: Any = None  # evaluated: usually a Ref


class Definition(NamedTuple):
    """Something that makes assets, as it is written."""

    binding: str  # the name that the module gives it
    maker: Ref  # `dagster.asset`, or what an import will lead to
    function: str
    parameters: tuple[Parameter, ...]
    keywords: dict[str, Any]
    description: str | None
    line: int
    column: int
    notes: tuple[str, ...] = ()  # why Dagster may see something else


class Import(NamedTuple):
    """One imported name, with its absolute dotted path."""

    dotted: str
    binding: str | None  # None for a star
    target: str  # the dotted path that the binding stands for
    line: int
    column: int
    local: bool = False  # within a function
    guarded: bool = False  # within a try, whose handler takes over if it is missing


class Spot(NamedTuple):
    """A place that a rule will want to know about."""

    kind: str
    line: int
    column: int
    text: str


class Module(NamedTuple):
    """What one file says."""

    name: str
    path: str  # relative to the project's root, with slashes
    layer: str | None
    definitions: tuple[Definition, ...] = ()
    imports: tuple[Import, ...] = ()
    spots: tuple[Spot, ...] = ()
    names: tuple[str, ...] = ()
    classes: dict[str, tuple] = {}  # a class's evaluated bases
    factories: frozenset[str] = frozenset()  # functions that make assets when called
    checkers: frozenset[str] = frozenset()  # functions that make asset checks when called
    used: frozenset[str] | None = None  # imports used beyond naming a dependency, if searched for
    open: bool = False  # it may bind names that cannot be read


class Reader:
    """Walk the statements of one module, in order, as Python would."""

    def __init__(self, name: str, path: str, layer: str | None, package: str, is_package: bool):
        self.name, self.path, self.layer, self.package = name, path, layer, package
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
        for word in _CHANGING:
            if word in source:
                self._find_changed(tree)
                break
        self._statements(tree.body, "")
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
                same += [(one.id, node.value.id) for one in node.targets if isinstance(one, ast.Name)]
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

    def makes_assets(self, value: Any) -> bool:
        """Tell whether calling a value makes assets: it is one of Dagster's decorators."""
        if type(value) is not Ref:
            return False
        root, _, rest = value.dotted.partition(".")
        return root == "dagster" and rest.rpartition(".")[2] in MAKERS

    def nested(self, value: Any, owner: str, node: ast.AST) -> None:
        """Remember that a function makes assets, or checks, when it is called."""
        if not self.makes_assets(value):
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
        for alias in node.names:
            name, dotted = alias.name, f"{base}.{alias.name}" if base else alias.name
            if name == "*":
                binding, dotted = None, base
                if base == "dagster":
                    bound += [(one, Ref(f"dagster.{one}")) for one in (*MAKERS, *VALUES)]
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

    def _function(self, node: ast.FunctionDef, condition: str) -> None:
        maker = call = None
        others = []
        for decorator in node.decorator_list:
            target = decorator.func if type(decorator) is ast.Call else decorator
            found = evaluate(target, self.scope)
            known = self.makes_assets(found)
            if known or (maker is None and self._ours(found)):
                maker, call = found, decorator
            else:
                others.append(ast.unparse(decorator))
                if self.layer and self._doubtful(found, target):
                    self.spot("unresolved", decorator, f"what {others[-1]} makes of {node.name}")
        if maker:
            notes = [f"{other} decorates it as well" for other in others]
            self._define(node.name, maker, call, node, condition, notes)
        else:
            self._bind(node.name, self.ref(node.name), node, condition)
            self.open = self.open or node.name == "__getattr__"
        self.functions[node.name] = node
        self._inside(node, node.name)
        self.bodies.append(node)

    def _ours(self, value: Any) -> bool:
        return type(value) is Ref and value.dotted.partition(".")[0] == self.package

    def _doubtful(self, value: Any, node: ast.expr) -> bool:
        """Tell whether something that cannot be read may make assets."""
        if isinstance(value, Ref):
            root, _, last = value.dotted.rpartition(".")
            return "asset" in last.lower() and (root != "dagster" or last in COMPUTED)
        while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
            node = node.func if isinstance(node, ast.Call) else node.value
        known = isinstance(node, ast.Name) and node.id not in self.scope
        return not known or any(found.binding is None for found in self.imports)

    def _define(self, binding, maker, call, function, condition, notes) -> None:
        """Remember a function that a decorator, or a call, makes an asset."""
        where = "only as a fallback" if condition == "except" else condition
        notes = [*notes, f"it is defined {where}"] if condition else notes
        old = self.definitions.get(binding)
        self._bind(binding, self.ref(binding), function, condition)
        self.scope[binding] = self.ref(binding)
        if old and condition:
            self.definitions[f"{binding}@{old.line}"] = old
        arguments = function.args
        self.definitions[binding] = Definition(
            binding, maker, function.name, self._parameters(arguments),
            keywords_of(call, self.scope, _UNREAD) if type(call) is ast.Call else {},
            docstring(function), function.lineno, function.col_offset + 1, tuple(notes),
        )  # fmt: skip
        self._annotations(function)

    def _annotations(self, function: ast.FunctionDef) -> None:
        """Remember annotations that Dagster refuses when it loads the file."""
        arguments = function.args.posonlyargs + function.args.args
        for note in [function.returns, *(argument.annotation for argument in arguments)]:
            if type(note) is ast.Subscript:
                outer = evaluate(note.value, self.scope)
                if isinstance(outer, Ref) and outer.dotted.startswith("dataframely."):
                    self.spot("annotation", note, ast.unparse(note))
        future = isinstance(self.scope.get("annotations"), Ref)
        if future and arguments and arguments[0].arg in CONTEXT and arguments[0].annotation:
            self.spot("future", arguments[0], arguments[0].arg)

    def _parameters(self, arguments: ast.arguments) -> tuple[Parameter, ...]:
        groups = [(arguments.args, "plain")]
        if arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg:
            groups.insert(0, (arguments.posonlyargs, "positional-only"))
            groups.append((arguments.kwonlyargs, "keyword-only"))
            groups.append(([arguments.vararg] if arguments.vararg else [], "*"))
            groups.append(([arguments.kwarg] if arguments.kwarg else [], "**"))
        return tuple(
            [
                Parameter(
                    one.arg, one.lineno, one.col_offset + 1, kind,
                    self._annotation(one.annotation) if one.annotation else None,
                )  # fmt: skip
                for group, kind in groups
                for one in group
            ]
        )

    def _annotation(self, node: ast.expr) -> Any:
        if type(node) is ast.Attribute:
            if type(node.value) is ast.Name and self.scope.get(node.value.id) == _POLARS:
                return None  # the usual case: pl.LazyFrame
            return evaluate(node, self.scope)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value, mode="eval").body
            except (SyntaxError, ValueError):
                return None
        if isinstance(node, ast.BinOp) or (isinstance(node, ast.Name) and node.id not in self.scope):
            return None  # `Resource | None` is no resource for Dagster, nor is a builtin
        if isinstance(node, ast.Subscript):
            last = node.slice.elts[-1] if isinstance(node.slice, ast.Tuple) else node.slice
            last = last.value if isinstance(last, ast.Constant) else None
            return Made(evaluate(node.value, self.scope), [last], {}, node.lineno, 1)
        return evaluate(node, self.scope)

    def _assign(self, node: ast.Assign | ast.AnnAssign, condition: str) -> None:
        value = node.value
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if value is None:
            return
        self.bodies.append(node)
        for target in targets:
            if not isinstance(target, ast.Name):
                self.odd = True
                self._spoil(target, condition)
                continue
            if isinstance(value, ast.Name | ast.Attribute | ast.Constant):
                self._bind(target.id, evaluate(value, self.scope), node, condition)
                continue
            self._bind(target.id, value, node, condition)
            if type(value) is ast.Call or type(value) is ast.List or type(value) is ast.ListComp:
                self._made(target.id, value, condition)
                self.handled.add(id(node))

    def _made(self, name: str, node: ast.expr, condition: str) -> None:
        """Remember the assets that an expression at the top level makes."""
        if isinstance(node, ast.List) and (not node.elts or isinstance(node.elts[0], ast.Constant)):
            return
        if isinstance(node, ast.Call):
            function = node.func.func if isinstance(node.func, ast.Call) else node.func
            found = evaluate(function, self.scope)
            if self.layer and not isinstance(found, Ref) and "asset" in ast.unparse(node).lower():
                self.spot("unresolved", node, f"what {ast.unparse(node)[:40]} makes")
            if isinstance(found, Ref) and found.dotted.partition(".")[0] not in (
                "dagster",
                self.package,
            ):
                if self.layer and self._doubtful(found, function):
                    self.spot("unresolved", node, f"what {found.dotted} makes")
                return
        value = evaluate(node, self.scope)
        items = [item.value for item in value] if isinstance(value, list) else [value]
        for index, made in enumerate(items):
            binding = f"{name}[{index}]" if isinstance(value, list) else name
            if not isinstance(made, Made):
                continue
            inner = made.maker if isinstance(made.maker, Made) else made
            maker = inner.maker
            last = maker.dotted.rpartition(".")[2] if isinstance(maker, Ref) else ""
            if self.makes_assets(maker):
                argument = made.arguments[0] if made.arguments else None
                own = isinstance(argument, Ref) and argument.dotted.rpartition(".")
                function = self.functions.get(own[2]) if own and own[0] == self.name else None
                if function is None:
                    self.spot("unresolved", node, f"what {last} makes of a function from elsewhere")
                    continue
                notes = [f"it is defined {condition}"] if condition else []
                self.definitions[binding] = Definition(
                    binding, maker, function.name, self._parameters(function.args), inner.keywords,
                    docstring(function), made.line, made.column, tuple(notes),
                )  # fmt: skip
                self.scope[name] = self.ref(name)
            elif last in SPECS and maker.dotted.startswith("dagster."):
                keywords = {"key": made.arguments[0]} if made.arguments else {}
                notes = [f"it is defined {condition}"] if condition else []
                self.definitions[binding] = Definition(
                    binding, maker, "", (), keywords | made.keywords,
                    None, made.line, made.column, tuple(notes),
                )  # fmt: skip
                if binding == name:
                    self.scope[name] = self.ref(name)
            elif self._ours(maker):
                words = {"": made.arguments, **made.keywords}
                self.definitions[binding] = Definition(
                    binding, maker, "", (), words, None, made.line, made.column
                )
            elif last in COMPUTED:
                self.spot("unresolved", node, f"what {last} makes")

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


def docstring(node: ast.FunctionDef) -> str | None:
    """Return a docstring as Dagster shows it: without the indentation of the code."""
    first = node.body[0]
    value = first.value if type(first) is ast.Expr else None
    text = value.value if type(value) is ast.Constant else None
    if not isinstance(text, str) or "\n" not in text:
        return text.strip() if isinstance(text, str) else None
    head, *rest = text.expandtabs().split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return "\n".join([head.lstrip(), *(line[margin:].rstrip() for line in rest)]).strip("\n")
