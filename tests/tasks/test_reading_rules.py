"""Every rule finds what it is for, at its place, and leaves good code alone."""

import ast
import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from polster_tasks import report
from polster_tasks.project import UsageError, open_project
from polster_tasks.reading.assets import read_catalog
from polster_tasks.reading.catalog import Asset, Dependency
from polster_tasks.reading.expressions import _CHILDREN
from polster_tasks.rules.registry import RULES, Finding, check, explain, filter_findings

TEMPLATE = Path(__file__).resolve().parents[2] / "{{cookiecutter.project_slug}}"
DEFS = "src/shop/defs"
GOOD = {
    "pyproject.toml": '[tool.polster]\nignore = []\n[tool.dg.project]\nroot_module = "shop"\n',
    "src/shop/__init__.py": "",
    "src/shop/definitions.py": "import dagster as dg\n",
    "src/shop/layers.py": "LAYERS = {}\n",
    "src/shop/polster/__init__.py": '''
        """What your files import from Polster."""

        from importlib import import_module
        from typing import TYPE_CHECKING, Any

        if TYPE_CHECKING:
            from .medallion.enforcement import enforce as enforce
            from .sources.files import LANDING as LANDING
            from .sources.files import scan_csv as scan_csv

        _HOMES = {"LANDING": "sources.files", "scan_csv": "sources.files"}


        def __getattr__(name: str) -> Any:
            return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    ''',
    "src/shop/polster/medallion/__init__.py": "",
    "src/shop/polster/medallion/enforcement.py": "def enforce(defs, layers): ...\n",
    "src/shop/polster/sources/__init__.py": "",
    "src/shop/polster/sources/files.py": "LANDING = 'data/landing'\ndef scan_csv(name): ...\n",
    f"{DEFS}/__init__.py": "",
    f"{DEFS}/bronze/__init__.py": '"""Bronze."""\n',
    f"{DEFS}/bronze/orders.py": '''
        import dagster as dg
        import polars as pl

        from shop.polster import scan_csv


        @dg.asset(pool="bronze")
        def bronze_orders() -> pl.LazyFrame:
            """Orders, as received."""
            return scan_csv("orders.csv")
    ''',
    f"{DEFS}/silver/__init__.py": '"""Silver."""\n',
    f"{DEFS}/silver/orders.py": '''
        import dagster as dg
        import polars as pl


        @dg.asset
        def silver_orders(context, bronze_orders: pl.LazyFrame) -> pl.LazyFrame:
            """Orders, cleaned."""
            return bronze_orders.filter(pl.col("amount") > 0)
    ''',
    f"{DEFS}/gold/__init__.py": '"""Gold."""\n',
    f"{DEFS}/gold/revenue.py": '''
        import dagster as dg
        import polars as pl

        from shop.defs.silver.orders import silver_orders


        @dg.asset(deps=[silver_orders])
        def gold_revenue() -> pl.LazyFrame:
            """Revenue."""
            return pl.LazyFrame()
    ''',
    "tests/bronze/test_bronze_orders.py": "",
    "tests/silver/test_silver_orders.py": "",
    "tests/gold/test_gold_revenue.py": "",
}
SILVER = f"{DEFS}/silver/orders.py"
GOLD = f"{DEFS}/gold/revenue.py"


def silver(code: str) -> dict[str, str | None]:
    """Return silver/orders.py with this code under the usual imports, on line 4 and after."""
    return {
        SILVER: "import dagster as dg\nimport polars as pl\n\n" + textwrap.dedent(code).lstrip("\n")
    }


# Each: the rule's code, the files that break it (None: no such file), and where it is found.
BAD: list[tuple[str, dict[str, str | None], str]] = [
    ("POL001", {"src/shop/layers.py": None}, "src/shop/layers.py:1"),
    ("POL001", {"src/shop/polster/medallion/enforcement.py": None}, "src/shop/polster/medallion/enforcement.py:1"),
    ("POL001", {f"{DEFS}/gold/__init__.py": None, f"{DEFS}/gold/revenue.py": None}, f"{DEFS}/gold:1"),
    ("POL002", {"pyproject.toml": GOOD["pyproject.toml"].replace("[]", '["wrong-layer"]')}, "pyproject.toml:1"),
    ("POL002", {"pyproject.toml": GOOD["pyproject.toml"].replace("[]", '["POL999"]')}, "pyproject.toml:1"),
    ("POL002", {"pyproject.toml": GOOD["pyproject.toml"].replace("[]", "3")}, "pyproject.toml:1"),
    ("POL003", {f"{DEFS}/bronze/folder.py/x.txt": ""}, f"{DEFS}/bronze/folder.py:1"),
    ("POL003", silver("def silver_orders(bronze_orders:\n"), f"{SILVER}:4"),
    ("POL004", {f"{DEFS}/loose.py": "import dagster as dg\n\n@dg.asset\ndef bronze_loose(): 'L.'\n"}, f"{DEFS}/loose.py:4"),
    ("POL101", silver("@dg.asset\ndef silver_order(bronze_orders): 'O.'\n"), f"{SILVER}:5"),
    ("POL101", silver("@dg.asset(name='silver_orders')\ndef orders(bronze_orders): 'O.'\n"), f"{SILVER}:5"),
    ("POL101", silver("@dg.asset\ndef orders(bronze_orders): 'O.'\n"), f"{SILVER}:5"),
    ("POL101", silver("@dg.asset\ndef gold_orders(bronze_orders): 'O.'\n"), f"{SILVER}:5"),
    ("POL102", silver("@dg.asset\ndef silver_Orders(bronze_orders): 'O.'\n"), f"{SILVER}:5"),
    ("POL103", {f"{DEFS}/silver/orders2.py": GOOD[SILVER]}, f"{DEFS}/silver/orders2.py:6"),
    ("POL103", silver("@dg.asset\ndef silver_orders(bronze_orders): 'O.'\nsilver_orders = 1\n"), f"{SILVER}:5"),
    ("POL201", silver("@dg.asset\ndef silver_orders(gold_revenue): 'O.'\n"), f"{SILVER}:5:19"),
    ("POL201", silver("@dg.asset(deps=['silver_orders2'])\ndef silver_orders(): 'O.'\n@dg.asset\ndef silver_orders2(bronze_orders): ...\n"), f"{SILVER}:4:17"),
    ("POL201", {GOLD: "import dagster as dg\n@dg.asset(ins={'x': dg.AssetIn('bronze_orders')})\ndef gold_revenue(x): ...\n"}, f"{GOLD}:3:18"),
    ("POL201", {f"{DEFS}/sources.py": "import dagster as dg\nfeed = dg.AssetSpec('feed')\n", **silver("@dg.asset(deps=['feed'])\ndef silver_orders(): 'O.'\n")}, f"{SILVER}:4:17"),
    ("POL202", silver("@dg.asset\ndef silver_orders(bronze_order): 'O.'\n"), f"{SILVER}:5:19"),
    ("POL203", silver("@dg.asset\ndef silver_orders(gold_revenue): 'O.'\n"), f"{SILVER}:5:19"),
    ("POL204", silver("@dg.asset\ndef silver_orders(): 'O.'\n"), f"{SILVER}:5"),
    ("POL205", silver("@dg.asset\ndef silver_orders(ctx: dg.AssetExecutionContext, bronze_orders): 'O.'\n"), f"{SILVER}:5:19"),
    ("POL205", silver("@dg.asset\ndef silver_orders(bronze_orders, context: dg.AssetExecutionContext): 'O.'\n"), f"{SILVER}:5:34"),
    ("POL206", silver("@dg.asset\ndef silver_orders(*, bronze_orders): 'O.'\n"), f"{SILVER}:5:22"),
    ("POL207", silver("@dg.asset\ndef silver_orders(bronze_orders): 'O.'\n@dg.asset_check(asset=silver_orders, additional_deps=['gold_revenue'])\ndef fine(x): ...\n"), f"{SILVER}:6:55"),
    ("POL208", silver("import dataframely as dy\n@dg.asset\ndef silver_orders(bronze_orders: dy.LazyFrame[int]): 'O.'\n"), f"{SILVER}:6:19"),
    ("POL208", silver("import dataframely as dy\n@dg.asset\ndef silver_orders(bronze_orders: pl.LazyFrame) -> dy.DataFrame[int] | None: 'O.'\n"), f"{SILVER}:6"),
    ("POL208", silver("from dataframely import LazyFrame as Typed\n@dg.asset\ndef silver_orders(bronze_orders) -> 'Typed[int]': 'O.'\n"), f"{SILVER}:6"),
    ("POL208", silver("@dg.asset\ndef silver_orders(context: 'dg.AssetExecutionContext', bronze_orders): 'O.'\n"), f"{SILVER}:5:19"),
    ("POL208", {SILVER: "from __future__ import annotations\nimport dagster as dg\n@dg.asset\ndef silver_orders(context: dg.AssetExecutionContext, bronze_orders): 'O.'\n"}, f"{SILVER}:4:19"),
    ("POL301", silver("from shop.defs.bronze.order import x\n@dg.asset\ndef silver_orders(bronze_orders): 'O.'\n"), f"{SILVER}:4"),
    ("POL301", silver("from ..bronze.orders import nothing\n@dg.asset\ndef silver_orders(bronze_orders): 'O.'\n"), f"{SILVER}:4"),
    ("POL301", silver("import shop.nowhere\n@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    from ......up import x\n"), f"{SILVER}:8"),
    ("POL301", silver("from shop.polster import scan_cvs\n@dg.asset\ndef silver_orders(bronze_orders): 'O.'\n"), f"{SILVER}:4"),
    ("POL302", silver("from shop.defs.bronze.orders import bronze_orders\n@dg.asset(deps=[bronze_orders])\ndef silver_orders():\n    'O.'\n    return bronze_orders()\n"), f"{SILVER}:4"),
    ("POL302", silver("from ..bronze import orders\n@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    return orders.scan_csv('x')\n"), f"{SILVER}:4"),
    ("POL302", silver("@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    from shop.defs.bronze.orders import bronze_orders as b\n    return b()\n"), f"{SILVER}:7"),
    ("POL302", {"src/shop/lib.py": "from shop.defs.bronze.orders import bronze_orders as raw\n", **silver("from shop.lib import raw\n@dg.asset\ndef silver_orders(bronze_orders): 'O.'; return raw()\n")}, f"{SILVER}:4"),
    ("POL303", silver("@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    return pl.scan_parquet('data/bronze/orders.parquet')\n"), f"{SILVER}:7"),
    ("POL303", silver("from pathlib import Path\nROOT = Path('data') / 'bronze'\n@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    return pl.read_parquet(ROOT / 'x.parquet')\n"), f"{SILVER}:5"),
    ("POL303", silver("@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    root = 'x'\n    return pl.scan_parquet(f'{root}/bronze/x.parquet')\n"), f"{SILVER}:8"),
    ("POL303", silver("from shop.polster import scan_csv\n@dg.asset\ndef silver_orders(bronze_orders): 'O.'\n"), f"{SILVER}:4"),
    ("POL303", silver("from shop.polster import LANDING\n@dg.asset\ndef silver_orders(bronze_orders): 'O.'\n"), f"{SILVER}:4"),
    ("POL303", silver("@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    from shop.polster.sources.files import scan_csv as scan\n    return scan('x')\n"), f"{SILVER}:7"),
    ("POL303", silver("import shop.polster as p\n@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    return p.scan_csv('x')\n"), f"{SILVER}:8:12"),
    ("POL303", silver("import shop.polster\n@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    return shop.polster.sources.files.LANDING\n"), f"{SILVER}:8:12"),
    ("POL303", silver("@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    from shop import polster\n    return polster.LANDING\n"), f"{SILVER}:8:12"),
    ("POL303", {"src/shop/lib.py": "from shop.polster import scan_csv as scan\n", **silver("from shop.lib import scan\n@dg.asset\ndef silver_orders(bronze_orders): 'O.'\n")}, f"{SILVER}:4"),
    ("POL303", {"src/shop/lib.py": "from shop.polster import scan_csv\n", **silver("from shop import lib\n@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    return lib.scan_csv('x')\n")}, f"{SILVER}:8:12"),
    ("POL401", silver("@dg.asset\ndef silver_orders(bronze_orders): ...\n"), f"{SILVER}:5"),
    ("POL402", {"tests/silver/test_silver_orders.py": None}, f"{SILVER}:6"),
    ("POL403", {GOLD: None}, f"{SILVER}:6"),
    ("POL404", silver("import pandas as pd\n@dg.asset\ndef silver_orders(bronze_orders): 'O.'\n"), f"{SILVER}:4"),
    ("POL404", silver("@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    return bronze_orders.collect().to_pandas()\n"), f"{SILVER}:7"),
    ("POL405", silver("from datetime import datetime as dt\n@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    return dt.now()\n"), f"{SILVER}:8"),
    ("POL405", silver("import datetime\n@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    return datetime.datetime.utcnow()\n"), f"{SILVER}:8"),
    ("POL406", silver("import os\n@dg.asset(deps=[os.environ['UP']])\ndef silver_orders(): 'O.'\n"), f"{SILVER}:6"),
    ("POL406", silver("import os\n@dg.asset(key=os.environ['UP'])\ndef silver_orders(bronze_orders): 'O.'\n"), f"{SILVER}:6"),
    ("POL406", silver("def make():\n    @dg.asset\n    def silver_orders(bronze_orders): ...\n    return silver_orders\nsilver_orders = make()\n"), f"{SILVER}:8"),
    ("POL406", {"src/shop/lib.py": "import dagster as dg\nmake = lambda name: dg.asset(name=name)(lambda: 1)\n", f"{DEFS}/bronze/made.py": "from shop.lib import make\nmade = make('bronze_made')\n"}, f"{DEFS}/bronze/made.py:2"),
    ("POL406", {"src/shop/lib.py": "import functools\nimport dagster as dg\ntable = functools.partial(dg.asset, pool='x')\n", f"{DEFS}/bronze/made.py": "from shop.lib import table\n\n@table()\ndef bronze_made(): 'M.'\n"}, f"{DEFS}/bronze/made.py:3"),
    ("POL406", {f"{DEFS}/silver/part/defs.yaml": "type: x\n"}, f"{DEFS}/silver/part/defs.yaml:1"),
]  # fmt: skip

FINE: dict[str, dict[str, str | None]] = {
    "an input of another name": silver(
        "@dg.asset(ins={'raw': dg.AssetIn('bronze_orders')})\ndef silver_orders(raw): 'O.'\n"
    ),
    "time with a zone": silver(
        "from datetime import datetime, timezone\n@dg.asset\ndef silver_orders(bronze_orders):\n"
        "    'O.'\n    return datetime.now(timezone.utc), datetime.now(tz=timezone.utc)\n"
    ),
    "the word gold in data": silver(
        "@dg.asset\ndef silver_orders(bronze_orders):\n    'Reads data/bronze/ no more.'\n"
        "    ref = pl.read_csv('tiers.csv', schema_overrides={'gold': pl.Int64})\n"
        "    return bronze_orders.filter(pl.col('tier').is_in(['gold', 'silver']))\n"
    ),
    "a guarded import": silver(
        "try:\n    from shop.extra import speed\nexcept ImportError:\n    speed = None\n"
        "@dg.asset\ndef silver_orders(bronze_orders): 'O.'\n"
    ),
    "an import guarded in a function": silver(
        "@dg.asset\ndef silver_orders(bronze_orders):\n    'O.'\n    try:\n"
        "        from shop.extra import speed\n    except ImportError:\n        speed = None\n"
        "    return speed\n"
    ),
    "names that are bound in every way": {
        "src/shop/lib.py": "A, (B, *C) = 1, (2, 3)\nfor D, E in ():\n    pass\n"
        "with open(__file__) as F:\n    pass\nif (G := 1):\n    H = I = 2\n"
        "match A:\n    case [J, *K] | {'x': J, **K}:\n        pass\nL: int = 3\nL += 1\n",
        **silver(
            "from shop.lib import A, B, C, D, E, F, G, H, I, J, K, L\n"
            "@dg.asset\ndef silver_orders(bronze_orders): 'O.'\n"
        ),
    },
    "lists that are filled, and functions that are not called": silver(
        "COLUMNS = []\nCOLUMNS.append('id')\nCOLUMNS.append('amount')\n"
        "clean = lambda frame: frame.drop_nulls()\n"
        "@dg.asset\ndef silver_orders(bronze_orders): 'O.'\n"
    ),
    "an import of Dagster in one function, its name in another": {
        f"{DEFS}/jobs.py": "def one():\n    from dagster import asset\n"
        "def two(asset):\n    return asset\n",
    },
    "whatever lies in Polster's own folder": {
        "src/shop/polster/extra.py": "import pandas\nfrom datetime import datetime\n"
        "import dagster as dg\nfrom .nowhere import nothing\nnow = datetime.now()\n"
        "@dg.asset\ndef anything(): ...\n@dg.asset\ndef anything(): ...\n"
        "def make(frame): return dg.asset(name=frame.to_pandas())\n",
    },
    "a helper beside": {
        f"{DEFS}/silver/_text.py": "def clean(x): ...\n",
        **silver("from ._text import clean\n@dg.asset\ndef silver_orders(bronze_orders): 'O.'\n"),
    },
    "a source": {
        f"{DEFS}/sources.py": "import dagster as dg\nfeed = dg.AssetSpec('feed')\n",
        f"{DEFS}/bronze/orders.py": "import dagster as dg\nfrom ..sources import feed\n"
        "@dg.asset(deps=[feed])\ndef bronze_orders(): 'O.'\n",
    },
    "a check of the layer below": silver(
        "@dg.asset\ndef silver_orders(bronze_orders): 'O.'\n"
        "@dg.asset_check(asset=silver_orders, additional_ins={'b': dg.AssetIn('bronze_orders')})\n"
        "def fine(orders, b): ...\n"
    ),
    "jobs and schedules": {
        f"{DEFS}/jobs.py": "import dagster as dg\nfrom .bronze.orders import bronze_orders\n"
        "job = dg.define_asset_job('all', selection=[bronze_orders])\n"
        "daily = dg.ScheduleDefinition(job=job, cron_schedule='@daily')\n"
    },
    "annotations that Dagster takes": {
        SILVER: "from __future__ import annotations\nimport dagster as dg\nimport polars as pl\n"
        "import dataframely as dy\n@dg.asset\n"
        "def silver_orders(context, bronze_orders: pl.LazyFrame) -> dy.LazyFrame:\n"
        "    'O.'\n    typed: dy.LazyFrame[int] = bronze_orders\n    return typed\n"
    },
    "an annotation beside Dagster's own type": silver(
        "import dataframely as dy\n@dg.asset(dagster_type=dg.Any)\n"
        "def silver_orders(bronze_orders) -> dy.LazyFrame[int]: 'O.'\n"
    ),
    "a project in CRLF": {SILVER: textwrap.dedent(GOOD[SILVER]).lstrip("\n").replace("\n", "\r\n")},
    "a byte-order mark": {SILVER: "\ufeff" + textwrap.dedent(GOOD[SILVER]).lstrip("\n")},
    "a package under a layer": {
        SILVER: None,
        f"{DEFS}/silver/shop/__init__.py": "",
        f"{DEFS}/silver/shop/orders.py": GOOD[SILVER],
        GOLD: GOOD[GOLD].replace("silver.orders", "silver.shop.orders"),
    },
}


def write(root: Path, files: dict[str, str | None]) -> Path:
    """Write the good project with some files changed; return its root."""
    for name, text in {**GOOD, **files}.items():
        if text is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(textwrap.dedent(text).lstrip("\n").encode("utf-8"))
    return root


def validate(root: Path) -> list[Finding]:
    project = open_project(root)
    return check(project, read_catalog(project))


def test_a_good_project_has_no_findings(tmp_path: Path):
    assert validate(write(tmp_path, {})) == []


@pytest.mark.parametrize("name", FINE)
def test_good_code_is_left_alone(name: str, tmp_path: Path):
    assert validate(write(tmp_path, FINE[name])) == []


@pytest.mark.parametrize(
    ("code", "files", "place"), BAD, ids=[f"{b[0]}-{n}" for n, b in enumerate(BAD)]
)
def test_bad_code_is_found_at_its_place(code: str, files: dict, place: str, tmp_path: Path):
    findings = validate(write(tmp_path, files))
    found = [one for one in findings if one.code == code]
    assert found, findings
    assert place in {f"{f.path}:{f.line}" for f in found} | {
        f"{f.path}:{f.line}:{f.column}" for f in found
    }
    assert all(
        one.name == RULES[code].name and one.severity == RULES[code].severity for one in found
    )


def test_every_rule_has_a_bad_example_here():
    assert {code for code, _, _ in BAD} == set(RULES)


@pytest.mark.parametrize("code", RULES)
def test_every_rule_explains_itself_with_a_bad_and_a_good_example(code: str):
    text = explain(code)
    assert text == explain(RULES[code].name)
    assert re.search(r"^ +Bad: .+^ +Good: .+", text, re.DOTALL | re.MULTILINE)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", RULES[code].name)


def test_a_broken_edge_gives_the_sentence_of_the_rule(tmp_path: Path):
    root = write(tmp_path, silver("@dg.asset\ndef silver_orders(gold_revenue): 'O.'\n"))
    assert (
        "silver_orders (silver) depends on gold_revenue (gold): silver may depend only on bronze. "
        "Depend on a bronze asset instead, or move silver_orders to another layer."
    ) in {one.message for one in validate(root)}


def test_warnings_can_be_ignored_and_errors_cannot(tmp_path: Path):
    bad = silver("@dg.asset\ndef silver_orders(gold_revenue): ...\n")
    project = open_project(write(tmp_path, bad))
    findings = check(project, read_catalog(project))
    assert {"POL401", "POL201"} <= {one.code for one in findings}
    for word in ("POL401", "pol401", "no-description", "POL4"):
        kept = {one.code for one in filter_findings(project, findings, ignore=(word,))}
        assert "POL401" not in kept and "POL201" in kept
    selected = {one.code for one in filter_findings(project, findings, select=("pandas",))}
    assert "POL401" not in selected and "POL201" in selected
    for word in ("POL201", "wrong-layer", "POL2", "POL"):
        with pytest.raises(UsageError):
            filter_findings(project, findings, ignore=(word,))
    with pytest.raises(UsageError, match="no rule"):
        filter_findings(project, findings, select=("nonsense",))
    with pytest.raises(UsageError, match="no rule"):
        explain("nonsense")
    quiet = project._replace(ignore=("no-description", "wrong-layer"))
    kept = {one.code for one in filter_findings(quiet, findings)}
    assert "POL401" not in kept and "POL201" in kept


@pytest.mark.parametrize(
    ("word", "meant"), [("naiv-now", "naive-now"), ("Wrong-Layers", "wrong-layer"), ("pol999", "")]
)
def test_an_unknown_rule_is_one_short_sentence_with_the_nearest_name(word: str, meant: str):
    with pytest.raises(UsageError) as refused:
        explain(word)
    hint = f" Did you mean {meant}?" if meant else ""
    assert str(refused.value) == (
        f"There is no rule {word!r}.{hint} `validate --explain POL` shows all rules."
    )


def test_pol_explains_all_rules():
    entries = [line.split()[0] for line in explain("POL").splitlines() if line.startswith("POL")]
    assert entries == sorted(RULES)


def test_a_family_is_explained_rule_by_rule():
    text = explain("pol4")
    assert [line.split()[0] for line in text.splitlines() if line.startswith("POL")] == [
        code for code in RULES if code.startswith("POL4")
    ]


def test_a_comment_silences_nothing(tmp_path: Path):
    code = "@dg.asset  # noqa\ndef silver_orders(gold_revenue): 'O.'  # noqa: POL201\n"
    assert "POL201" in {one.code for one in validate(write(tmp_path, silver(code)))}


def test_an_unknown_upstream_is_only_said_where_assets_cannot_be_read(tmp_path: Path):
    files = {
        f"{DEFS}/bronze/made.py": "import dagster as dg\ndef make(n):\n    return dg.asset(name=n)(lambda: 1)\n"
        "made = make('bronze_made')\n",
        **silver("@dg.asset\ndef silver_orders(bronze_orders, bronze_made): 'O.'\n"),
    }
    findings = validate(write(tmp_path, files))
    assert "POL202" not in {one.code for one in findings}
    assert [one for one in findings if one.code == "POL406" and "bronze_made" in one.message]


def test_every_expression_is_looked_at():
    """Each type of node says in its docstring which of its fields hold which type of node."""
    holds_expressions = {
        "expr", "comprehension", "arguments", "arg", "keyword", "withitem", "pattern",
        "match_case", "stmt", "excepthandler",
    }  # fmt: skip
    elsewhere = {("comprehension", "target"), ("Lambda", "body")}
    checked = 0
    for node in vars(ast).values():
        if not isinstance(node, type) or not issubclass(node, ast.AST) or issubclass(node, ast.mod):
            continue
        if node in (ast.ImportFrom, ast.alias, ast.TypeIgnore):  # they hold no expression
            continue
        if not (node.__doc__ or "").startswith(f"{node.__name__}("):
            continue
        fields = {
            name
            for of, name in re.findall(r"(\w+)[?*]? (\w+)", node.__doc__)
            if of in holds_expressions
        }
        fields = {name for name in fields if (node.__name__, name) not in elsewhere}
        assert set(_CHILDREN[node]) == fields - {"annotation", "returns"}, node.__name__
        checked += 1
    assert checked > 60


STRANGE: dict[str, bytes] = {
    "null bytes": b"import dagster\n\0\n",
    "latin-1 without a cookie": "x = 'ä'\n".encode("latin-1"),
    "an unknown encoding": b"# coding: klingon\nx = 1\n",
    "deep parentheses": b"x = " + b"(" * 5000 + b")" * 5000,
    "a deep list": b"x = " + b"[" * 150 + b"]" * 150,
    "a long sum": b"x = " + b"1+" * 20000 + b"1\n@x\ndef f(): ...\n",
    "a deep attribute": b"@a" + b".b" * 3000 + b"\ndef f(): ...\n",
    "a long chain of elif": b"def f():\n if x: pass\n" + b" elif x: pass\n" * 600,
    "deep ifs": b"".join(b" " * n + b"if x:\n" for n in range(90)) + b" " * 90 + b"pass\n",
    "a lone surrogate": b"x = '\\ud800'\ny: 'oops(' = 1\n",
    "an empty file": b"",
    "only a comment": b"#",
    "utf-16": "import dagster".encode("utf-16"),
    "names that need themselves": b"import dagster as dg\na = [b]\nb = [a]\n"
    b"@dg.asset(deps=a)\ndef bronze_x(): ...\n",
    "stars at oneself": b"from .strange import *\nfrom . import strange\nx = strange.strange\n",
    "odd decorators": b"@(lambda f: f)\ndef f(): ...\n@[1][0]\ndef g(): ...\n@x if y else z\nclass H: ...\n",
    "odd arguments": b"import dagster as dg\n@dg.asset(*a, **b)\ndef f(a, /, b, *c, d=1, **e): ...\n"
    b"@dg.multi_asset(specs=3, outs=[1], ins={1: 2})\ndef g(x: 1/0 = 3): ...\n"
    b"@dg.asset_check(asset=None)\ndef h(): ...\n@dg.asset(ins=dg, deps=dg.asset)\ndef i(): ...\n",
    "new syntax": b"match x:\n    case {'a': [b, *c]} | None | True:\n        pass\ntry:\n    pass\nexcept* OSError:\n"
    b"    pass\nasync def f():\n    async with a as b, c: ...\n    async for d in e: ...\n",
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_file_is_at_most_a_finding(name: str, tmp_path: Path):
    root = write(tmp_path, {})
    (root / f"{DEFS}/bronze/strange.py").write_bytes(STRANGE[name])
    findings = validate(root)
    assert all(one.path.endswith("strange.py") for one in findings)
    assert len([one for one in findings if one.code == "POL003"]) <= 1


def test_a_latin_1_cookie_is_obeyed(tmp_path: Path):
    root = write(tmp_path, {})
    text = (
        "# coding: latin-1\nimport dagster as dg\n\n@dg.asset\ndef bronze_orders(): 'Aufträge.'\n"
    )
    (root / f"{DEFS}/bronze/orders.py").write_bytes(text.encode("latin-1"))
    project = open_project(root)
    assert read_catalog(project).find("bronze_orders").description == "Aufträge."
    assert check(project, read_catalog(project)) == []


@pytest.mark.skipif(os.name == "nt", reason="links and pipes")
def test_links_that_go_in_circles_pipes_and_dead_links_do_not_hang(tmp_path: Path):
    root = write(tmp_path, {})
    os.symlink(root / DEFS, root / DEFS / "bronze" / "again")
    os.symlink(root / "nowhere.py", root / DEFS / "bronze" / "dead.py")
    os.mkfifo(root / DEFS / "bronze" / "pipe.py")
    findings = validate(root)
    assert {(one.code, one.path.rpartition("/")[2]) for one in findings} == {
        ("POL003", "dead.py"),
        ("POL003", "pipe.py"),
    }


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_one_finding(tmp_path: Path):
    root = write(tmp_path, {})
    (root / GOLD).chmod(0)
    assert [(one.code, one.path) for one in validate(root) if one.severity == "error"] == [
        ("POL003", GOLD)
    ]


def test_validate_imports_nothing_of_the_project_and_warns_of_nothing(tmp_path: Path):
    root = write(tmp_path, silver("raise SystemExit(7)\nx = '\\d'\n"))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "polster_tasks", "--project", str(root), "validate"],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(TEMPLATE)}, cwd=tmp_path,
    )  # fmt: skip
    assert done.stderr == "" and "POL403" in done.stdout


def test_list_assets_says_which_files_it_could_not_read(tmp_path: Path):
    root = write(tmp_path, silver("def silver_orders(bronze_orders:\n"))
    done = subprocess.run(
        [sys.executable, "-m", "polster_tasks", "--project", str(root), "list-assets"],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(TEMPLATE)}, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0 and "bronze/orders.py:8" in done.stdout
    assert done.stderr.startswith(f"{SILVER}:4: cannot be read: ")


def test_reading_needs_no_heavy_module():
    code = "import sys, polster_tasks.rules.registry, polster_tasks.report; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(TEMPLATE)},
    )  # fmt: skip
    assert not {"dataclasses", "inspect", "json", "difflib", "asyncio"} & set(done.stdout.split())


def test_reports(tmp_path: Path):
    root = write(tmp_path, silver("@dg.asset\ndef silver_orders(gold_revenue): 'O.'\n"))
    project = open_project(root)
    catalog = read_catalog(project)
    findings = check(project, catalog)
    text = report.findings_text(findings, 3).split("\n")
    start = f"{SILVER}:5:19: POL201 wrong-layer: silver_orders (silver) depends on gold_revenue"
    assert any(line.startswith(start) for line in text)
    assert text[-1] == "2 errors and 1 warning in 3 assets."
    data = json.loads(report.findings_json(findings, 3))
    assert data["assets"] == 3
    assert list(data["findings"][0]) == [
        "code",
        "name",
        "severity",
        "path",
        "line",
        "column",
        "message",
    ]
    strange = Finding("POL0", "x", "error", "a,b:c.py", 1, 2, "50%\n::set-output")
    command = report.findings_github([strange], 1).split("\n")[0]
    assert command == "::error file=a%2Cb%3Ac.py,line=1,col=2,title=POL0 x::50%25%0A::set-output"
    (first, *_) = json.loads(report.assets_json(catalog.assets))["assets"]
    assert first == {
        "key": "bronze_orders",
        "name": "orders",
        "layer": "bronze",
        "dependencies": [],
        "description": "Orders, as received.",
        "path": f"{DEFS}/bronze/orders.py",
        "line": 8,
        "unresolved": [],
    }
    table = report.assets_table(catalog.assets).split("\n")
    assert table[0].split() == ["name", "layer", "dependencies", "description", "file"]
    mermaid = report.assets_mermaid(catalog.assets)
    assert mermaid.startswith("flowchart LR\n    subgraph bronze\n") and "-->" in mermaid


def test_no_report_commands_a_terminal_or_breaks_its_line():
    strange = "a\x1b[2J\u202e\u009bb\nc"
    finding = Finding("POL0", "x", "error", strange, 1, 2, strange)
    for name, write_findings in report.FINDING_FORMATS.items():
        lines = write_findings([finding], 1).split("\n")
        assert all(line.isprintable() for line in lines)
        assert name == "json" or len(lines) == 2
    assets = strange_assets(strange)
    for name, write_assets in report.ASSET_FORMATS.items():
        lines = write_assets(assets).split("\n")
        assert all(line.isprintable() for line in lines)
        assert name != "table" or len(lines) == 2


def strange_assets(strange: str) -> list[Asset]:
    """Return one asset that is called so, lies in a file that is called so, and needs another."""
    dependency = Dependency(strange, 1, 1, "deps")
    return [
        Asset(
            strange,
            strange,
            "bronze",
            (dependency,),
            strange,
            strange,
            1,
            1,
            (),
            "f",
            "asset",
            True,
        )
    ]


def test_dependents_are_exact(tmp_path: Path):
    files = {
        f"{DEFS}/bronze/order.py": "import dagster as dg\n@dg.asset\ndef bronze_order(): 'O.'\n",
        f"{DEFS}/jobs.py": "from .bronze.orders import bronze_orders\n",
    }
    catalog = read_catalog(open_project(write(tmp_path, files)))
    assert [one.key for one in catalog.dependents("bronze_orders")] == ["silver_orders"]
    assert catalog.dependents("bronze_order") == ()
    assert catalog.importers(f"{DEFS}/bronze/orders.py") == ((f"{DEFS}/jobs.py", 1),)
    assert [one.key for one in catalog.in_layer("gold")] == ["gold_revenue"]


def test_the_page_of_rules_is_what_the_code_says():
    docs = Path(__file__).resolve().parents[2] / "docs"
    done = subprocess.run(
        [sys.executable, "-c", "import rules, sys; sys.stdout.buffer.write(rules.page().encode())"],
        cwd=docs, capture_output=True, check=True, env={**os.environ, "PYTHONPATH": str(docs)},
    )  # fmt: skip
    assert done.stdout.decode() == (docs / "rules.md").read_text(encoding="utf-8"), (
        "run: python docs/rules.py"
    )
