"""Every way in which cookiecutter takes a template gives the same project."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., object]
COOKIECUTTER = (sys.executable, "-m", "cookiecutter", "--no-input")
SHOP = "project_name=shop"
LATER = "99.0.0"


def later(project: Path) -> bool:
    """Tell whether a project came from the repository's later tag."""
    return LATER in (project / "polster_tasks/__init__.py").read_text(encoding="utf-8")


def test_a_local_path(
    checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP)
    holds(tmp_path / "shop")


def test_a_path_as_typed_in_the_checkout_itself(
    checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    run_in(checkout, *COOKIECUTTER, ".", SHOP, "-o", tmp_path / "one")
    holds(tmp_path / "one/shop")
    run_in(checkout / "hooks", *COOKIECUTTER, "..", SHOP, "-o", tmp_path / "two")
    holds(tmp_path / "two/shop")


def test_pythonsafepath_changes_nothing(
    checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, PYTHONSAFEPATH="1")
    holds(tmp_path / "shop")


def test_a_git_url_at_its_head_and_at_a_tag(
    repository: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    run_in(tmp_path, *COOKIECUTTER, repository.as_uri(), SHOP, "-o", "head")
    assert later(tmp_path / "head/shop")
    run_in(tmp_path, *COOKIECUTTER, repository.as_uri(), SHOP, "--checkout", "v1")
    holds(tmp_path / "shop")


def test_an_abbreviation(
    repository: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    run_in(tmp_path, *COOKIECUTTER, "shelf:polster.git", SHOP, "--checkout", "v1")
    holds(tmp_path / "shop")


def test_a_zip_as_a_forge_makes_it(
    repository: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    archive = tmp_path / "polster-v1.zip"
    run_in(repository, "git", "archive", "--prefix=polster-v1/", "-o", archive, "v1")
    run_in(tmp_path, *COOKIECUTTER, archive, SHOP)
    holds(tmp_path / "shop")


def test_a_replay(checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path) -> None:
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "description={{ '{{ 7*7 }}' }}", "-o", "one")
    run_in(tmp_path, *COOKIECUTTER[:-1], checkout, "--replay", "-o", "two")
    assert "{{ 7*7 }}" in (tmp_path / "two/shop/pyproject.toml").read_text(encoding="utf-8")
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "-o", "three")
    run_in(tmp_path, *COOKIECUTTER[:-1], checkout, "--replay", "-o", "four")
    holds(tmp_path / "four/shop")


def test_a_checkout_without_symlinks(
    checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    """Windows without developer mode writes a link as a text file: nothing may depend on it."""
    copy = tmp_path / "copy"
    shutil.copytree(checkout, copy, symlinks=True)
    (copy / "polster_tasks").unlink()
    (copy / "polster_tasks").write_text(
        "{{cookiecutter.project_slug}}/polster_tasks", encoding="utf-8"
    )
    run_in(tmp_path, *COOKIECUTTER, copy, SHOP)
    holds(tmp_path / "shop")


@pytest.mark.skipif(os.name == "nt", reason="modes as POSIX has them")
def test_a_read_only_template(
    checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    """The project's files are writable all the same."""
    copy = tmp_path / "copy"
    shutil.copytree(checkout, copy, symlinks=True)
    paths = [path for path in copy.rglob("*") if not path.is_symlink()]
    modes = {path: path.stat().st_mode for path in paths}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        run_in(tmp_path, *COOKIECUTTER, copy, SHOP)
        for path in (tmp_path / "shop").rglob("*"):
            assert path.stat().st_mode & 0o200, path
        holds(tmp_path / "shop")
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def test_a_project_folder_with_spaces_and_letters_beyond_ascii(
    checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    folder = tmp_path / "çà et là (x)"
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "-o", folder)
    holds(folder / "shop")


def test_leftovers_of_tools_in_the_template_are_not_baked(
    checkout: Path, run_in: Run, holds: Callable[..., None], tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(checkout, copy, symlinks=True)
    template = copy / "{{cookiecutter.project_slug}}"
    for path in (
        ".ruff_cache/0.17.6/1",
        "polster_tasks/.ruff_cache/0.17.6/1",
        "polster_tasks/__pycache__/layers.cpython-311.pyc",
        "src/{{cookiecutter.__package_name}}/__pycache__/store.cpython-311.pyc",
    ):
        (template / path).parent.mkdir(parents=True)
        (template / path).write_bytes(b"{{ no Jinja, no UTF-8: \x94")
    run_in(tmp_path, *COOKIECUTTER, copy, SHOP)
    holds(tmp_path / "shop")


def test_baking_over_a_project_keeps_what_its_user_made(
    checkout: Path, run_in: Run, tmp_path: Path
) -> None:
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP)
    mine = [
        tmp_path / "shop" / path
        for path in (
            "src/shop/defs/gold/mine.py",
            "data/landing/mine.csv",
            "polster_tasks/templates/gold/mine.py.txt",
            "notes.md",
        )
    ]
    for path in mine:
        path.write_text("mine", encoding="utf-8")
    run_in(tmp_path, *COOKIECUTTER, checkout, SHOP, "--overwrite-if-exists")
    assert [path.read_text(encoding="utf-8") for path in mine] == ["mine"] * len(mine)
