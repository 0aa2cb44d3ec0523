"""The order in which Python files change: each after those that it imports.

An upgrade that is killed leaves files of two releases side by side. A new file may use what is new
in another one, so the other comes first; an undo goes the same way backwards.
"""

import ast
from collections.abc import Iterator, Mapping


def import_order(texts: Mapping[str, bytes]) -> list[str]:
    """Return the paths of some files, each Python file after the others that it imports.

    Args:
        texts: The files, by path relative to the project's root.
    """
    ordered: list[str] = []
    seen: set[str] = set()

    def visit(path: str) -> None:
        if path in seen:
            return
        seen.add(path)
        for imported in sorted(_imported(path, texts)):
            visit(imported)
        ordered.append(path)

    for path in sorted(texts):
        visit(path)
    return ordered


def _imported(path: str, texts: Mapping[str, bytes]) -> set[str]:
    """Return those of the files that the file `path` imports."""
    if not path.endswith(".py"):
        return set()
    try:
        tree = ast.parse(texts[path])
    except (SyntaxError, ValueError):
        return set()
    names = {name for node in ast.walk(tree) for name in _module_names(node, path)}
    files = {f"{name}{end}" for name in names for end in (".py", "/__init__.py")}
    return files & texts.keys()


def _module_names(node: ast.AST, path: str) -> Iterator[str]:
    """Yield what an import may name, as paths without an end."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield from _absolute(alias.name.split("."))
    if isinstance(node, ast.ImportFrom):
        module = node.module.split(".") if node.module else []
        folder = path.split("/")[: -node.level] if node.level else []
        for base in (folder + module, *([*folder, *module, alias.name] for alias in node.names)):
            if node.level:
                yield "/".join(base)
            else:
                yield from _absolute(base)


def _absolute(parts: list[str]) -> Iterator[str]:
    """Yield where an absolute import may lead: the project's root, and `src`."""
    yield "/".join(parts)
    yield "/".join(["src", *parts])
