"""Search every expression of a module: reads around the graph, assets out of sight, habits."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from ..layers import LAYERS
from .module import MAKING, dotted_name

_FOLDERS = (*LAYERS, "landing", "quarantine")
_NAMES = "|".join(_FOLDERS)
_PATH = rf"\S*[/\\]({_NAMES})([/\\]\S*)?|({_NAMES})[/\\]\S*\.\w+"
_HINT = re.compile(rf"[/\\\"'](\s*[\"'])?({_NAMES})[/\\\"']".encode())
_NOW = tuple(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today"))
_CHANGES = {"append", "extend", "insert", "remove", "pop", "clear", "update", "setdefault", "add"}
_CHANGING = re.compile(rf"\.({'|'.join(_CHANGES)})\(|\] =|global ".encode())
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_WORDS = tuple(b"now( today( to_pandas Asset Definitions( exec( globals(".split())


def worth_searching(reader: Any, source: bytes) -> bool:
    """Tell from its text whether a module may hold what only a search finds."""
    return (
        reader.worth
        or source.count(b"asset") > reader.mentions
        or source.count(b"import") > reader.import_lines
        or any([word in source for word in _WORDS])
        or (reader.mutable and _CHANGING.search(source) is not None)
        or (
            (b"/" in source or b"\\" in source)
            and reader.layer in ("silver", "gold")
            and _HINT.search(source) is not None
        )
        or not source.isascii()
    )


def search(reader: Any, tree: ast.Module) -> None:
    """Add what is found to a Reader's spots, imports, factories and used names."""
    names = dict(reader.names)
    nodes = list(_expressions(reader, tree))
    for node, owner in nodes:
        if owner and isinstance(node, ast.Import | ast.ImportFrom):
            bound = reader.imported(node)
            names.update(bound)
            reader.used.update([binding for binding, _ in bound])
    for node, owner in nodes:
        kind = type(node)
        if kind is ast.Name or kind is ast.Attribute:
            if kind is ast.Name and owner:
                reader.used.add(node.id)
            if kind is ast.Name or node.attr in MAKING:
                _maker(reader, node, owner, names)
        elif kind is ast.Call:
            _call(reader, node, names)
        elif kind is ast.Global:
            reader.names.update(dict.fromkeys(node.names))
        elif reader.layer in ("silver", "gold"):
            _path(reader, node)
        if (kind is ast.Attribute and node.attr in _CHANGES) or (
            kind is ast.Subscript and type(node.ctx) is not ast.Load
        ):  # what this list holds then, only running it would tell
            name = getattr(node.value, "id", "")
            changed = isinstance(names.get(name), ast.expr)
            reader.names.update({name: None} if changed else {})


def _expressions(reader: Any, tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield every node with the function or class around it, but for what was read already."""
    stack: list[tuple[ast.AST, str]] = [(node, "") for node in reversed(tree.body)]
    while stack:
        node, owner = stack.pop()
        if id(node) in reader.handled:
            continue
        yield node, owner
        kind = type(node)
        if kind is ast.Attribute:
            stack.append((node.value, owner))
        elif kind is not ast.Name and kind is not ast.Constant:
            scope = not owner and isinstance(node, _SCOPES)
            for field, value in node.__dict__.items():
                inner = node.name if scope and field != "decorator_list" else owner
                if type(value) is list:
                    stack += [(one, inner) for one in value if isinstance(one, ast.AST)]
                elif isinstance(value, ast.AST) and field not in ("annotation", "returns", "ctx"):
                    stack.append((value, inner))


def _maker(reader: Any, node: ast.Name | ast.Attribute, owner: str, names: dict) -> None:
    """Look at a name that may be one of Dagster's makers of assets."""
    dotted = (type(node.ctx) is ast.Load and dotted_name(node, names)) or ""
    if dotted.startswith("dagster.") and dotted.rpartition(".")[2] in MAKING:
        reader.factories.add(owner)
        if reader.in_defs:
            what = f"the assets that {owner} makes when it runs" if owner else f"this {dotted}"
            reader.spot("unresolved", node, what)


def _call(reader: Any, node: ast.Call, names: dict) -> None:
    """Look at a call for what it makes, and for habits."""
    root = function = node.func
    while isinstance(root, ast.Attribute):
        root = root.value
    dotted = dotted_name(function, names) or ""
    last = getattr(function, "attr", getattr(function, "id", ""))
    reader.used.add(getattr(root, "id", ""))
    words = {keyword.arg for keyword in node.keywords}
    if dotted.startswith("dagster.Definitions") and reader.in_defs:
        if reader.layer or node.args or words & {"assets", None}:
            reader.spot("definitions", node, "what these Definitions add, or leave out")
    elif dotted in _NOW and not node.args and not words:
        reader.spot("now", node, ast.unparse(node))
    elif last == "to_pandas":
        reader.spot("pandas", node, ast.unparse(function))
    elif function is root and last in ("exec", "globals"):
        reader.open = True
        if reader.in_defs:
            reader.spot("unresolved", node, f"the names that {last}() binds")


def _path(reader: Any, node: ast.AST) -> None:
    """Remember a text, or a path in parts, that leads into a layer's folder."""
    text = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        part = getattr(node.right, "value", None)
        text = f"/{part}" if part in _FOLDERS else None
    if isinstance(text, str) and re.fullmatch(_PATH, text):
        reader.spot("read", node, ast.unparse(node))
