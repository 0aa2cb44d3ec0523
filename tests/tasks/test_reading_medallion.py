"""What medallion.py refuses when a project loads, validate finds in the source, in the same words."""

import pytest
from polster_tasks.catalog import read_catalog
from polster_tasks.project import open_project
from polster_tasks.rules import check

DEFS = "src/my_pipeline/defs"
HEAD = "import dagster as dg\n"
BROKEN = {
    "gold on bronze": ("gold/x.py", "@dg.asset\ndef gold_x(bronze_raw_orders): ...\n"),
    "silver on gold": (
        "silver/x.py",
        "@dg.asset(deps=['gold_customer_ltv'])\ndef silver_x(): ...\n",
    ),
    "silver on silver": (
        "silver/x.py",
        "@dg.asset(ins={'a': dg.AssetIn('silver_clean_customers')})\ndef silver_x(a): ...\n",
    ),
    "bronze on bronze": ("bronze/x.py", "@dg.asset\ndef bronze_x(bronze_raw_orders): ...\n"),
    "silver on a source": (
        "silver/x.py",
        "feed = dg.AssetSpec('feed')\n@dg.asset(deps=[feed])\ndef silver_x(): ...\n",
    ),
    "an unknown upstream": (
        "silver/x.py",
        "@dg.asset(deps=['bronze_nope'])\ndef silver_x(): ...\n",
    ),
    "outside the layers": ("x.py", "@dg.asset\ndef bronze_x(): ...\n"),
    "a check that looks up": (
        "silver/x.py",
        "@dg.asset_check(asset='silver_clean_customers', additional_deps=['gold_customer_ltv'])\n"
        "def c(x): ...\n",
    ),
    "outputs on each other": (
        "gold/x.py",
        "@dg.multi_asset(specs=[dg.AssetSpec('gold_x', deps=['silver_clean_customers']),"
        " dg.AssetSpec('gold_y', deps=['gold_x'])])\ndef m(): ...\n",
    ),
}
LOAD = "from my_pipeline.definitions import defs; defs()"


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN)
def test_both_locks_say_the_same(name, bake, run):
    project = bake(starter="ecommerce")
    path, code = BROKEN[name]
    (project / DEFS / path).write_text(HEAD + code, encoding="utf-8")
    loaded = run(project, "-c", LOAD, check=False)
    assert loaded.returncode != 0
    sentence = loaded.stderr.rpartition("MedallionError: ")[2].strip().split("\n")[0].rstrip(".")
    opened = open_project(project)
    errors = [one for one in check(opened, read_catalog(opened)) if one.severity == "error"]
    assert [one for one in errors if one.message.startswith(sentence)], (sentence, errors)


@pytest.mark.slow
def test_what_only_the_load_can_refuse_is_said(bake, run):
    project = bake(starter="ecommerce")
    (project / "src/my_pipeline/lib.py").write_text(
        HEAD + "def make(name, up):\n    return dg.asset(name=name, deps=[up])(lambda: None)\n",
        encoding="utf-8",
    )
    (project / DEFS / "gold/x.py").write_text(
        "from my_pipeline.lib import make\nx = make('gold_x', 'bronze_raw_orders')\n",
        encoding="utf-8",
    )
    assert "MedallionError" in run(project, "-c", LOAD, check=False).stderr
    opened = open_project(project)
    said = [one for one in check(opened, read_catalog(opened)) if one.name == "unresolved"]
    assert f"{DEFS}/gold/x.py" in {one.path for one in said}
