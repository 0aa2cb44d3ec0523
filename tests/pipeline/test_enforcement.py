"""A project whose dependencies break the layers does not load, and says why in our own words."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BROKEN = {
    "bronze/a.py": "@dg.asset\ndef bronze_a(): ...\n",
    "bronze/b.py": "@dg.asset(deps=['bronze_a'])\ndef bronze_b(): ...\n",
    "silver/s.py": "@dg.asset(deps=['bronze_a'])\ndef silver_s(): ...\n",
    "silver/t.py": "@dg.asset\ndef silver_t(silver_s): ...\n",
    "silver/u.py": "@dg.asset(deps=['bronze_missing'])\ndef silver_u(): ...\n",
    "silver/v.py": "source = dg.AssetSpec('crm')\n@dg.asset(deps=['crm'])\ndef silver_v(): ...\n",
    "gold/g.py": "@dg.asset\ndef gold_g(bronze_a): ...\n",
    "loose.py": "@dg.asset\ndef loose(): ...\n",
}
SENTENCES = [
    "bronze_b (bronze) depends on bronze_a (bronze): bronze may depend on nothing but external "
    "sources. Remove the dependency, or move bronze_b to silver.",
    "silver_t (silver) depends on silver_s (silver): silver may depend only on bronze. "
    "Depend on a bronze asset instead, or move silver_t to another layer.",
    "silver_u (silver) depends on bronze_missing, which no file under defs/ defines",
    "silver_v (silver) depends on crm (source): silver may depend only on bronze.",
    "gold_g (gold) depends on bronze_a (bronze): gold may depend only on silver. "
    "Depend on a silver asset instead, or move gold_g to another layer.",
    "loose is defined outside defs/bronze, defs/silver, defs/gold",
]
GOOD = {
    "bronze/a.py": "source = dg.AssetSpec('crm')\n@dg.asset(deps=[source])\ndef bronze_a(): ...\n",
    "silver/s.py": (
        "from my_pipeline.defs.bronze.a import bronze_a\n"
        "@dg.asset(deps=[bronze_a], group_name='own', kinds={'duckdb'})\ndef silver_s(): ...\n"
        "@dg.asset_check(asset=silver_s, additional_deps=[bronze_a])\n"
        "def looks_below(): return dg.AssetCheckResult(passed=True)\n"
    ),
    "gold/g.py": "@dg.multi_asset(specs=[dg.AssetSpec('gold_g', deps=['silver_s']),"
    " dg.AssetSpec('gold_h')])\ndef both(): ...\n",
}


def write(project: Path, files: dict[str, str]) -> None:
    """Write asset files under the project's defs folder."""
    for name, body in files.items():
        path = project / "src/my_pipeline/defs" / name
        path.write_text(f"import dagster as dg\n{body}", encoding="utf-8")


def test_a_project_with_broken_edges_does_not_load(project: Path, run: Callable) -> None:
    write(project, BROKEN)

    done = run(project, "run_polster.py", check=False)

    assert done.returncode == 1
    assert [sentence for sentence in SENTENCES if sentence not in done.stderr] == []
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == len(SENTENCES)


def test_dagster_itself_refuses_a_broken_project(project: Path, run: Callable) -> None:
    write(project, {name: BROKEN[name] for name in ("bronze/a.py", "gold/g.py")})

    done = run(
        project, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml", check=False
    )

    assert done.returncode == 1
    assert SENTENCES[4] in done.stdout + done.stderr


def test_the_layer_gives_group_and_kinds_and_the_file_overrides(
    project: Path, run: Callable
) -> None:
    write(project, GOOD)

    told = run(
        project,
        "-c",
        "from my_pipeline.definitions import defs\n"
        "d = defs(); graph = d.resolve_asset_graph()\n"
        "for key in sorted(graph.executable_asset_keys):\n"
        "    node = graph.get(key)\n"
        "    print(key.to_user_string(), node.group_name, *sorted(node.kinds))\n",
    )

    assert told.stdout.split("\n")[:4] == [
        "bronze_a bronze bronze polars",
        "gold_g gold gold polars",
        "gold_h gold gold polars",
        "silver_s own duckdb silver",
    ]
    assert told.stderr == ""


def test_a_check_that_looks_past_the_layer_below_is_refused(project: Path, run: Callable) -> None:
    write(
        project,
        GOOD
        | {
            "gold/h.py": "@dg.asset_check(asset='gold_g', additional_deps=['bronze_a'])\n"
            "def looks_too_far(): return dg.AssetCheckResult(passed=True)\n"
        },
    )

    done = run(project, "run_polster.py", check=False)

    assert done.returncode == 1
    assert "check looks_too_far of gold_g (gold) looks at bronze_a (bronze)" in done.stderr


def test_a_file_that_cannot_be_imported_is_one_sentence(project: Path, run: Callable) -> None:
    write(project, {"bronze/a.py": "def bronze_a(:\n"})

    done = run(project, "run_polster.py", check=False)

    assert done.returncode == 1
    assert "The pipeline does not load: SyntaxError" in done.stderr
    assert "a.py, line 2" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_package_away_from_its_project_is_one_sentence(project: Path, run: Callable) -> None:
    (project / "pyproject.toml").unlink()

    done = run(project, "run_polster.py", check=False)

    assert done.returncode == 1
    assert "has no pyproject.toml: run the pipeline from its project's source tree" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_pyproject_that_cannot_be_read_is_one_sentence(project: Path, run: Callable) -> None:
    (project / "pyproject.toml").write_text("x = [", encoding="utf-8")

    done = run(project, "run_polster.py", check=False)

    assert done.returncode == 1
    assert "pyproject.toml cannot be read: " in done.stderr
    assert "Traceback" not in done.stderr
