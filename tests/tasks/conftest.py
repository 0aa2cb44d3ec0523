"""Bake each kind of project once for these tests, and give every test a copy of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def baked(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a function that returns the folder of a project, baked at its first use."""
    bakes: dict[tuple, Path] = {}

    def bake_once(**context: str) -> Path:
        kind = tuple(sorted(context.items()))
        if kind not in bakes:
            folder = str(tmp_path_factory.mktemp("baked"))
            bakes[kind] = Path(
                cookiecutter(str(TEMPLATE), no_input=True, output_dir=folder, extra_context=context)
            )
        return bakes[kind]

    return bake_once


@pytest.fixture
def bake(baked: Callable[..., Path], tmp_path: Path) -> Callable[..., Path]:
    """Return a function that gives a copy of a baked project."""

    def copy_of(**context: str) -> Path:
        source = baked(**{"project_name": "My Pipeline", "ci": "none"} | context)
        return Path(shutil.copytree(source, tmp_path / "bakes" / source.name))

    return copy_of
