"""A name that cannot work is refused in one sentence, and nothing is left behind."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).resolve().parents[2]


def attempt(folder: Path, **context: str) -> subprocess.CompletedProcess[str]:
    """Bake from the command line, as a user does."""
    words = [f"{name}={value}" for name, value in context.items()]
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "cookiecutter",
            str(TEMPLATE),
            "--no-input",
            "-o",
            str(folder),
            *words,
        ],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    ("slug", "sentence"),
    [
        ("class", "is a Python keyword: choose another, for example 'class_pipeline'"),
        ("match", "is a Python keyword"),
        ("json", "is a module of Python's standard library"),
        ("polars", "is a name that the project itself needs"),
        ("dagster-webserver", "is a name that the project itself needs"),
        ("tests", "is a name that the project itself needs"),
        ("nul", "is a reserved device name on Windows"),
        ("2024_sales", "for example 'pipeline_2024_sales'"),
        ("My-Pipeline", "for example 'my_pipeline'"),
        ("sales__eu", "for example 'sales_eu'"),
        ("sales_", "for example 'sales'"),
        ("sales.eu", "for example 'sales_eu'"),
        ("sales\n", "for example 'sales'"),
        ("x" * 33, "use at most 32"),
    ],
)
def test_a_bad_slug_is_refused(tmp_path: Path, slug: str, sentence: str) -> None:
    done = attempt(tmp_path, project_slug=slug)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["!!!", "___", "2024"])
def test_a_project_name_that_gives_no_slug_is_refused(tmp_path: Path, name: str) -> None:
    done = attempt(tmp_path, project_name=name)
    assert done.returncode == 1
    assert "cannot name a Python package" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_control_character_is_refused(tmp_path: Path) -> None:
    done = attempt(tmp_path, description="bell\a")
    assert done.returncode == 1
    assert "control characters" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("My First Pipeline", "my_first_pipeline"),
        ("Umsätze (EU)", "umsatze_eu"),
        ("a", "a"),
        ('Quotes "and" \\ braces {x}', "quotes_and_braces_x"),
    ],
)
def test_a_good_name_gives_an_importable_package(
    bake: Callable[..., Path], run: Callable, name: str, package: str
) -> None:
    project = bake(project_name=name)
    assert project.name == package
    run(project, "-c", f"import {package}")


def test_a_hyphen_in_the_slug_becomes_an_underscore_in_the_package(
    bake: Callable[..., Path], run: Callable
) -> None:
    project = bake(project_slug="my-pipeline")
    assert project.name == "my-pipeline"
    run(project, "-c", "import my_pipeline")
