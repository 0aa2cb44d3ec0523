"""What one file says, as small records. Expressions stay as written: `names` reads them."""

import ast
from typing import NamedTuple

from ..layers import LAYERS

MAKERS = ("asset", "multi_asset", "graph_asset", "asset_check", "AssetSpec")
MAKING = {  # what makes assets, and is unresolved anywhere but in a plain definition
    "asset", "multi_asset", "graph_asset", "graph_multi_asset", "observable_source_asset",
    "multi_observable_source_asset", "AssetSpec", "SourceAsset", "AssetsDefinition",
    "load_assets_from_modules", "load_assets_from_current_module", "map_asset_specs",
    "load_assets_from_package_module", "load_assets_from_package_name",
    "with_source_code_references",
}  # fmt: skip
READ = {  # the arguments that name keys and dependencies
    "name", "key", "key_prefix", "path", "asset", "deps", "ins", "specs", "outs", "description",
    "additional_deps", "additional_ins", "internal_asset_deps",
}  # fmt: skip
CONTEXT = ("context", "_context", "context_", "_")  # what Dagster knows by name

Meaning = str | ast.expr | None  # a dotted name, the expression that gives it, or unknown
Arguments = dict[str, ast.expr]  # of a call, by name; "0" is the first, "**" is computed
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Parameter(NamedTuple):
    """One parameter of an asset's function."""

    name: str
    line: int
    column: int
    seen: bool  # Dagster takes it for an input
    annotation: ast.expr | None  # None for Polars' own types as well


class Definition(NamedTuple):
    """Something that makes assets, sources or checks, as it is written."""

    maker: str  # one of MAKERS
    function: str  # empty for an AssetSpec
    parameters: list[Parameter]
    arguments: Arguments
    description: str | None
    line: int
    column: int
    notes: list[str]  # why Dagster may see something else


class Import(NamedTuple):
    """One imported name, with its absolute dotted path."""

    dotted: str
    binding: str
    line: int
    column: int
    guarded: bool  # within a try, whose handler takes over if it is missing


class Spot(NamedTuple):
    """A place that a rule will want to know about."""

    kind: str
    line: int
    column: int
    text: str


class Module:
    """What one file says; without a path a folder, or what lies outside of the project."""

    def __init__(self, name: str = "", path: str = "", package: str = ""):
        parts = path.split("/")
        self.name, self.path, self.package = name, path, package
        self.in_defs = len(parts) > 3 and parts[2] == "defs"
        self.layer = parts[3] if self.in_defs and len(parts) > 4 and parts[3] in LAYERS else None
        self.names: dict[str, Meaning] = {}
        self.definitions: dict[str, Definition] = {}  # by the name that they are bound to
        self.classes: dict[str, list[ast.expr]] = {}  # each with its bases
        self.imports: list[Import] = []
        self.spots: list[Spot] = []
        self.factories: set[str] = set()  # functions and classes that make assets when called
        self.used: set[str] = set()  # imported names used otherwise than to name a dependency
        self.open = False  # it may bind names that cannot be read

    def spot(self, kind: str, node: ast.AST, text: str) -> None:
        """Remember a place."""
        self.spots.append(Spot(kind, node.lineno, node.col_offset + 1, text))


def dotted_name(node: ast.expr, names: dict[str, Meaning]) -> str | None:
    """Return the full dotted name that `dg.asset` stands for, or None where it cannot be told."""
    if type(node) is ast.Name:
        meaning = names.get(node.id)
        return meaning if type(meaning) is str else None
    base = dotted_name(node.value, names) if type(node) is ast.Attribute else None
    return f"{base}.{node.attr}" if base else None


def maker_of(dotted: str | None) -> str | None:
    """Return which of Dagster's makers a dotted name is, if it is one."""
    last = dotted.rpartition(".")[2] if dotted and dotted.startswith("dagster.") else None
    return last if last in MAKERS else None


def arguments_of(node: ast.expr) -> Arguments:
    """Return the arguments of a call that name something, none if it is no call."""
    if type(node) is not ast.Call:
        return {}
    found = {one.arg or "**": one.value for one in node.keywords if not one.arg or one.arg in READ}
    return found | {"0": node.args[0]} if node.args else found
