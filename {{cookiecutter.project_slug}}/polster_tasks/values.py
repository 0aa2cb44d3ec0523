"""Evaluate the few expressions that name assets, without running them."""

import ast
from typing import Any, NamedTuple


class Ref(NamedTuple):
    """Something that lives elsewhere, by its full dotted name: `dagster.asset`."""

    dotted: str


class Made(NamedTuple):
    """A call that was not run: what is called, and its evaluated arguments."""

    maker: Any  # a Ref, or the Made of a call whose result is called again
    arguments: list
    keywords: dict
    line: int
    column: int


class Item(NamedTuple):
    """One element of a list, tuple or set, and its place."""

    value: Any
    line: int
    column: int
    starred: bool = False


class Unknown(NamedTuple):
    """A value that only running the code would tell."""

    line: int
    column: int


_REFS: dict[str, Ref] = {}  # each once: `polars.LazyFrame` comes up in every file
Scope = dict[str, Any]  # a name's value, or the expression that gives it
_LONGEST = 50_000  # no list or text that doubles at every line
_COPIES = ("list", "tuple", "set", "frozenset", "sorted")


def evaluate(node: ast.expr, scope: Scope) -> Any:
    """Return what an expression means.

    Args:
        node: the expression.
        scope: what the module's names mean so far.

    Returns:
        A constant, a list of Items, a dict, a Ref, a Made, or an Unknown with its place.
    """
    visit = _VISITORS.get(type(node))
    return visit(node, scope) if visit else _unknown(node)


def _unknown(node: ast.expr) -> Unknown:
    return Unknown(node.lineno, node.col_offset + 1)


def _constant(node: ast.Constant, scope: Scope) -> Any:
    return node.value


def _name(node: ast.Name, scope: Scope) -> Any:
    name = node.id
    value = scope[name] if name in scope else _unknown(node)
    if isinstance(value, ast.expr):
        scope[name] = _unknown(node)  # a name that needs itself
        value = scope[name] = evaluate(value, scope)
    return _unknown(node) if type(value) is Unknown else value


def _attribute(node: ast.Attribute, scope: Scope) -> Any:
    base = evaluate(node.value, scope)
    if type(base) is Ref:
        dotted = f"{base.dotted}.{node.attr}"
        return _REFS.get(dotted) or _REFS.setdefault(dotted, Ref(dotted))
    if type(base) is Made and node.attr in ("key", "asset_key"):
        return base
    return _unknown(node)


def _sequence(node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Any:
    items = []
    for element in node.elts:
        starred = isinstance(element, ast.Starred)
        value = evaluate(element.value if starred else element, scope)
        if starred and isinstance(value, list):
            if len(items) + len(value) > _LONGEST:
                return _unknown(node)
            items += value
        else:
            items.append(Item(value, element.lineno, element.col_offset + 1, starred))
    return items


def _mapping(node: ast.Dict, scope: Scope) -> Any:
    result = {}
    for key, value in zip(node.keys, node.values, strict=True):
        name = evaluate(key, scope) if key else None
        inner = evaluate(value, scope)
        if key is None and isinstance(inner, dict):
            result |= inner
        elif isinstance(name, str):
            result[name] = inner
        else:
            return _unknown(node)
    return result


def _binary(node: ast.BinOp, scope: Scope) -> Any:
    left, right = evaluate(node.left, scope), evaluate(node.right, scope)
    if isinstance(node.op, ast.Add):
        for kind in (str, list):
            if isinstance(left, kind) and isinstance(right, kind):
                return left + right if len(left) + len(right) < _LONGEST else _unknown(node)
        if isinstance(left, list) or isinstance(right, list):
            sides = ((left, node.left), (right, node.right))
            return [
                item
                for value, side in sides
                for item in (
                    value
                    if isinstance(value, list)
                    else [Item(value, side.lineno, side.col_offset + 1, True)]
                )
            ]
    if isinstance(node.op, ast.BitOr) and isinstance(left, dict) and isinstance(right, dict):
        return left | right
    return _unknown(node)


def _fstring(node: ast.JoinedStr, scope: Scope) -> Any:
    parts = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            if part.format_spec is not None or part.conversion != -1:
                return _unknown(node)
            part = part.value
        parts.append(evaluate(part, scope))
    if not all(isinstance(part, str) for part in parts) or sum(map(len, parts)) > _LONGEST:
        return _unknown(node)
    return "".join(parts)


def _comprehension(node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope) -> Any:
    loop = node.generators[0]
    if len(node.generators) > 1 or loop.ifs or not isinstance(loop.target, ast.Name):
        return _unknown(node)
    over = evaluate(loop.iter, scope)
    if not isinstance(over, list):
        return _unknown(node)
    place = node.elt.lineno, node.elt.col_offset + 1
    return [
        Item(evaluate(node.elt, {**scope, loop.target.id: item.value}), *place) for item in over
    ]


def _call(node: ast.Call, scope: Scope) -> Any:
    function = node.func
    if isinstance(function, ast.Name) and function.id in _COPIES and function.id not in scope:
        value = evaluate(node.args[0], scope) if len(node.args) == 1 else None
        return value if isinstance(value, list) else _unknown(node)
    if isinstance(function, ast.Name) and function.id == "dict" and not node.args:
        return keywords_of(node, scope)
    maker = evaluate(function, scope)
    if not isinstance(maker, Ref | Made):
        return _unknown(node)
    return Made(
        maker,
        [evaluate(argument, scope) for argument in node.args],
        keywords_of(node, scope),
        node.lineno,
        node.col_offset + 1,
    )


def keywords_of(node: ast.Call, scope: Scope, skip: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return a call's keyword arguments, but for some; "**" holds what could not be spread out."""
    result = {}
    for keyword in node.keywords:
        if keyword.arg in skip:
            continue
        value = evaluate(keyword.value, scope)
        if keyword.arg:
            result[keyword.arg] = value
        elif isinstance(value, dict):
            result |= value
        else:
            result["**"] = value
    return result


_VISITORS = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _mapping,
    ast.BinOp: _binary,
    ast.JoinedStr: _fstring,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.Call: _call,
}
