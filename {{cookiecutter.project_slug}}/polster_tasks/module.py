"""What one file says, as small records."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .values import Ref

MAKERS = frozenset(
    [
        "asset",
        "multi_asset",
        "graph_asset",
        "graph_multi_asset",
        "asset_check",
        "multi_asset_check",
        "observable_source_asset",
        "multi_observable_source_asset",
    ]
)
CHECKS = frozenset(["asset_check", "multi_asset_check"])
SPECS = frozenset(["AssetSpec", "SourceAsset"])
CONTEXT = frozenset(["context", "_context", "context_", "_"])  # what Dagster knows by name


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
    classes: Mapping[str, tuple] = MappingProxyType({})  # a class's evaluated bases
    factories: frozenset[str] = frozenset()  # functions that make assets when called
    checkers: frozenset[str] = frozenset()  # functions that make asset checks when called
    used: frozenset[str] | None = None  # imports used beyond naming a dependency, if searched for
    open: bool = False  # it may bind names that cannot be read
