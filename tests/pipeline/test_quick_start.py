"""The quick start: assets added by the project itself, green at once, and told by --status."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

pytestmark = pytest.mark.slow

Run = Callable[..., object]


@pytest.fixture
def pipeline(project: Path, run: Run) -> Path:
    """Return a project with the quick start's three assets."""
    for layer, name, *upstream in (
        ("bronze", "ingest_sales"),
        ("silver", "clean_sales", "ingest_sales"),
        ("gold", "sales_metrics", "clean_sales"),
    ):
        words = ["--layer", layer, "--name", name]
        if upstream:
            words += ["--dependencies", upstream[0]]
        run(project, "-m", "polster_tasks", "add-asset", *words)
    return project


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
    assert "Not run, because of that: gold_sales_metrics." in done.stderr
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
    assert "tries again" not in done.stdout
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
    assert (
        "bronze_ingest_sales failed: bronze_ingest_sales was not written. The folder" in done.stderr
    )
    assert "cannot be written to" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["nothing_like_it"], "There is no asset called 'nothing_like_it'"),
        (["clean_sale"], "did you mean 'silver_clean_sales'?"),
    ],
)
def test_an_unknown_asset_is_one_sentence(
    pipeline: Path, run: Run, names: list[str], sentence: str
) -> None:
    done = run(pipeline, "run_polster.py", "--asset", *names, check=False)

    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_an_ambiguous_name_is_one_sentence(pipeline: Path, run: Run) -> None:
    add = ("-m", "polster_tasks", "add-asset", "--layer", "silver", "--name", "ingest_sales")
    run(pipeline, *add, "--dependencies", "ingest_sales")

    done = run(pipeline, "run_polster.py", "--asset", "ingest_sales", check=False)

    assert done.returncode == 1
    assert "could be bronze_ingest_sales or silver_ingest_sales" in done.stderr


def test_a_project_without_assets_says_what_to_do(project: Path, run: Run) -> None:
    for words in ([], ["--status"]):
        assert (
            "No assets yet. Add one: nox -s add_asset"
            in run(project, "run_polster.py", *words).stdout
        )


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
