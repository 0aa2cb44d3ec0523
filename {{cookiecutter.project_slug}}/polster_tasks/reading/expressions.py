"""Look at every expression: what may make assets, ways around the graph, habits.

`_LOOKS`, at the end, says which method looks at which type of node.
"""

import ast
import builtins
import re
import sys
from collections.abc import Callable

from ..layers import LAYERS
from .building import Body, ModuleBuilder, Scope
from .module import Kind, Meaning, Reference, dotted_name

# Names in Dagster that make assets. Outside of a plain definition they make some out of sight.
_ASSET_MAKERS = frozenset((
    "asset", "multi_asset", "graph_asset", "graph_multi_asset", "observable_source_asset",
    "multi_observable_source_asset", "AssetSpec", "SourceAsset", "AssetsDefinition",
    "load_assets_from_modules", "load_assets_from_current_module", "map_asset_specs",
    "load_assets_from_package_module", "load_assets_from_package_name",
    "with_source_code_references",
))  # fmt: skip
_SOUNDS_LIKE_MAKER = re.compile(r"(?i)(?!dagster\.).*asset|.*multi_asset_check$")

_CHANGING_METHODS = frozenset(
    ("append", "extend", "insert", "remove", "pop", "clear", "update", "setdefault", "add")
)
_RAW_FILE_NAMES = frozenset(("scan_csv", "scan_ndjson", "scan_parquet", "LANDING", "sources"))
_NAIVE_NOW = frozenset(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today"))

_FOLDERS = (*LAYERS, "landing", "quarantine")
_FOLDER = "|".join(_FOLDERS)
_LAYER_PATH = re.compile(rf"\S*[/\\]({_FOLDER})([/\\]\S*)?|({_FOLDER})[/\\]\S*\.\w+")


class ExpressionReader:
    """Looks at the expressions of one module."""

    def __init__(self, module: ModuleBuilder):
        self._module = module
        self._may_not_read_files = module.layer in ("silver", "gold")
        self._scope = Scope(module.names)  # of the expression at hand
        self._is_kept = False  # whether the module keeps what the expression at hand gives

    def look(self, scope: Scope, *nodes: ast.AST | None) -> None:
        """Look at some nodes and at every expression within."""
        self._scope = scope
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            kind = type(node)
            look_at = _LOOKS.get(kind)
            if look_at is not None:
                look_at(self, node)
            for field in _CHILDREN[kind]:
                child = getattr(node, field)
                if type(child) is list:
                    waiting += child
                else:
                    waiting.append(child)

    def look_at_value(self, scope: Scope, value: ast.expr) -> None:
        """Look at an expression that gives the module a value: a call may make assets."""
        self._is_kept = True
        self.look(scope, value)
        self._is_kept = False

    def may_make_assets(self, node: ast.expr) -> None:
        """Note a call or decorator at import of which only running it would tell what it makes."""
        module = self._module
        if not module.in_defs:
            return
        function = node.func if type(node) is ast.Call else node
        root = function
        while isinstance(root, ast.Call | ast.Attribute | ast.Subscript):
            root = root.func if type(root) is ast.Call else root.value
        meaning: Meaning = root
        if type(root) is ast.Name:
            if root.id not in module.names and hasattr(builtins, root.id):
                return
            meaning = module.names.get(root.id)
        if type(meaning) is ast.Call:  # an object that was made above
            meaning = dotted_name(meaning.func, module.names) or meaning
        called = dotted_name(function, module.names) or meaning
        text = called if type(called) is str else ast.unparse(node)[:60]
        if text.partition(".")[0] == module.package:
            module.calls.append(Reference(text, node.lineno, node.col_offset + 1))
        elif called is None or _SOUNDS_LIKE_MAKER.match(text):
            module.unresolved(node, f"what {text} makes")

    def _name(self, node: ast.Name) -> None:
        scope = self._scope
        if not scope.is_module:
            self._module.used.add(node.id)
        elif type(node.ctx) is not ast.Load:
            self._module.forget(node.id)
        meaning = scope.names.get(node.id)
        if type(meaning) is str and type(node.ctx) is ast.Load:
            self._maker(node, meaning)

    def _attribute(self, node: ast.Attribute) -> None:
        if node.attr in _ASSET_MAKERS:
            self._maker(node, dotted_name(node, self._scope.names) or "")
        elif node.attr in _CHANGING_METHODS:
            self._change(node.value)
        elif node.attr in _RAW_FILE_NAMES and self._may_not_read_files:
            dotted = dotted_name(node, self._scope.names)
            if dotted and dotted.startswith(f"{self._module.package}."):
                place = (node.lineno, node.col_offset + 1)
                self._module.raw_reads.append(Reference(dotted, *place))

    def _subscript(self, node: ast.Subscript) -> None:
        if type(node.ctx) is not ast.Load:
            self._change(node.value)

    def _change(self, changed: ast.expr) -> None:
        """Note that a list or dict is changed in place."""
        if type(changed) is ast.Name:
            self._module.change(changed.id)

    def _maker(self, node: ast.Name | ast.Attribute, dotted: str) -> None:
        """Look at a name that may be one of Dagster's makers of assets."""
        if not dotted.startswith("dagster.") or dotted.rpartition(".")[2] not in _ASSET_MAKERS:
            return
        owner = self._scope.owner
        self._module.factories.add(owner)
        what = f"the assets that {owner} makes when it runs" if owner else f"this {dotted}"
        self._module.unresolved(node, what)

    def _call(self, node: ast.Call) -> None:
        function = node.func
        root = function
        while type(root) is ast.Attribute:
            root = root.value
        if type(root) is ast.Name:
            self._module.used.add(root.id)
            if type(self._scope.names.get(root.id)) is str:
                self._known_call(node, dotted_name(function, self._scope.names) or "")
            if root is function and root.id in ("exec", "globals"):
                self._module.open = True
                self._module.unresolved(node, f"the names that {root.id}() binds")
        if type(function) is ast.Attribute and function.attr == "to_pandas":
            self._module.observe(Kind.TO_PANDAS, node, ast.unparse(function))
        if self._is_kept:
            self.may_make_assets(node)

    def _known_call(self, node: ast.Call, dotted: str) -> None:
        """Look at a call of something that was imported."""
        if dotted in _NAIVE_NOW and not node.args and not node.keywords:
            self._module.observe(Kind.NAIVE_NOW, node, ast.unparse(node))
        elif dotted.startswith("dagster.Definitions") and self._module.in_defs:
            keywords = {keyword.arg for keyword in node.keywords}
            if self._module.layer or node.args or keywords & {"assets", None}:
                what = "what these Definitions add, or leave out"
                self._module.observe(Kind.DEFINITIONS, node, what)

    def _lambda(self, node: ast.Lambda) -> None:
        self._module.bodies.append(Body([node.body], self._scope.owner, self._scope))

    def _constant(self, node: ast.Constant) -> None:
        if not self._may_not_read_files or type(node.value) is not str:
            return
        if _LAYER_PATH.fullmatch(node.value):
            self._module.observe(Kind.LAYER_PATH, node, ast.unparse(node))

    def _operation(self, node: ast.BinOp) -> None:
        if not self._may_not_read_files or type(node.op) is not ast.Div:
            return
        if type(node.right) is ast.Constant and node.right.value in _FOLDERS:
            self._module.observe(Kind.LAYER_PATH, node, ast.unparse(node))

    def _pattern(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name and self._scope.is_module:
            self._module.forget(node.name)

    def _mapping_pattern(self, node: ast.MatchMapping) -> None:
        if node.rest and self._scope.is_module:
            self._module.forget(node.rest)


_LOOKS: dict[type, Callable[[ExpressionReader, ast.AST], None]] = {
    ast.Name: ExpressionReader._name,
    ast.Attribute: ExpressionReader._attribute,
    ast.Subscript: ExpressionReader._subscript,
    ast.Call: ExpressionReader._call,
    ast.Lambda: ExpressionReader._lambda,
    ast.Constant: ExpressionReader._constant,
    ast.BinOp: ExpressionReader._operation,
    ast.MatchAs: ExpressionReader._pattern,
    ast.MatchStar: ExpressionReader._pattern,
    ast.MatchMapping: ExpressionReader._mapping_pattern,
}

# The fields of each type of node that hold expressions. Annotations are left out: they are read
# only where Dagster reads them.
_OTHER_FIELDS = frozenset((
    "annotation", "returns", "ctx", "op", "ops", "id", "attr", "arg", "name", "names", "rest",
    "kwd_attrs", "kind", "conversion", "is_async", "simple", "type_comment", "type_params", "str",
))  # fmt: skip
_CHILDREN: dict[type, tuple[str, ...]] = {
    node: tuple(field for field in node._fields if field not in _OTHER_FIELDS)
    for node in vars(ast).values()
    if isinstance(node, type) and issubclass(node, ast.AST)
}
if sys.version_info >= (3, 12):
    _CHILDREN[ast.TypeAlias] = ("name", "value")  # a name there, in other nodes a text
_CHILDREN[ast.Constant] = ()
_CHILDREN[ast.MatchSingleton] = ()
_CHILDREN[ast.comprehension] = ("iter", "ifs")  # its targets are no names of the module
_CHILDREN[ast.Lambda] = ("args",)  # its body runs later
_CHILDREN[type(None)] = ()  # an optional child that is not there
