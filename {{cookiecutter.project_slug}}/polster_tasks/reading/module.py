"""What one file says, as small records. Expressions stay as written: `names` follows them."""

import ast
from enum import Enum
from typing import NamedTuple

# What makes the assets, sources and checks that are read from a plain definition.
MAKERS = frozenset(("asset", "multi_asset", "graph_asset", "asset_check", "AssetSpec"))

# What a name stands for: a dotted name, the expression that it was given, or None for unknown.
Meaning = str | ast.expr | None
Meanings = dict[str, Meaning]
Function = ast.FunctionDef | ast.AsyncFunctionDef

# The arguments of a call, by keyword; "0" is the first positional one, "**" one that is computed.
Arguments = dict[str, ast.expr]


class Kind(Enum):
    """What was observed at some place in a file; each kind is reported by one rule."""

    UNREADABLE = "a file that cannot be read"
    OUTSIDE_LINK = "a link that leads out of the project"
    SYNTAX_ERROR = "a file that is not valid Python"
    OVERWRITTEN = "a definition whose name a later line takes"
    CONTEXT_NAME = "a context that Dagster takes for an asset"
    DROPPED_INPUT = "a parameter that Dagster does not take for an input"
    REFUSED_ANNOTATION = "an annotation that Dagster refuses"
    TEXT_ANNOTATION = "an annotation that Dagster refuses because it is text"
    OUTSIDE_IMPORT = "a relative import that leads out of the package"
    LAYER_PATH = "a path into a folder that holds a layer's files"
    RAW_READ = "a use of what reads raw files"
    TO_PANDAS = "a conversion to pandas"
    NAIVE_NOW = "the current time without a time zone"
    UNRESOLVED = "something that may define assets, which only running it would tell"
    DEFINITIONS = "a Definitions object, which may add or hide assets"


# What was not read, and may define assets all the same.
NOT_READ = (Kind.UNREADABLE, Kind.OUTSIDE_LINK, Kind.SYNTAX_ERROR)


class Observation(NamedTuple):
    """Something observed at a place in a file, for a rule to report."""

    kind: Kind
    path: str  # relative to the project's root, with slashes
    line: int
    column: int
    text: str  # the code, or the reason


class Parameter(NamedTuple):
    """One parameter of an asset's function."""

    name: str
    line: int
    column: int
    is_input: bool  # False for keyword-only and positional-only ones, which Dagster drops
    annotation: ast.expr | None  # None for Polars' own types as well


class Definition(NamedTuple):
    """A decorated function or an AssetSpec that makes assets, sources or checks, as written."""

    maker: str  # one of MAKERS
    function: str  # empty for an AssetSpec
    parameters: list[Parameter]
    arguments: Arguments
    description: str | None
    line: int
    column: int
    unresolved: list[str]  # why Dagster may see something else


class Import(NamedTuple):
    """One imported name, with its absolute dotted path."""

    dotted: str
    binding: str
    line: int
    column: int
    guarded: bool  # within a try statement, which may expect it to fail


class Reference(NamedTuple):
    """A place that refers to something in the project's own package by its dotted name."""

    dotted: str
    line: int
    column: int


class Module(NamedTuple):
    """What one file says; without a path, a folder or what lies outside of the project."""

    name: str
    path: str
    in_defs: bool
    layer: str | None
    is_polsters: bool  # part of Polster: names resolve there, but nothing in it is reported
    names: Meanings
    definitions: dict[str, Definition]  # by the name that they are bound to
    classes: dict[str, list[ast.expr]]  # each with its bases
    imports: list[Import]
    calls: list[Reference]  # of the project's functions, made when the module is imported
    raw_reads: list[Reference]  # attributes of other modules that seem to read raw files
    observations: list[Observation]
    factories: set[str]  # functions and classes that make assets when they are called
    used: set[str]  # imported names that are used otherwise than to name a dependency
    open: bool  # it may bind names that cannot be read


def empty_module(name: str) -> Module:
    """Return a module that says nothing: a folder without `__init__.py`, for example."""
    return Module(name, "", False, None, False, {}, {}, {}, [], [], [], [], set(), set(), False)


def dotted_name(node: ast.AST | None, names: Meanings) -> str | None:
    """Return the full dotted name that `dg.asset` stands for, or None where it cannot be told."""
    attributes = []
    while type(node) is ast.Attribute:
        attributes.append(node.attr)
        node = node.value
    meaning = names.get(node.id) if type(node) is ast.Name else None
    if type(meaning) is not str:
        return None
    return ".".join([meaning, *reversed(attributes)])


def maker_of(dotted: str | None) -> str | None:
    """Return which of Dagster's makers a dotted name is, if it is one."""
    if not dotted or not dotted.startswith("dagster."):
        return None
    last = dotted.rpartition(".")[2]
    return last if last in MAKERS else None


def arguments_of(node: ast.expr) -> Arguments:
    """Return the arguments of a call; none if it is no call."""
    if type(node) is not ast.Call:
        return {}
    arguments = {keyword.arg or "**": keyword.value for keyword in node.keywords}
    if node.args:
        arguments["0"] = node.args[0]
    return arguments
