"""Turn a decorated function or an AssetSpec into a Definition."""

import ast
from collections.abc import Iterator

from .module import (
    Definition,
    Function,
    Kind,
    Meanings,
    Observation,
    Parameter,
    arguments_of,
    dotted_name,
)

CONTEXT_NAMES = ("context", "_context", "context_", "_")  # what Dagster knows by name
_TYPED_FRAMES = ("dataframely.LazyFrame", "dataframely.DataFrame")


def spec_definition(call: ast.Call, unresolved: list[str]) -> Definition:
    """Return the source that `name = AssetSpec(...)` declares."""
    arguments = arguments_of(call)
    place = (call.lineno, call.col_offset + 1)
    return Definition("AssetSpec", "", [], arguments, None, *place, unresolved)


class FunctionReader:
    """Read one function that a decorator makes an asset or a check.

    Annotations that Dagster refuses are added to `observations`.
    """

    def __init__(self, path: str, names: Meanings, observations: list[Observation]):
        self._path = path
        self._names = names
        self._observations = observations

    def read(
        self, maker: str, node: Function, decorator: ast.expr, unresolved: list[str]
    ) -> Definition:
        """Return the definition that a function and its decorator make."""
        self._decorator = decorator
        self._annotation(node.returns, node)
        return Definition(
            maker,
            node.name,
            list(self._parameters(node.args)),
            arguments_of(decorator),
            _docstring(node),
            node.lineno,
            node.col_offset + 1,
            unresolved,
        )

    def _parameters(self, signature: ast.arguments) -> Iterator[Parameter]:
        all_are_text = self._names.get("annotations") == "__future__.annotations"
        dropped = (*signature.posonlyargs, *signature.kwonlyargs)
        for index, parameter in enumerate((*signature.args, *dropped)):
            annotation = parameter.annotation
            is_text = all_are_text or type(annotation) is ast.Constant
            if annotation and is_text and parameter.arg in (*CONTEXT_NAMES, "config"):
                self._observe(Kind.TEXT_ANNOTATION, parameter, ast.unparse(annotation))
            yield Parameter(
                parameter.arg,
                parameter.lineno,
                parameter.col_offset + 1,
                index < len(signature.args),
                self._annotation(annotation, parameter),
            )

    def _annotation(
        self, annotation: ast.expr | None, place: ast.arg | Function
    ) -> ast.expr | None:
        """Return an annotation, also one written as text; None where it is Polars' own."""
        if type(annotation) is ast.Constant and isinstance(annotation.value, str):
            try:
                annotation = ast.parse(annotation.value, mode="eval").body
            except (SyntaxError, ValueError):
                return ast.Name("", ast.Load())  # nobody can tell
        dotted = dotted_name(annotation, self._names)
        if annotation is None or (dotted and dotted.startswith("polars.")):
            return None
        refused = [] if dotted else filter(self._is_typed_frame, ast.walk(annotation))
        for part in refused:
            if not _names_a_dagster_type(self._decorator):
                self._observe(Kind.REFUSED_ANNOTATION, place, ast.unparse(part))
        return annotation

    def _is_typed_frame(self, node: ast.AST) -> bool:
        """Tell whether an expression is `dy.LazyFrame[...]`, which Dagster cannot handle."""
        if not isinstance(node, ast.Subscript):
            return False
        return dotted_name(node.value, self._names) in _TYPED_FRAMES

    def _observe(self, kind: Kind, node: ast.arg | Function, text: str) -> None:
        place = (node.lineno, node.col_offset + 1)
        self._observations.append(Observation(kind, self._path, *place, text))


def _names_a_dagster_type(decorator: ast.expr) -> bool:
    """Tell whether Dagster is given a type of its own, and so looks at no annotation."""
    if type(decorator) is not ast.Call:
        return False
    return any(
        isinstance(part, ast.keyword) and part.arg == "dagster_type" for part in ast.walk(decorator)
    )


def _docstring(node: Function) -> str | None:
    """Return a docstring as Dagster shows it: without the indentation of the code."""
    first = node.body[0]
    value = first.value if isinstance(first, ast.Expr) else None
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        return None
    return ast.get_docstring(node) if "\n" in value.value else value.value.strip()
