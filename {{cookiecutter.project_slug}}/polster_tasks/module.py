"""What one file says, as small records. Expressions stay as written: `names` reads them."""

import ast
from typing import NamedTuple

MAKERS = ("asset", "multi_asset", "graph_asset", "asset_check", "AssetSpec")
MAKING = {  # what makes assets, and is unresolved anywhere but in a plain definition
    "asset", "multi_asset", "graph_asset", "graph_multi_asset", "observable_source_asset",
    "multi_observable_source_asset", "AssetSpec", "SourceAsset", "AssetsDefinition",
    "load_assets_from_modules", "load_assets_from_current_module", "map_asset_specs",
    "load_assets_from_package_module", "load_assets_from_package_name",
    "with_source_code_references",
}  # fmt: skip
CONTEXT = ("context", "_context", "context_", "_")  # what Dagster knows by name

READ = {"name", "key", "key_prefix", "path", "asset", "deps", "ins", "specs", "outs"} | {
    "description",
    "additional_deps",
    "additional_ins",
    "internal_asset_deps",
}  # the arguments that name keys and dependencies

Meaning = str | ast.expr | None  # a dotted name, the expression that gives it, or unknown
Arguments = dict[str, ast.expr]  # of a call, by name; "0" is the first, "**" is computed


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
    function: str
    parameters: tuple[Parameter, ...]
    arguments: Arguments
    description: str | None
    line: int
    column: int
    notes: tuple[str, ...]  # why Dagster may see something else


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


class Module(NamedTuple):
    """What one file says."""

    name: str
    path: str  # relative to the project's root, with slashes
    layer: str | None
    names: dict[str, Meaning]
    definitions: dict[str, Definition]  # by the name that they are bound to
    classes: dict[str, list[ast.expr]]  # each with its bases
    imports: list[Import]
    spots: list[Spot]
    factories: set[str]  # functions and classes that make assets when called
    used: set[str]  # imported names used otherwise than to name a dependency
    open: bool  # it may bind names that cannot be read


def dotted_name(node: ast.expr, names: dict[str, Meaning]) -> str | None:
    """Return the full dotted name that `dg.asset` stands for, or None where it cannot be told."""
    if type(node) is ast.Name:
        meaning = names.get(node.id)
        return meaning if type(meaning) is str else None
    base = dotted_name(node.value, names) if type(node) is ast.Attribute else None
    return f"{base}.{node.attr}" if base else None


def maker_of(dotted: str | None) -> str | None:
    """Return which of Dagster's makers a dotted name is, if it is one."""
    if not dotted or not dotted.startswith("dagster."):
        return None
    last = dotted.rpartition(".")[2]
    return last if last in MAKERS else None


def arguments_of(node: ast.expr) -> Arguments:
    """Return the arguments of a call that name something, none if it is no call."""
    if type(node) is not ast.Call:
        return {}
    words = node.keywords
    found = {one.arg or "**": one.value for one in words if one.arg in READ or not one.arg}
    return found | {"0": node.args[0]} if node.args else found
