"""Tell what Dagster takes a parameter for, by its annotation."""

import ast
import builtins
import sys
from enum import Enum

from .module import Module
from .names import Names, TargetKind

_PLAIN_LIBRARIES = frozenset(
    ("polars", "pandas", "numpy", "pyarrow", "dataframely", "duckdb", "deltalake")
)  # none of them defines a resource


class Role(Enum):
    """What Dagster takes a parameter for."""

    INPUT = "an asset"
    RESOURCE = "a resource"
    UNKNOWN = "one of the two: only running the code would tell"


def role_of(annotation: ast.expr | None, module: Module, names: Names) -> Role:
    """Return what Dagster takes a parameter for.

    Args:
        annotation: Of the parameter, None if it has none.
        module: The module that it is written in.
        names: Where names lead.
    """
    if annotation is None or isinstance(annotation, ast.BinOp | ast.Constant):
        return Role.INPUT  # `Resource | None` is no resource for Dagster
    if isinstance(annotation, ast.Subscript):
        return role_of(annotation.value, module, names)
    target = names.target_of(annotation, module)
    if target is None:
        return _role_of_builtin(annotation, module)
    if target.bases is not None:
        return _role_of_class(target.bases, target.module, names)
    if target.kind is TargetKind.OUTSIDE:
        return _role_of_library(target.name)
    return Role.UNKNOWN


def _role_of_builtin(annotation: ast.expr, module: Module) -> Role:
    if not isinstance(annotation, ast.Name) or annotation.id in module.names:
        return Role.UNKNOWN
    return Role.INPUT if hasattr(builtins, annotation.id) else Role.UNKNOWN


def _role_of_class(bases: list[ast.expr], module: Module, names: Names) -> Role:
    roles = {role_of(base, module, names) for base in bases}
    for role in (Role.RESOURCE, Role.UNKNOWN):
        if role in roles:
            return role
    return Role.INPUT


def _role_of_library(dotted: str) -> Role:
    root, last = dotted.partition(".")[0], dotted.rpartition(".")[2]
    if last == "Annotated":
        return Role.UNKNOWN
    if root.startswith("dagster"):
        if "Resource" in last or last.endswith(("IOManager", "Factory", "Client")):
            return Role.RESOURCE
        return Role.INPUT if root == "dagster" else Role.UNKNOWN
    is_plain = root in _PLAIN_LIBRARIES or root in sys.stdlib_module_names
    return Role.INPUT if is_plain else Role.UNKNOWN
