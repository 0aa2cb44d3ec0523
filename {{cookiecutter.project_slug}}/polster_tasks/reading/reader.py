"""Read one module as Python runs it: statement by statement, functions' bodies afterwards.

The statements say what names stand for; every expression in them is searched for what may make
assets out of sight, for ways around the graph, and for habits that a rule warns of.
"""

import ast
import builtins
import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..layers import LAYERS
from .definitions import FunctionReader, spec_definition
from .module import (
    Definition,
    Function,
    Import,
    Kind,
    Meaning,
    Module,
    Names,
    Observation,
    Reference,
    dotted_name,
    maker_of,
)

# Names in Dagster that make assets. Outside of a plain definition they make some out of sight.
_ASSET_MAKERS = frozenset((
    "asset", "multi_asset", "graph_asset", "graph_multi_asset", "observable_source_asset",
    "multi_observable_source_asset", "AssetSpec", "SourceAsset", "AssetsDefinition",
    "load_assets_from_modules", "load_assets_from_current_module", "map_asset_specs",
    "load_assets_from_package_module", "load_assets_from_package_name",
    "with_source_code_references",
))  # fmt: skip
_SOUNDS_LIKE_MAKER = re.compile(r"(?i)(?!dagster\.).*asset|.*multi_asset_check$")

_MUTATING_METHODS = frozenset(
    ("append", "extend", "insert", "remove", "pop", "clear", "update", "setdefault", "add")
)
_RAW_FILE_NAMES = frozenset(("scan_csv", "scan_ndjson", "scan_parquet", "LANDING", "sources"))
_NAIVE_NOW = frozenset(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today"))

_FOLDERS = (*LAYERS, "landing", "quarantine")
_FOLDER = "|".join(_FOLDERS)
_LAYER_PATH = re.compile(rf"\S*[/\\]({_FOLDER})([/\\]\S*)?|({_FOLDER})[/\\]\S*\.\w+")


class _Scope:
    """What names mean in a module, or in the function or class of it that is being read."""

    def __init__(self, owner: str, names: Names):
        self.owner = owner  # the outermost function or class, empty for the module itself
        self.names = names


class _Block(NamedTuple):
    """Statements that run one after the other."""

    statements: Iterator[ast.AST]
    scope: _Scope
    condition: ast.AST | None  # what decides whether they run
    guarded: bool  # within a try statement


class _Body(NamedTuple):
    """The body of a function, which runs when the module has been read, if at all."""

    nodes: list[ast.AST]
    owner: str
    around: _Scope


def read_module(tree: ast.Module, name: str, path: str, package: str) -> Module:
    """Return what a module says.

    Args:
        tree: The parsed file.
        name: Its dotted name, `shop.defs.silver.orders`.
        path: Its path relative to the project's root, with slashes.
        package: The project's package, `shop`.
    """
    return _Reader(name, path, package).read(tree)


class _Reader:
    """Builds one Module. Its tables at the end say which method reads which type of node."""

    def __init__(self, name: str, path: str, package: str):
        parts = path.split("/")
        self.name, self.path, self.package = name, path, package
        self.in_defs = len(parts) > 3 and parts[2] == "defs"
        in_layer = self.in_defs and len(parts) > 4 and parts[3] in LAYERS
        self.layer = parts[3] if in_layer else None
        self.may_not_read_files = self.layer in ("silver", "gold")
        self.is_polsters = len(parts) > 3 and parts[2] == "polster"

        self.names: Names = {}
        self.definitions: dict[str, Definition] = {}
        self.classes: dict[str, list[ast.expr]] = {}
        self.imports: list[Import] = []
        self.calls: list[Reference] = []
        self.raw_reads: list[Reference] = []
        self.observations: list[Observation] = []
        self.factories: set[str] = set()
        self.used: set[str] = set()
        self.open = False

        self._bodies: deque[_Body] = deque()
        self._blocks: list[_Block] = []  # the innermost last
        self._scope = _Scope("", self.names)  # of the statement that is being read
        self._functions = FunctionReader(path, self.names, self.observations)

    def read(self, tree: ast.Module) -> Module:
        """Read the module's statements, then the bodies of its functions."""
        self._run(self._scope, tree.body)
        while self._bodies:
            body = self._bodies.popleft()
            self._run(_Scope(body.owner, body.around.names), body.nodes)
        return Module(
            self.name,
            self.path,
            self.in_defs,
            self.layer,
            self.is_polsters,
            self.names,
            self.definitions,
            self.classes,
            self.imports,
            self.calls,
            self.raw_reads,
            self.observations,
            self.factories,
            self.used,
            self.open,
        )

    # The two work-lists: of statements, and of the expressions in one statement ---------------

    def _run(self, scope: _Scope, nodes: list[ast.AST]) -> None:
        """Read statements in order, and those of their blocks where they stand."""
        self._blocks.append(_Block(iter(nodes), scope, None, False))
        while self._blocks:
            self._block = self._blocks[-1]
            self._scope = self._block.scope
            statement = next(self._block.statements, None)
            if statement is None:
                self._blocks.pop()
            else:
                _STATEMENTS.get(type(statement), _Reader._search)(self, statement)

    def _enter(self, *blocks: _Block) -> None:
        """Read some blocks next, the first of them first."""
        self._blocks += reversed(blocks)

    def _search(self, *nodes: ast.AST | None) -> None:
        """Look at every expression within some nodes."""
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            kind = type(node)
            look = _EXPRESSIONS.get(kind)
            if look is not None:
                look(self, node)
            for field in _CHILDREN[kind]:
                child = getattr(node, field)
                if type(child) is list:
                    waiting += child
                else:
                    waiting.append(child)

    # Statements: what they bind, and when they run -------------------------------------------

    def _if(self, node: ast.If | ast.While) -> None:
        self._search(node.test)
        self._enter(self._perhaps(node, node.body), self._perhaps(node, node.orelse))

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self._search(node.iter, node.target)
        self._enter(self._perhaps(node, node.body), self._perhaps(node, node.orelse))

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        self._search(*node.items)
        self._enter(self._perhaps(node, node.body))

    def _match(self, node: ast.Match) -> None:
        self._search(node.subject)
        for case in node.cases:
            self._search(case.pattern, case.guard)
        self._enter(*(self._perhaps(node, case.body) for case in node.cases))

    def _try(self, node: ast.Try) -> None:
        condition = self._block.condition
        blocks = [_Block(iter(node.body), self._scope, condition, guarded=True)]
        for handler in node.handlers:
            self._search(handler.type)
            self._forget(handler.name)
            blocks.append(_Block(iter(handler.body), self._scope, handler, guarded=True))
        rest = iter([*node.orelse, *node.finalbody])
        blocks.append(_Block(rest, self._scope, condition or node, guarded=True))
        self._enter(*blocks)

    def _perhaps(self, node: ast.stmt, statements: list[ast.stmt]) -> _Block:
        """Return a block that runs only if a statement decides so."""
        block = self._block
        return _Block(iter(statements), self._scope, block.condition or node, block.guarded)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            root = alias.name.partition(".")[0]
            meaning = alias.name if alias.asname else root
            self._bind_import(node, alias.name, alias.asname or root, meaning)

    def _import_from(self, node: ast.ImportFrom) -> None:
        base = self._absolute(node)
        if base is None:
            written = "." * node.level + (node.module or "")
            self._observe(Kind.OUTSIDE_IMPORT, node, written)
            return
        for alias in node.names:
            if alias.name == "*":
                self.open = True
                self._unresolved(node, f"what `from {base} import *` brings")
                continue
            dotted = f"{base}.{alias.name}"
            self._bind_import(node, dotted, alias.asname or alias.name, dotted)

    def _absolute(self, node: ast.ImportFrom) -> str | None:
        """Return the dotted name that an import starts at, None where it leaves the package."""
        if not node.level:
            return node.module
        parents = self.name.split(".")
        if self.path.endswith("/__init__.py"):
            parents.append("__init__")
        if node.level >= len(parents):
            return None
        parents = parents[: -node.level]
        return ".".join([*parents, node.module] if node.module else parents)

    def _bind_import(
        self, node: ast.Import | ast.ImportFrom, dotted: str, binding: str, meaning: str
    ) -> None:
        """Give an imported name its meaning; remember imports of the project, and of pandas."""
        if self._scope.owner:
            self._scope.names = {**self._scope.names, binding: meaning}
            self.used.add(binding)
        else:
            self._bind(binding, meaning)
        root = dotted.partition(".")[0]
        if root == "pandas" or (root == self.package and dotted != root):
            place = (node.lineno, node.col_offset + 1)
            self.imports.append(Import(dotted, binding, *place, self._block.guarded))

    def _class(self, node: ast.ClassDef) -> None:
        self._search(*node.decorator_list)
        scope = self._scope
        if not scope.owner:
            self._bind(node.name, f"{self.name}.{node.name}")
            self.classes[node.name] = node.bases
            scope = _Scope(node.name, self.names)
        nodes = iter([*node.bases, *node.keywords, *node.body])
        self._enter(_Block(nodes, scope, self._block.condition, self._block.guarded))

    def _function(self, node: Function) -> None:
        owner = self._scope.owner
        if owner:
            self._search(*node.decorator_list)
        else:
            self._module_function(node)
        defaults = [*node.args.defaults, *node.args.kw_defaults]
        self._bodies.append(_Body([*defaults, *node.body], owner or node.name, self._scope))

    def _module_function(self, node: Function) -> None:
        """Read a function that other files can import: it may be an asset."""
        maker, maker_decorator, others = None, None, []
        for decorator in node.decorator_list:
            function = decorator.func if type(decorator) is ast.Call else decorator
            its_maker = maker_of(dotted_name(function, self.names))
            if its_maker:
                maker, maker_decorator = its_maker, decorator
            else:
                others.append(decorator)
        self._bind(node.name, f"{self.name}.{node.name}")
        if node.name == "__getattr__" and not self.is_polsters:  # Polster's lists its names
            self.open = True
        self._search(*others)
        if maker and maker_decorator:
            unresolved = [f"{ast.unparse(other)} decorates it as well" for other in others]
            unresolved += self._conditions()
            definition = self._functions.read(maker, node, maker_decorator, unresolved)
            self._define(node.name, definition)
            return
        for decorator in others:
            if type(decorator) is not ast.Call:  # calls were looked at in the search
                self._may_make_assets(decorator)

    def _assign(self, node: ast.Assign | ast.AnnAssign) -> None:
        targets = node.targets if type(node) is ast.Assign else [node.target]
        if self._scope.owner:
            self._search(node.value, *targets)
            return
        value = node.value
        if value is None:  # `name: type` alone binds nothing
            return
        if self._declares_sources(value, targets):
            return
        meaning = self._meaning(value)
        if type(meaning) is not str:  # `table = dg.asset` makes no asset yet
            self._search(value)
        for target in targets:
            if type(target) is ast.Name:
                self._bind(target.id, meaning)
            else:
                self._search(target)

    def _declares_sources(self, value: ast.expr, targets: list[ast.expr]) -> bool:
        """Remember `name = AssetSpec(...)` as a source; tell whether it was one."""
        if type(value) is not ast.Call or not all(type(target) is ast.Name for target in targets):
            return False
        if maker_of(dotted_name(value.func, self.names)) != "AssetSpec":
            return False
        for target in targets:
            dotted = f"{self.name}.{target.id}"
            self._bind(target.id, dotted)
            self.names[target.id] = dotted
            self._define(target.id, spec_definition(value, self._conditions()))
        return True

    def _meaning(self, value: ast.expr) -> Meaning:
        """Return what a name means that is given a value."""
        dotted = dotted_name(value, self.names)
        if dotted:
            return dotted
        return self.names.get(value.id) if type(value) is ast.Name else value

    def _global(self, node: ast.Global) -> None:
        for name in node.names:
            self.names[name] = None

    def _bind(self, name: str, meaning: Meaning) -> None:
        """Give a name of the module its meaning; two meanings make it unknown."""
        condition = self._block.condition
        if name in self.names and type(condition) is ast.ExceptHandler:
            return  # the body of `try` comes first
        if name in self.definitions and not condition:
            old = self.definitions.pop(name)
            place = (self.path, old.line, old.column)
            seen = Observation(Kind.OVERWRITTEN, *place, old.function or name)
            self.observations.append(seen)
        self.names[name] = meaning if self.names.get(name, meaning) == meaning else None

    def _forget(self, name: str | None) -> None:
        """Forget what a name of the module stands for, if one is bound in a way not followed."""
        if name is None or self._scope.owner:
            return
        self._changed(name)
        self.names[name] = None

    def _changed(self, name: str) -> None:
        """Forget a list or dict that is changed, under each of its names."""
        meaning = self.names.get(name)
        if not isinstance(meaning, ast.expr):
            return
        for other, value in self.names.items():
            if value is meaning:
                self.names[other] = None

    def _conditions(self) -> list[str]:
        """Say under which condition the statement at hand runs."""
        condition = self._block.condition
        if condition is None:
            return []
        if type(condition) is ast.ExceptHandler:
            return ["it is defined in an except"]
        return [f"it is defined under {ast.unparse(condition).partition(chr(10))[0]!r}"]

    def _define(self, name: str, definition: Definition) -> None:
        """Remember a definition, beside one that it may or may not replace."""
        if name in self.definitions:
            self.definitions[f"{name}@{definition.line}"] = self.definitions[name]
        self.definitions[name] = definition

    # Expressions: what they tell ---------------------------------------------------------------

    def _name(self, node: ast.Name) -> None:
        scope = self._scope
        if scope.owner:
            self.used.add(node.id)
        if type(node.ctx) is not ast.Load:
            self._forget(node.id)
            return
        meaning = scope.names.get(node.id)
        if type(meaning) is str:
            self._maker(node, meaning)

    def _attribute(self, node: ast.Attribute) -> None:
        if node.attr in _ASSET_MAKERS:
            self._maker(node, dotted_name(node, self._scope.names) or "")
        elif node.attr in _MUTATING_METHODS:
            self._change(node.value)
        elif node.attr in _RAW_FILE_NAMES and self.may_not_read_files:
            dotted = dotted_name(node, self._scope.names)
            if dotted and dotted.startswith(f"{self.package}."):
                self.raw_reads.append(Reference(dotted, node.lineno, node.col_offset + 1))

    def _subscript(self, node: ast.Subscript) -> None:
        if type(node.ctx) is not ast.Load:
            self._change(node.value)

    def _change(self, value: ast.expr) -> None:
        """Note that what an expression stands for is changed in place."""
        if type(value) is ast.Name:
            self._changed(value.id)

    def _maker(self, node: ast.Name | ast.Attribute, dotted: str) -> None:
        """Look at a name that may be one of Dagster's makers of assets."""
        if not dotted.startswith("dagster.") or dotted.rpartition(".")[2] not in _ASSET_MAKERS:
            return
        owner = self._scope.owner
        self.factories.add(owner)
        what = f"the assets that {owner} makes when it runs" if owner else f"this {dotted}"
        self._unresolved(node, what)

    def _call(self, node: ast.Call) -> None:
        function = node.func
        root = function
        while type(root) is ast.Attribute:
            root = root.value
        if type(root) is ast.Name:
            self.used.add(root.id)
            self._named_call(node, root)
        if type(function) is ast.Attribute and function.attr == "to_pandas":
            self._observe(Kind.TO_PANDAS, node, ast.unparse(function))
        if self.in_defs and not self._scope.owner:
            self._may_make_assets(node)

    def _named_call(self, node: ast.Call, root: ast.Name) -> None:
        """Look at a call of a name, or of an attribute of one."""
        if node.func is root and root.id in ("exec", "globals"):
            self.open = True
            self._unresolved(node, f"the names that {root.id}() binds")
        if type(self._scope.names.get(root.id)) is not str:
            return
        dotted = dotted_name(node.func, self._scope.names) or ""
        if dotted in _NAIVE_NOW and not node.args and not node.keywords:
            self._observe(Kind.NAIVE_NOW, node, ast.unparse(node))
        elif dotted.startswith("dagster.Definitions") and self.in_defs:
            keywords = {keyword.arg for keyword in node.keywords}
            if self.layer or node.args or keywords & {"assets", None}:
                what = "what these Definitions add, or leave out"
                self._observe(Kind.DEFINITIONS, node, what)

    def _may_make_assets(self, node: ast.expr) -> None:
        """Note a call or decorator at import of which only running it would tell what it makes."""
        function = node.func if type(node) is ast.Call else node
        root = function
        while isinstance(root, ast.Call | ast.Attribute | ast.Subscript):
            root = root.func if type(root) is ast.Call else root.value
        meaning: Meaning = root
        if type(root) is ast.Name:
            if root.id not in self.names and hasattr(builtins, root.id):
                return
            meaning = self.names.get(root.id)
        if type(meaning) is ast.Call:  # an object that was made above
            meaning = dotted_name(meaning.func, self.names) or meaning
        called = dotted_name(function, self.names) or meaning
        text = called if type(called) is str else ast.unparse(node)[:60]
        if text.partition(".")[0] == self.package:
            self.calls.append(Reference(text, node.lineno, node.col_offset + 1))
        elif called is None or _SOUNDS_LIKE_MAKER.match(text):
            self._unresolved(node, f"what {text} makes")

    def _constant(self, node: ast.Constant) -> None:
        if not self.may_not_read_files or type(node.value) is not str:
            return
        if _LAYER_PATH.fullmatch(node.value):
            self._observe(Kind.LAYER_PATH, node, ast.unparse(node))

    def _operation(self, node: ast.BinOp) -> None:
        if not self.may_not_read_files or type(node.op) is not ast.Div:
            return
        if type(node.right) is ast.Constant and node.right.value in _FOLDERS:
            self._observe(Kind.LAYER_PATH, node, ast.unparse(node))

    def _pattern(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self._forget(node.name)

    def _mapping_pattern(self, node: ast.MatchMapping) -> None:
        self._forget(node.rest)

    def _unresolved(self, node: ast.AST, what: str) -> None:
        """Note what only running the code would tell, where it may define assets."""
        if self.in_defs:
            self._observe(Kind.UNRESOLVED, node, what)

    def _observe(self, kind: Kind, node: ast.AST, text: str) -> None:
        place = (node.lineno, node.col_offset + 1)
        self.observations.append(Observation(kind, self.path, *place, text))


# How a statement is read; any other is searched for expressions.
_STATEMENTS: dict[type, Callable[[_Reader, ast.AST], None]] = {
    ast.Import: _Reader._import,
    ast.ImportFrom: _Reader._import_from,
    ast.FunctionDef: _Reader._function,
    ast.AsyncFunctionDef: _Reader._function,
    ast.ClassDef: _Reader._class,
    ast.Assign: _Reader._assign,
    ast.AnnAssign: _Reader._assign,
    ast.Global: _Reader._global,
    ast.If: _Reader._if,
    ast.While: _Reader._if,
    ast.For: _Reader._for,
    ast.AsyncFor: _Reader._for,
    ast.With: _Reader._with,
    ast.AsyncWith: _Reader._with,
    ast.Match: _Reader._match,
    ast.Try: _Reader._try,
    ast.TryStar: _Reader._try,
}

# What is looked at in an expression.
_EXPRESSIONS: dict[type, Callable[[_Reader, ast.AST], None]] = {
    ast.Name: _Reader._name,
    ast.Attribute: _Reader._attribute,
    ast.Subscript: _Reader._subscript,
    ast.Call: _Reader._call,
    ast.Constant: _Reader._constant,
    ast.BinOp: _Reader._operation,
    ast.MatchAs: _Reader._pattern,
    ast.MatchStar: _Reader._pattern,
    ast.MatchMapping: _Reader._mapping_pattern,
}

# The fields that may hold expressions, for each type of node. Annotations are not run, and read
# only where Dagster reads them; the names of a comprehension are its own.
_OTHER_FIELDS = frozenset((
    "annotation", "returns", "ctx", "op", "ops", "id", "attr", "arg", "name", "names", "rest",
    "kwd_attrs", "kind", "conversion", "is_async", "simple", "type_comment", "type_params",
))  # fmt: skip
_CHILDREN: dict[type, tuple[str, ...]] = {
    node: tuple(field for field in node._fields if field not in _OTHER_FIELDS)
    for node in vars(ast).values()
    if isinstance(node, type) and issubclass(node, ast.AST)
}
_CHILDREN[ast.Constant] = ()
_CHILDREN[ast.comprehension] = ("iter", "ifs")
_CHILDREN[type(None)] = ()  # an optional child that is not there
