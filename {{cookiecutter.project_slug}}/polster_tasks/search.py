"""Search function bodies: reads around the graph, assets out of sight, habits."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from .defining import makes_assets
from .layers import LAYERS
from .values import Ref, evaluate

_FOLDERS = (*LAYERS, "landing", "quarantine")
_PATH = re.compile(rf"(^data|[/\\]data|\0|:/[^\0]*)[/\\]({'|'.join(_FOLDERS)})([/\\]|$)")
_SEGMENT = re.compile(rf"(^|[/\\])({'|'.join(_FOLDERS)})([/\\]|$)")
_READS = frozenset(
    [
        "open",
        "read_bytes",
        "read_text",
        "glob",
        "rglob",
        "iterdir",
        "join",
        "joinpath",
        "Path",
        "PurePath",
    ]
)
_NOW = frozenset(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today"))
_MAKES = frozenset(["AssetSpec", "SourceAsset", "AssetsDefinition"])


def search(reader: Any) -> frozenset[str]:
    """Add what is found to a Reader's spots and factories.

    Returns:
        The names imported from the project that are used otherwise than to name a dependency.
    """
    scope = {**reader.scope, **reader.inner_scope}
    ours = {
        found.binding for found in reader.imports if found.dotted.startswith(f"{reader.package}.")
    }
    downstream = reader.layer in ("silver", "gold")
    used: set[str] = set()
    for body in reader.bodies:
        owner = getattr(body, "name", "")
        naming = isinstance(body, ast.Assign | ast.AnnAssign)
        for node in _expressions(body):
            kind = type(node)
            if kind is ast.Name:
                if node.id in ours and not naming:
                    used.add(node.id)
            elif kind is ast.Call:
                _call(reader, node, scope, owner, downstream, id(body) in reader.handled)
                root = node.func
                while isinstance(root, ast.Attribute):
                    root = root.value
                if naming and isinstance(root, ast.Name) and root.id in ours:
                    used.add(root.id)
            elif downstream and (kind is ast.Constant or kind is ast.JoinedStr):
                if _PATH.search(_text(node)):
                    reader.spot("read", node, ast.unparse(node))
            elif downstream and kind is ast.BinOp and isinstance(node.op, ast.Div):
                if isinstance(node.right, ast.Constant) and node.right.value in _FOLDERS:
                    reader.spot("read", node, ast.unparse(node))
    return frozenset(used)


def _expressions(body: ast.AST) -> Iterator[ast.AST]:
    """Yield every node of a body, without decorators, annotations and docstrings."""
    stack = [body]
    while stack:
        node = stack.pop()
        yield node
        for field in node._fields:
            value = getattr(node, field, None)
            if field in ("annotation", "returns") or (field == "decorator_list" and node is body):
                continue
            if isinstance(value, list):
                stack += [
                    one
                    for one in value
                    if isinstance(one, ast.AST)
                    and not (type(one) is ast.Expr and type(one.value) is ast.Constant)
                ]
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                stack.append(value)


def _text(node: ast.expr) -> str:
    """Return the text of a string, with a NUL for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            _text(part) if isinstance(part, ast.Constant) else "\0" for part in node.values
        )
    return re.sub(r"\{[^{}]*\}", "\0", node.value) if isinstance(node.value, str) else ""


def _call(reader: Any, node: ast.Call, scope: dict, owner: str, downstream: bool, handled: bool):
    function = node.func
    if isinstance(function, ast.Attribute):
        last = function.attr
    elif isinstance(function, ast.Name):
        last = function.id
    else:
        return
    found = evaluate(function, scope)
    dotted = found.dotted if isinstance(found, Ref) else ""
    if makes_assets(found):
        if not handled:
            reader.nested(found, owner, node)
    elif dotted.startswith("dagster.") and dotted.rpartition(".")[2] in _MAKES:
        if owner:
            reader.factories.add(owner)
            reader.spot("nested", node, owner)
    elif dotted.startswith("dagster.Definitions"):
        names = {keyword.arg for keyword in node.keywords}
        if reader.name.startswith(f"{reader.package}.defs."):
            if reader.layer or node.args or names & {"assets", "asset_checks", None}:
                reader.spot("definitions", node, "what these Definitions add, or leave out")
    elif dotted in _NOW and not node.args and not node.keywords:
        reader.spot("now", node, ast.unparse(node))
    elif last == "to_pandas":
        reader.spot("pandas", node, ast.unparse(function))
    elif last in ("exec", "globals") or (last == "setattr" and not owner):
        reader.open = True
        if reader.layer and isinstance(function, ast.Name):
            reader.spot("unresolved", node, f"the names that {last}() binds")
    if downstream and (last in _READS or last.startswith(("read_", "scan_"))):
        first = node.args if "join" in last or "Path" in last else node.args[:1]
        named = [word.value for word in node.keywords if word.arg in ("source", "file", "path")]
        for argument in (*first, *named):
            for part in ast.walk(argument):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    if _SEGMENT.search(part.value):
                        reader.spot("read", node, ast.unparse(node))
                        return
