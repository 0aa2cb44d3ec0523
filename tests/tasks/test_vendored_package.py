"""polster_tasks travels with every project: nothing but Python's own library, in clear rooms."""

import ast
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}/polster_tasks"
FILES = sorted(PACKAGE.rglob("*.py"))

BASICS = {"layers", "project"}
# Each room (a folder, or a module beside the folders), and the rooms that it may import from.
MAY_IMPORT = {
    "layers": set(),
    "project": {"layers"},
    "advice": BASICS,
    "streams": BASICS,
    "terminal": BASICS | {"streams"},
    "reading": BASICS,
    "rules": BASICS | {"reading"},
    "report": BASICS | {"advice", "streams", "reading", "rules"},
    "changing": BASICS | {"advice", "streams", "terminal", "reading"},
    "questions": BASICS | {"streams", "terminal", "reading", "changing"},
}
MAY_IMPORT["commands"] = set(MAY_IMPORT)
MAY_IMPORT["command_line"] = set(MAY_IMPORT)
MAY_IMPORT["__main__"] = set(MAY_IMPORT)


class Import(NamedTuple):
    """A module of the package that imports another one."""

    importer: str  # its name inside the package: reading.files
    imported: str
    line: int


def module_name(file: Path) -> str:
    """Return the name of a file's module inside the package; of the package itself, nothing."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(file): file for file in FILES}


def room(module: str) -> str:
    """Return the room that a module is in."""
    return module.partition(".")[0]


def imports_of(module: str) -> list[Import]:
    """Return what a module imports from the package, at its top or inside a function."""
    file = MODULES[module]
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            base_name = ".".join(filter(None, base))
            for alias in node.names:
                name = ".".join(filter(None, [base_name, alias.name]))
                imported = name if name in MODULES else base_name
                found.append(Import(module, imported, node.lineno))
    return found


IMPORTS = [found for module in MODULES for found in imports_of(module) if found.imported]


@pytest.mark.parametrize("module", MODULES)
def test_it_imports_the_standard_library_only(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            roots.add(node.module.partition(".")[0])
    assert roots <= sys.stdlib_module_names


def test_every_room_is_in_the_table() -> None:
    assert {room(module) for module in MODULES} - {""} == set(MAY_IMPORT)


def test_rooms_import_only_from_the_rooms_that_they_may() -> None:
    broken = [
        f"{MODULES[found.importer].relative_to(PACKAGE).as_posix()}:{found.line} "
        f"imports {found.imported}, and {room(found.importer)} may not import from "
        f"{room(found.imported)}"
        for found in IMPORTS
        if room(found.importer) != room(found.imported)
        and room(found.imported) not in MAY_IMPORT[room(found.importer)]
    ]
    assert broken == []


def circle(arrows: set[tuple[str, str]]) -> list[str]:
    """Return what imports each other: what is left when all that is not between two others goes."""
    left = set(arrows)
    while True:
        importers = {importer for importer, _ in left}
        imported = {imported for _, imported in left}
        between = importers & imported
        kept = {arrow for arrow in left if between.issuperset(arrow)}
        if kept == left:
            return sorted(between)
        left = kept


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle({(found.importer, found.imported) for found in IMPORTS}) == []


def test_no_rooms_import_each_other_in_a_circle() -> None:
    arrows = {(room(found.importer), room(found.imported)) for found in IMPORTS}
    assert circle({(one, other) for one, other in arrows if one != other}) == []
    assert circle({(one, other) for one, others in MAY_IMPORT.items() for other in others}) == []


def test_these_tests_see_imports_and_circles() -> None:
    """At the top, inside a function, of a module and of a name in one."""
    assert circle({("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")}) == ["b", "c"]
    seen = {(found.importer, found.imported) for found in IMPORTS}
    assert ("reading.files", "reading.statements") in seen
    assert ("rules.registry", "rules.habits") in seen
    assert ("commands", "reading.assets") in seen
    assert ("commands", "report") in seen
