"""polster_tasks travels with every project: it stays small, and needs nothing but Python."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}/polster_tasks"
MODULES = sorted(PACKAGE.glob("*.py"))


def test_it_stays_small_enough_to_be_read() -> None:
    """Lines that are not blank, of code, rules and asset templates."""
    lines = {
        path.name: sum(map(bool, map(str.strip, path.read_text(encoding="utf-8").splitlines())))
        for path in PACKAGE.rglob("*")
        if path.suffix in (".py", ".txt")
    }
    assert sum(lines.values()) < 2_250
    assert {name: n for name, n in lines.items() if n > 250} == {}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_it_imports_the_standard_library_only(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    roots = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            roots.add(node.module.partition(".")[0])
    assert roots <= sys.stdlib_module_names


def test_arrows_run_one_way() -> None:
    """Each module imports only from modules that do not, in the end, import it."""
    imports = {
        path.stem: {
            name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and node.level
            for name in ([node.module] if node.module else [alias.name for alias in node.names])
        }
        for path in MODULES
    }
    done: set[str] = set()
    while left := {name: wants - done for name, wants in imports.items() if name not in done}:
        ready = {name for name, wants in left.items() if not wants & set(imports)}
        assert ready, f"in a circle: {sorted(left)}"
        done |= ready
