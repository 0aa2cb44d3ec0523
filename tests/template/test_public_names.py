"""What a user's file imports: one documented list, and no more is loaded than a name needs."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import clean_environment

TEMPLATE = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}"
INIT = TEMPLATE / "src" / "{{cookiecutter.__package_name}}" / "polster" / "__init__.py"
DESCRIBE = """
import inspect, json
from my_pipeline import polster
before = dir(polster)
print(json.dumps({
    "all": polster.__all__,
    "dir": before,
    "homes": polster._HOMES,
    "documented": [
        name for name in polster.__all__
        if inspect.isclass(getattr(polster, name)) or inspect.isfunction(getattr(polster, name))
        if getattr(polster, name).__module__.startswith("my_pipeline.")
        if not inspect.getdoc(getattr(polster, name))
    ],
    "elsewhere": [
        name for name in polster.__all__
        if getattr(getattr(polster, name), "__module__", "").startswith("my_pipeline.")
        and getattr(polster, name).__module__ != f"my_pipeline.polster.{polster._HOMES[name]}"
    ],
}))
"""
# What an import must not load, because the name does not need it.
HEAVY = ("dagster", "dataframely", "deltalake", "polars", "rich", "smtplib")
LOADS = {
    "PROJECT_ROOT": set(),
    "unique_by": {"polars"},
    "in_buckets": {"polars"},
    "bronze_cron": {"dagster"},
    "LayerDefaults": {"dagster"},
    "scan_csv": {"dagster", "polars"},
    "first_cause": {"dagster"},
    "PolarsIOManager": {"dagster", "polars"},
    "as_of": {"dagster", "polars"},
    "reference_check": {"dagster", "polars"},
    "Contract": {"dagster", "polars", "dataframely"},
}


@pytest.fixture(scope="module")
def python(baked: Callable[..., Path]) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Return a function that runs code beside a baked project, and leaves no bytecode in it."""

    def run_code(code: str) -> subprocess.CompletedProcess[str]:
        source = str(baked() / "src")
        return subprocess.run(
            [sys.executable, "-c", code],
            env=clean_environment(PYTHONPATH=source, PYTHONDONTWRITEBYTECODE="1"),
            capture_output=True,
            text=True,
            encoding="utf-8",
        )

    return run_code


@pytest.fixture(scope="module")
def described(python: Callable) -> dict:
    """Return what a baked project's public module says of itself."""
    done = python(DESCRIBE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_editors_and_python_see_the_same_list(described: dict) -> None:
    tree = ast.parse(INIT.read_bytes())
    checked = next(
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    seen = {}
    for statement in checked.body:
        assert isinstance(statement, ast.ImportFrom)
        assert statement.level == 1
        for alias in statement.names:
            assert alias.asname == alias.name  # a re-export, for type checkers
            seen[alias.name] = statement.module
    assert seen == described["homes"]


def test_the_list_is_complete_for_star_imports_and_completion(described: dict) -> None:
    assert described["all"] == list(described["homes"])
    assert set(described["all"]) <= set(described["dir"])


def test_every_public_name_is_documented_and_defined_where_the_list_says(described: dict) -> None:
    assert described["documented"] == []
    assert described["elsewhere"] == []


def test_the_reference_names_exactly_the_public_list(
    baked: Callable[..., Path], described: dict
) -> None:
    text = (baked() / "AGENTS.md").read_text(encoding="utf-8")
    table = text.partition("## What to import")[2]
    names = {
        name
        for row in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert names == set(described["all"])


@pytest.mark.parametrize("name", LOADS)
def test_a_name_loads_no_more_than_it_needs(python: Callable, name: str) -> None:
    code = f"from my_pipeline.polster import {name}; import sys; print(*sys.modules)"
    done = python(code)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    # Dagster brings some of these itself: only what it does not counts.
    allowed = LOADS[name] | ({"rich", "smtplib"} if "dagster" in LOADS[name] else set())
    assert loaded & set(HEAVY) <= allowed


def test_a_misspelt_name_is_an_import_error_that_names_it(python: Callable) -> None:
    done = python("from my_pipeline.polster import scan_cvs")
    assert done.returncode == 1
    assert "ImportError: cannot import name 'scan_cvs' from 'my_pipeline.polster'" in done.stderr


def test_asking_politely_for_an_unknown_name_is_no_error(
    python: Callable,
) -> None:
    code = (
        "from my_pipeline import polster; from my_pipeline.polster import commands, storage; "
        "print(hasattr(polster, 'scan_cvs'), getattr(polster, 'nothing', 1))"
    )
    assert python(code).stdout.split() == ["False", "1"]
