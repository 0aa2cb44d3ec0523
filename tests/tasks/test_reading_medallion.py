"""What a project refuses when it loads, validate finds in its source, in the same words."""

import json
from pathlib import Path

import pytest

from polster_tasks.project import open_project
from polster_tasks.reading.assets import read_catalog
from polster_tasks.rules.registry import Finding, check

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
MADE = {
    "src/my_pipeline/lib.py": HEAD + "def make(name, up):\n"
    "    return dg.asset(name=name, deps=[up])(lambda: None)\n",
    f"{DEFS}/gold/x.py": "from my_pipeline.lib import make\n"
    "x = make('gold_x', 'bronze_raw_orders')\n",
}
LOAD = """
import json, sys
from pathlib import Path

refusals = {}
for name, files in json.load(sys.stdin).items():
    for path, text in files.items():
        Path(path).write_text(text, encoding="utf-8")
    for module in [one for one in sys.modules if one.partition(".")[0] == "my_pipeline"]:
        del sys.modules[module]
    try:
        from my_pipeline.definitions import defs
        defs()
    except Exception as error:
        refusals[name] = [type(error).__name__, str(error)]
    for path in files:
        Path(path).unlink()
print(json.dumps(refusals))
"""


def findings(project: Path, files: dict[str, str]) -> list[Finding]:
    """Return what validate finds in the project with some files added."""
    for path, text in files.items():
        (project / path).write_text(text, encoding="utf-8")
    opened = open_project(project)
    found = check(opened, read_catalog(opened))
    for path in files:
        (project / path).unlink()
    return found


@pytest.mark.slow
def test_both_locks_say_the_same(bake, run):
    project = bake(starter="ecommerce")
    cases = {name: {f"{DEFS}/{path}": HEAD + code} for name, (path, code) in BROKEN.items()}
    loaded = run(project, "-B", "-c", LOAD, input=json.dumps({**cases, "made": MADE}))
    refusals = json.loads(loaded.stdout.splitlines()[-1])
    assert {kind for kind, _ in refusals.values()} == {"MedallionError"}
    for name, files in cases.items():
        sentence = refusals[name][1].split("\n")[0].rstrip(".")
        errors = [one for one in findings(project, files) if one.severity == "error"]
        assert [one for one in errors if one.message.startswith(sentence)], (name, sentence, errors)
    # What only the load can refuse is said.
    assert "gold_x (gold) depends on bronze_raw_orders (bronze)" in refusals["made"][1]
    said = [one for one in findings(project, MADE) if one.name == "unresolved"]
    assert f"{DEFS}/gold/x.py" in {one.path for one in said}
