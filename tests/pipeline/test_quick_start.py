"""The quick start: assets added by the project itself, green at once, and told by --status."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from conftest import clean_environment

pytestmark = pytest.mark.slow

Run = Callable[..., object]


@pytest.fixture(scope="module")
def quick_start(baked: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with the quick start's three assets, for all to copy."""
    project = Path(shutil.copytree(baked(), tmp_path_factory.mktemp("quick") / "my_pipeline"))
    for layer, name, *upstream in (
        ("bronze", "ingest_sales"),
        ("silver", "clean_sales", "ingest_sales"),
        ("gold", "sales_metrics", "clean_sales"),
    ):
        words = ["--layer", layer, "--name", name]
        if upstream:
            words += ["--dependencies", upstream[0]]
        command = [sys.executable, "-m", "polster_tasks", "add-asset", *words]
        subprocess.run(command, cwd=project, env=clean_environment(), check=True)
    return project


@pytest.fixture
def pipeline(quick_start: Path, tmp_path: Path) -> Path:
    """Return a project of the test's own with these assets."""
    return Path(shutil.copytree(quick_start, tmp_path / "my_pipeline"))


def status(project: Path, run: Run) -> dict[str, dict]:
    """Return what --status says, by asset."""
    told = run(project, "run_polster.py", "--status", "--format", "json").stdout
    return {asset["key"]: asset for asset in json.loads(told)["assets"]}


def test_the_quick_start_runs_green_unedited(pipeline: Path, run: Run) -> None:
    assert {asset["status"] for asset in status(pipeline, run).values()} == {"never"}

    done = run(pipeline, "run_polster.py")

    assert "[3/3] gold_sales_metrics  1 row" in done.stdout
    gold = pl.read_parquet(pipeline / "data/gold/gold_sales_metrics.parquet")
    assert gold.rows() == [("silver_clean_sales", 3)]
    known = status(pipeline, run)
    assert {asset["status"] for asset in known.values()} == {"fresh"}
    assert known["silver_clean_sales"] | {"last_materialized": "", "run_id": ""} == {
        "key": "silver_clean_sales",
        "layer": "silver",
        "status": "fresh",
        "last_materialized": "",
        "row_count": 3,
        "last_error": None,
        "run_id": "",
    } | {
        name: known["silver_clean_sales"][name]
        for name in known["silver_clean_sales"].keys() - KEYS
    }
    assert known["bronze_ingest_sales"]["last_materialized"].endswith("+00:00")

    # What is upstream of an asset got newer: it is stale until it runs again.
    assert run(pipeline, "run_polster.py", "--asset", "ingest_sales").stdout.startswith("[1/1]")
    known = status(pipeline, run)
    assert [known[key]["status"] for key in sorted(known)] == ["fresh", "stale", "stale"]

    run(pipeline, "-m", "polster_tasks", "validate")
    run(pipeline, "-m", "pytest", "-q")


KEYS = {"key", "layer", "status", "last_materialized", "row_count", "last_error", "run_id"}


def test_a_failure_names_the_asset_and_leaves_good_data_as_it_was(pipeline: Path, run: Run) -> None:
    run(pipeline, "run_polster.py")
    good = (pipeline / "data/silver/silver_clean_sales.parquet").read_bytes()
    silver = pipeline / "src/my_pipeline/defs/silver/clean_sales.py"
    text = silver.read_text(encoding="utf-8")
    silver.write_text(
        text.replace("return bronze", 'raise ValueError("no [such] column")\n    return bronze'),
        encoding="utf-8",
    )

    done = run(pipeline, "run_polster.py", check=False)

    assert done.returncode == 1
    assert "silver_clean_sales failed: ValueError: no [such] column" in done.stderr
    assert "Not run because of that: gold_sales_metrics." in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert (pipeline / "data/silver/silver_clean_sales.parquet").read_bytes() == good
    known = status(pipeline, run)
    assert known["silver_clean_sales"]["last_error"] == "ValueError: no [such] column"
    assert known["bronze_ingest_sales"]["last_error"] is None
    assert "no [such] column" in run(pipeline, "run_polster.py", "--status").stdout

    silver.write_text(text, encoding="utf-8")
    run(pipeline, "run_polster.py")
    assert status(pipeline, run)["silver_clean_sales"]["last_error"] is None


def test_a_landing_file_that_was_deleted_is_one_sentence(pipeline: Path, run: Run) -> None:
    (pipeline / "data/landing/ingest_sales.csv").unlink()

    done = run(pipeline, "run_polster.py", check=False)

    assert done.returncode == 1
    assert "bronze_ingest_sales failed: There is no file " in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_file_in_another_encoding_is_one_sentence(pipeline: Path, run: Run) -> None:
    (pipeline / "data/landing/ingest_sales.csv").write_bytes(b"id,name\n1,caf\xe9\n")

    done = run(pipeline, "run_polster.py", check=False)

    assert done.returncode == 1
    assert "retried" not in done.stdout
    assert 'name it: scan_csv(..., encoding="latin-1")' in done.stderr


def test_settings_that_are_not_utf_8_are_one_sentence(project: Path, run: Run) -> None:
    (project / ".env").write_bytes("POLSTER_UI_URL=x".encode("utf-16"))

    done = run(project, "run_polster.py", "--status", check=False)

    assert done.returncode == 1
    assert done.stderr.endswith(".env is not UTF-8: save it as UTF-8.\n")


def test_a_folder_that_cannot_be_written_is_one_sentence(pipeline: Path, run: Run) -> None:
    (pipeline / "data/bronze").write_text("in the way", encoding="utf-8")

    done = run(pipeline, "run_polster.py", check=False)

    assert done.returncode == 1
    assert "bronze_ingest_sales failed: the data was not written. The folder" in done.stderr
    assert "cannot be written to" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_name_that_is_none_or_could_be_two_is_one_sentence(
    pipeline: Path, run: Run, run_each: Callable
) -> None:
    add = ("-m", "polster_tasks", "add-asset", "--layer", "silver", "--name", "ingest_sales")
    run(pipeline, *add, "--dependencies", "ingest_sales")
    expected = {
        "nothing_like_it": "There is no asset called 'nothing_like_it'",
        "clean_sale": "did you mean 'silver_clean_sales'?",
        "ingest_sales": "could be bronze_ingest_sales or silver_ingest_sales",
    }

    answers = run_each(pipeline, *(["--asset", name] for name in expected))

    for done, sentence in zip(answers, expected.values(), strict=True):
        assert done.returncode == 1
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr


def test_a_project_without_assets_says_what_to_do(project: Path, run_each: Callable) -> None:
    for done in run_each(project, [], ["--status"]):
        assert "No assets yet. Add one: nox -s add_asset" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["--format", "json"],
        ["--port", "3000"],
        ["--ui", "--port", "0"],
        ["--ui", "--status"],
        ["--nonsense"],
    ],
)
def test_a_wrong_command_line_ends_with_2(project: Path, run: Run, words: list[str]) -> None:
    done = run(project, "run_polster.py", *words, check=False)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
