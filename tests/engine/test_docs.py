"""The recipes of docs/storage.md and docs/contracts.md, put into a project and run."""

import json
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```python\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAMPLES = {
    "raw_orders": "order_id,customer,amount,status,day\n"
    "1,Ada,9.50,paid,2026-01-31\n2,Ben,-1,open,\n3,Cyd,3,paid,31.01.2026\n4,Ada,1,open,\n",
    "raw_customers": "name\nAda\n",
    "raw_sales": "sale_id,amount\n1,10\n1,12\n2,30\n",
}

pytestmark = pytest.mark.slow


@pytest.fixture
def documented(project: Path, run) -> Path:
    """A project that holds every file of the two pages, and the bronze assets that they read."""
    for name, sample in SAMPLES.items():
        run(project, "-m", "polster_tasks", "add-asset", "--layer", "bronze", "--name", name)
        (project / "data" / "landing" / f"{name}.csv").write_text(sample, encoding="utf-8")
    for page in ("storage.md", "contracts.md"):
        text = (DOCS / page).read_text(encoding="utf-8")
        blocks = BLOCK.findall(text)
        assert len(blocks) == text.count("```python")  # every example says which file it is
        for path, code in blocks:
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_text(code, encoding="utf-8")
    return project


def test_every_recipe_runs(documented: Path, run):
    unpartitioned = [
        "bronze_raw_orders", "bronze_raw_customers", "bronze_raw_sales", "silver_orders",
        "silver_customers", "silver_sales", "silver_top_sales", "silver_once", "silver_per_sale",
    ]  # fmt: skip
    run(documented, "-m", "polster_tasks", "validate")
    run(documented, "run_polster.py", "--asset", *unpartitioned)
    day = ("--partition", "2026-01-02")
    run(documented, "run_polster.py", "--asset", "bronze_daily", "silver_daily", *day)
    run(documented, "run_polster.py", "--asset", "silver_all_days", "silver_day_by_day")
    # A run with a partition may hold assets without one, and contracts look where those are.
    run(documented, "run_polster.py", "--select", "+silver_orders or +silver_daily", *day)
    status = json.loads(run(documented, "run_polster.py", "--status", "--format", "json").stdout)
    rows = {asset["key"]: asset["row_count"] for asset in status["assets"]}
    assert rows["silver_orders"] == 2
    assert rows["silver_once"] == 2
    assert rows["silver_all_days"] == rows["silver_day_by_day"] == 1
    looked_at = run(documented, "look_at_quarantine.py").stdout
    assert "amount|min" in looked_at
    assert "day|type" in looked_at
    run(documented, "-m", "pytest", "-q", "tests/silver/test_silver_orders.py")


def test_the_recipe_of_history_runs(documented: Path, run):
    pytest.importorskip("deltalake")
    env = {"POLSTER_BRONZE_FORMAT": "delta"}
    run(documented, "run_polster.py", "--asset", "bronze_raw_sales", "silver_sales", env=env)
    assert run(documented, "yesterday.py", env=env).stdout.split() == ["3", "3"]
