"""A project runs in a folder with any name, and says so in one sentence where Dagster cannot."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="Windows has other rules for names"),
]

ASSET = """
import dagster as dg
import polars as pl

@dg.asset
def bronze_x() -> pl.LazyFrame:
    return pl.LazyFrame({"a": [1]})
"""


@pytest.fixture
def named(baked: Callable[..., Path], tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that makes a project with one asset, in a folder of that name."""

    def make(name: str) -> Path:
        project = Path(shutil.copytree(baked(), tmp_path / name / "my_pipeline"))
        asset = project / "src" / "my_pipeline" / "defs" / "bronze" / "x.py"
        asset.write_text(ASSET, encoding="utf-8")
        return project

    return make


@pytest.mark.parametrize("name", ["a b", "a#b", "100%", "%(here)s", "ü☃", "a&b'c", "a[b]{c}*"])
def test_a_project_runs_in_a_folder_with_an_unusual_name(
    named: Callable[[str], Path], run: Callable, name: str
) -> None:
    project = named(name)
    done = run(project, "run_polster.py")
    assert "bronze_x  1 row  " in done.stdout
    [asset] = json.loads(run(project, "run_polster.py", "--status", "--format", "json").stdout)[
        "assets"
    ]
    assert asset["status"] == "fresh"
    assert (project / "data" / "bronze" / "bronze_x.parquet").is_file()
    assert (project / ".dagster" / "history").is_dir()


@pytest.mark.parametrize("name", ["a%20b", "x%41y", "x%ab", "a?b"])
@pytest.mark.parametrize("words", [[], ["--status"], ["--ui"]], ids=["run", "status", "ui"])
def test_a_path_that_dagster_misreads_is_one_sentence_and_nothing_is_written_elsewhere(
    named: Callable[[str], Path], run: Callable, tmp_path: Path, name: str, words: list[str]
) -> None:
    project = named(name)
    before = sorted(tmp_path.iterdir())
    done = run(project, "run_polster.py", *words, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"Dagster cannot keep its database in {project / '.dagster'}: " in done.stderr
    assert "set DAGSTER_HOME" in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_with_dagster_home_elsewhere_such_a_project_runs(
    named: Callable[[str], Path], run: Callable, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = run(named("a%20b?"), "run_polster.py", env={"DAGSTER_HOME": str(home)})
    assert "Materialized 1 asset" in done.stdout


@pytest.mark.parametrize(
    ("setting", "folder"),
    [
        ("~/runs", "user/runs"),
        ("runs", "project/my_pipeline/runs"),
        ("./runs", "project/my_pipeline/runs"),
        ("$HOME/runs", "project/my_pipeline/$HOME/runs"),
    ],
)
def test_dagster_home_may_be_in_the_users_home_or_relative_to_the_project(
    named: Callable[[str], Path], run: Callable, tmp_path: Path, setting: str, folder: str
) -> None:
    """A variable is left as it is, as in any other program that is not a shell."""
    project = named("project")
    home = tmp_path / folder
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    (project / ".env").write_text(f"DAGSTER_HOME='{setting}'\n", encoding="utf-8")
    run(project, "run_polster.py", env={"HOME": str(tmp_path / "user")})
    assert (home / "history").is_dir()
    assert not (project / ".dagster" / "history").exists()
