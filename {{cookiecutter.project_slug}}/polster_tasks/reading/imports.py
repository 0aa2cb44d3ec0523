"""Read import statements: which names they bind, and to what."""

import ast
from collections.abc import Iterator
from typing import NamedTuple


class ImportedName(NamedTuple):
    """A name that an import statement binds."""

    binding: str
    meaning: str  # the dotted name that it stands for from now on
    dotted: str  # what is imported: more than `meaning` in `import a.b`, which binds `a`


def names_of_import(node: ast.Import) -> Iterator[ImportedName]:
    """Yield what `import a.b` and `import a.b as c` bind."""
    for alias in node.names:
        root = alias.name.partition(".")[0]
        if alias.asname:
            yield ImportedName(alias.asname, alias.name, alias.name)
        else:
            yield ImportedName(root, root, alias.name)


def names_of_import_from(node: ast.ImportFrom, base: str) -> Iterator[ImportedName]:
    """Yield what `from base import a, b as c` binds; of `*`, nothing."""
    for alias in node.names:
        if alias.name != "*":
            dotted = f"{base}.{alias.name}"
            yield ImportedName(alias.asname or alias.name, dotted, dotted)


def base_of(node: ast.ImportFrom, module: str, is_package: bool) -> str | None:
    """Return the absolute dotted name that an import statement starts at.

    Args:
        node: The statement.
        module: The dotted name of the module that it is in.
        is_package: Whether that is an `__init__.py`.

    Returns:
        None if the statement leads out of the project's package.
    """
    if not node.level:
        return node.module
    parents = module.split(".")
    if not is_package:
        parents.pop()
    kept = len(parents) - node.level + 1
    if kept < 1:
        return None
    parents = parents[:kept]
    return ".".join([*parents, node.module] if node.module else parents)
