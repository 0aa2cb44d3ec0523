"""The project's package is a house with rooms: the arrows between them run one way."""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = (
    Path(__file__).resolve().parents[2]
    / "{{cookiecutter.project_slug}}"
    / "src"
    / "{{cookiecutter.__package_name}}"
)
HOUSE = PACKAGE / "polster"

# Each may import from those before it, and from itself.
ROOMS = (
    "project",
    "wording",
    "settings",
    "failures",
    "medallion",
    "storage",
    "sources",
    "quality",
    "alerts",
    "commands",
)
# The only door to the user's files.
LOADS_THE_PIPELINE = "commands.loading"
STANDARD_LINE_LIMIT = 260


class Import(NamedTuple):
    """An import statement, wherever it stands: at the top of a module or inside a function."""

    level: int
    module: str
    names: tuple[str, ...]


def modules() -> dict[str, Path]:
    """Return the modules of the house by their dotted names; a room's own is the room's name."""
    found = {}
    for path in sorted(HOUSE.rglob("*.py")):
        parts = path.relative_to(HOUSE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        found[name] = path
    del found[""]  # the public list, above all rooms
    return found


def imports(path: Path) -> Iterator[Import]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(0, alias.name, ())
        elif isinstance(node, ast.ImportFrom):
            yield Import(node.level, node.module or "", tuple(a.name for a in node.names))


def targets(name: str, path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yield the modules of the house that a module imports; `<user>` is one outside of it."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for statement in imports(path):
        if statement.level == 0:
            continue
        up = statement.level - 1
        if up > len(package):
            yield "<user>"
            continue
        base = [*package[: len(package) - up], *filter(None, statement.module.split("."))]
        for imported in statement.names:
            full = ".".join([*base, imported])
            yield full if full in known else ".".join(base)


def graph() -> dict[str, set[str]]:
    known = modules()
    return {name: set(targets(name, path, known)) for name, path in known.items()}


def room_of(module: str) -> str:
    return module.partition(".")[0]


def test_every_room_has_its_place_in_the_order() -> None:
    assert {room_of(name) for name in modules()} == set(ROOMS)


def test_the_arrows_between_rooms_run_one_way() -> None:
    upwards = [
        f"{name} imports {target}"
        for name, imported in graph().items()
        for target in imported - {"<user>"}
        if ROOMS.index(room_of(target)) > ROOMS.index(room_of(name))
    ]
    assert upwards == []


def test_no_two_modules_import_each_other_not_even_inside_a_function() -> None:
    arrows = {name: {t for t in ts if t != "<user>"} for name, ts in graph().items()}
    graphlib.TopologicalSorter(arrows).prepare()  # raises CycleError


def test_only_one_module_imports_the_users_files_and_only_definitions() -> None:
    known = modules()
    assert [n for n, imported in graph().items() if "<user>" in imported] == [LOADS_THE_PIPELINE]
    outside = [s for s in imports(known[LOADS_THE_PIPELINE]) if s.level == 3]
    assert [s.module for s in outside] == ["definitions"]


def test_no_module_names_the_package_so_that_the_files_are_the_same_in_every_project() -> None:
    for path in HOUSE.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            text = path.read_text(encoding="utf-8")
            assert "cookiecutter" not in text, path
            assert "{%" not in text, path


def test_a_private_name_is_used_in_its_own_module_only() -> None:
    borrowed = [
        f"{path.relative_to(HOUSE)}: {name}"
        for path in HOUSE.rglob("*.py")
        for statement in imports(path)
        if statement.level
        for name in statement.names
        if name.startswith("_")
    ]
    assert borrowed == []


@pytest.mark.parametrize("name", modules())
def test_a_module_says_its_one_idea_and_stays_short(name: str) -> None:
    path = modules()[name]
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), name
    assert text.count("\n") <= STANDARD_LINE_LIMIT, name


@pytest.mark.parametrize("name", modules())
def test_what_is_public_has_a_docstring(name: str) -> None:
    tree = ast.parse(modules()[name].read_bytes())
    named = (ast.FunctionDef, ast.ClassDef)
    public = [n for n in tree.body if isinstance(n, named) and not n.name.startswith("_")]
    methods = [
        m
        for n in public
        if isinstance(n, ast.ClassDef)
        for m in n.body
        if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")
    ]
    assert [n.name for n in [*public, *methods] if not ast.get_docstring(n)] == []


def test_a_rooms_docstring_names_its_rooms_and_the_readme_names_them_all() -> None:
    readme = (HOUSE / "README.md").read_text(encoding="utf-8")
    rooms = [path.name for path in HOUSE.iterdir() if (path / "__init__.py").is_file()]
    assert [room for room in rooms if f"`{room}`" not in readme] == []
    assert len([line for line in readme.splitlines() if line]) <= 6  # a title and five lines


def test_users_files_import_only_from_the_public_list() -> None:
    """What a bake puts into the users' hands stays right when the modules below are rearranged."""
    users = [path for path in PACKAGE.rglob("*.py") if HOUSE not in path.parents]
    users += (PACKAGE.parents[1] / "tests").rglob("*.py")
    users += (PACKAGE.parents[1] / "polster_tasks" / "templates").rglob("*.txt")
    users += (Path(__file__).parents[2] / "examples").rglob("*.txt")
    known = [path for path in users if "test_definitions" not in path.name]  # tests the rule itself
    assert len(known) > 30
    for path in known:
        text = path.read_text(encoding="utf-8")
        assert ".polster." not in text, path
