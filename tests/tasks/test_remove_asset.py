"""What remove-asset promises: nobody's upstream is taken away, and nothing is ever lost."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from polster_tasks.__main__ import main
from polster_tasks.project import open_project
from polster_tasks.reading.assets import read_catalog
from polster_tasks.rules.registry import check

Tasks = Callable[..., int]


@pytest.fixture
def tasks(project: Path) -> Tasks:
    """Return a function that runs a command in this process and returns the exit status."""
    return lambda *arguments: main(["--project", str(project), *arguments])


@pytest.fixture
def chain(project: Path, tasks: Tasks) -> Path:
    """A project with sales, order, orders in bronze, clean on sales, metrics on clean."""
    for name in ("sales", "order", "orders"):
        tasks("add-asset", "--layer", "bronze", "--name", name)
    tasks("add-asset", "--layer", "silver", "--name", "clean", "--dependencies", "sales,orders")
    tasks("add-asset", "--layer", "gold", "--name", "metrics", "--dependencies", "clean")
    return project


def asset(project: Path, layer: str, name: str) -> Path:
    return project / "src" / "my_pipeline" / "defs" / layer / f"{name}.py"


def tree(project: Path) -> dict[str, bytes]:
    """Every file of the project outside `.polster`, by path."""
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and not {".polster", "__pycache__"} & {*path.parts}
    }


def errors(project: Path) -> list[str]:
    opened = open_project(project)
    findings = check(opened, read_catalog(opened))
    return [f"{f.path}: {f.message}" for f in findings if f.severity == "error"]


def test_the_asset_and_its_test_go_and_landing_and_data_stay(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    data = chain / "data" / "bronze" / "bronze_order.parquet"
    data.parent.mkdir(exist_ok=True)
    data.write_bytes(b"PAR1")
    before = tree(chain)
    capsys.readouterr()

    assert tasks("remove-asset", "--layer", "bronze", "--name", "order", "--yes") == 0

    assert {*before} - {*tree(chain)} == {
        "src/my_pipeline/defs/bronze/order.py",
        "tests/bronze/test_bronze_order.py",
    }
    said = capsys.readouterr()
    assert "data/bronze/bronze_order.parquet" in said.err
    assert "Landing files stay" in said.err
    assert "remove-asset --undo" in said.err
    assert errors(chain) == []


@pytest.mark.parametrize("how", ["--dry-run", "--yes", "none"])
def test_dependents_block_by_their_exact_names_and_exit_1(
    how: str, chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(chain)
    capsys.readouterr()
    more = [] if how == "none" else [how]
    assert tasks("remove-asset", "--layer", "bronze", "--name", "orders", *more) == 1
    said = capsys.readouterr().err
    assert "silver_clean (src/my_pipeline/defs/silver/clean.py:6) depends on bronze_orders" in said
    assert "gold_metrics" not in said
    assert tree(chain) == before


def test_order_is_not_orders(chain: Path, tasks: Tasks) -> None:
    assert tasks("remove-asset", "--layer", "bronze", "--name", "order", "--dry-run") == 0


def test_a_dry_run_of_a_forced_removal_shows_the_impact_and_changes_nothing(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(chain)
    assert tasks("remove-asset", "--name", "bronze_orders", "--force", "--dry-run") == 0
    out, err = capsys.readouterr()
    assert "src/my_pipeline/defs/bronze/orders.py" in out
    assert "no longer loads" in err and "silver_clean" in err
    assert tree(chain) == before


def test_dependents_may_go_together_with_what_they_need(chain: Path, tasks: Tasks) -> None:
    names = "bronze_sales,bronze_orders,silver_clean,metrics"
    before = tree(chain)
    assert tasks("remove-asset", "--name", names, "--yes") == 0
    assert errors(chain) == []
    assert tasks("remove-asset", "--undo") == 0
    assert tree(chain) == before


def test_force_says_what_no_longer_loads_and_undo_heals_it(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(chain)
    assert tasks("remove-asset", "--name", "bronze_orders", "--force") == 0
    err = capsys.readouterr().err
    assert "no longer loads" in err and "silver_clean" in err and "remove-asset --undo" in err
    assert errors(chain)
    assert tasks("remove-asset", "--undo") == 0
    assert errors(chain) == []
    assert tree(chain) == before


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--name", "bronze_order"], 2, "--yes"),
        ([], 2, "--name"),
        (["--layer", "bronze"], 2, "--name"),
        (["--layer", "bronze", "--name", "ordr", "--yes"], 1, "no bronze asset"),
        (["--layer", "silver", "--name", "order", "--yes"], 1, "no silver asset"),
        (["--name", " , ", "--yes"], 2, "empty"),
    ],
)
def test_off_a_terminal_nothing_is_asked(
    arguments: list[str],
    status: int,
    said: str,
    chain: Path,
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    before = tree(chain)
    done = run(chain, "-m", "polster_tasks", "remove-asset", *arguments, check=False, input="y\n")
    assert (done.returncode, said in done.stderr) == (status, True)
    assert tree(chain) == before


def test_a_name_in_two_layers_must_be_told_apart(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks("add-asset", "--layer", "gold", "--name", "order", "--dependencies", "clean")
    assert tasks("remove-asset", "--name", "order", "--yes") == 2
    assert "gold_order" in capsys.readouterr().err
    assert tasks("remove-asset", "--name", "gold_order", "--yes") == 0


def test_undo_restores_uncommitted_edits_byte_for_byte(chain: Path, tasks: Tasks) -> None:
    edited = asset(chain, "bronze", "order")
    edited.write_bytes("# coding: latin-1\r\n# é".encode("latin-1") + b"\n" + edited.read_bytes())
    edited.chmod(0o640)
    before = tree(chain)
    assert tasks("remove-asset", "--name", "bronze_order", "--yes") == 0
    assert tasks("remove-asset", "--undo") == 0
    assert tree(chain) == before
    assert edited.stat().st_mode & 0o777 == 0o640


def test_undo_goes_back_removal_by_removal_and_then_says_there_is_none(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(chain)
    for name in ("gold_metrics", "silver_clean", "bronze_sales"):
        assert tasks("remove-asset", "--name", name, "--yes") == 0
    for _ in range(3):
        assert tasks("remove-asset", "--undo") == 0
    assert tree(chain) == before
    assert tasks("remove-asset", "--undo") == 1
    assert "no removal to undo" in capsys.readouterr().err


def test_a_copy_of_an_undo_folder_is_left_alone(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks("remove-asset", "--name", "bronze_order", "--yes")
    shutil.copytree(chain / ".polster/undo/000001", chain / ".polster/undo/000001 (copy)")
    tasks("remove-asset", "--name", "gold_metrics", "--yes")
    capsys.readouterr()
    for key in ("gold_metrics", "bronze_order"):
        assert tasks("remove-asset", "--undo") == 0
        said = capsys.readouterr()
        assert said.out.startswith(f"Restored {key}:") and said.err == ""
    assert tasks("remove-asset", "--undo") == 1


def test_undo_refuses_what_stands_in_the_way_and_loses_neither(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    old = asset(chain, "bronze", "order").read_bytes()
    tasks("remove-asset", "--name", "bronze_order", "--yes")
    new = chain / "tests" / "bronze" / "test_bronze_order.py"
    new.write_text("NEW = 1\n", encoding="utf-8")

    for force in ([], ["--force"]):
        assert tasks("remove-asset", "--undo", *force) == 1
        assert "test_bronze_order.py" in capsys.readouterr().err
        assert new.read_text(encoding="utf-8") == "NEW = 1\n"
        assert not asset(chain, "bronze", "order").exists()

    new.unlink()
    assert tasks("remove-asset", "--undo") == 0
    assert asset(chain, "bronze", "order").read_bytes() == old


def test_undo_refuses_a_key_that_is_defined_elsewhere_or_misses_its_upstream(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks("remove-asset", "--name", "silver_clean,gold_metrics", "--yes")
    orders = asset(chain, "bronze", "orders")
    orders.rename(chain / "kept.py")
    assert tasks("remove-asset", "--undo") == 1
    assert "their dependency bronze_orders is gone" in capsys.readouterr().err
    (chain / "kept.py").rename(orders)

    taken = asset(chain, "silver", "other")
    taken.write_text("import dagster as dg\n\n\n@dg.asset\ndef silver_clean(bronze_sales): ...\n")
    assert tasks("remove-asset", "--undo") == 1
    assert "other.py" in capsys.readouterr().err
    taken.unlink()
    assert tasks("remove-asset", "--undo") == 0
    assert errors(chain) == []


def test_undo_names_the_dependency_of_one_asset(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks("remove-asset", "--name", "gold_metrics", "--yes")
    asset(chain, "silver", "clean").unlink()
    assert tasks("remove-asset", "--undo") == 1
    assert ": its dependency silver_clean is gone. " in capsys.readouterr().err


def test_undo_puts_back_an_asset_that_depends_on_a_source(chain: Path, tasks: Tasks) -> None:
    (chain / "src/my_pipeline/defs/sources.py").write_text(
        'import dagster as dg\n\nshop = dg.AssetSpec("shop")\n', encoding="utf-8"
    )
    file = asset(chain, "bronze", "order")
    text = file.read_text(encoding="utf-8").replace("@dg.asset(", '@dg.asset(deps=["shop"], ')
    assert "shop" in text
    file.write_text(text, encoding="utf-8")
    assert tasks("remove-asset", "--name", "bronze_order", "--yes") == 0
    assert tasks("remove-asset", "--undo") == 0
    assert file.read_text(encoding="utf-8") == text


def test_a_forced_undo_of_an_empty_store_says_so(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks("remove-asset", "--name", "bronze_order", "--yes")
    for file in (chain / ".polster/undo").rglob("*.py"):
        file.unlink()
    assert tasks("remove-asset", "--undo", "--force") == 1
    assert "bronze_order cannot be put back: .polster/undo/000001 is empty" in (
        capsys.readouterr().err
    )


def test_a_module_of_several_assets_goes_whole_or_not_at_all(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    both = asset(chain, "bronze", "both")
    both.write_text(
        "import dagster as dg\n\n\n"
        "@dg.multi_asset(specs=[dg.AssetSpec('bronze_x'), dg.AssetSpec('bronze_y')])\n"
        "def both(): ...\n",
        encoding="utf-8",
    )
    assert tasks("remove-asset", "--name", "bronze_x", "--yes") == 1
    assert "both.py defines bronze_y too" in capsys.readouterr().err
    assert both.exists()
    assert tasks("remove-asset", "--name", "bronze_x,bronze_y", "--yes") == 0
    assert not both.exists()


@pytest.mark.parametrize(
    "user",
    [
        "import dagster as dg\njob = dg.define_asset_job('j', selection=['bronze_order'])\n",
        "import dagster as dg\njob = dg.define_asset_job('j', selection='+bronze_order')\n",
        "from my_pipeline.defs.bronze.order import bronze_order\n",
        "from .bronze import order\n",
        "import my_pipeline.defs.bronze.order as o\n",
        "import dagster as dg\n\n\n@dg.asset_check(asset='bronze_order')\ndef fine(): ...\n",
    ],
)
def test_jobs_checks_and_imports_that_need_it_block_too(
    user: str, chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    (chain / "src/my_pipeline/defs/jobs.py").write_text(user, encoding="utf-8")
    assert tasks("remove-asset", "--name", "bronze_order", "--yes") == 1
    assert "src/my_pipeline/defs/jobs.py:" in capsys.readouterr().err


def test_a_comment_or_a_longer_name_does_not_block(chain: Path, tasks: Tasks) -> None:
    (chain / "src/my_pipeline/defs/jobs.py").write_text(
        '"""Once there was bronze_order here."""\n# bronze_order\nA = "bronze_order_lines"\n',
        encoding="utf-8",
    )
    assert tasks("remove-asset", "--name", "bronze_order", "--yes") == 0


def test_after_a_removal_the_same_name_can_be_added_again(chain: Path, tasks: Tasks) -> None:
    tasks("remove-asset", "--name", "bronze_order", "--yes")
    assert tasks("add-asset", "--layer", "bronze", "--name", "order") == 0
    assert tasks("remove-asset", "--undo") == 1


@pytest.mark.slow
def test_the_project_loads_in_dagster_after_each_step(
    chain: Path, tasks: Tasks, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    def keys() -> str:
        script = (
            "import dagster as dg\nfrom my_pipeline.definitions import defs\n"
            "d = defs if isinstance(defs, dg.Definitions) else defs()\n"
            "g = d.resolve_asset_graph()\n"
            "print(sorted(k.to_user_string() for k in g.get_all_asset_keys()))\n"
        )
        return run(chain, "-W", "ignore", "-c", script).stdout

    tasks("remove-asset", "--name", "bronze_order", "--yes")
    without = keys()
    assert "bronze_orders'" in without and "bronze_order'" not in without
    tasks("remove-asset", "--undo")
    assert "bronze_order'" in keys()


@pytest.mark.parametrize(
    ("variables", "dotenv", "place"),
    [
        ({}, "", "data/bronze/bronze_order.parquet"),
        (
            {"POLSTER_STORAGE_URL": "s3://lake/shop/"},
            "",
            "s3://lake/shop/bronze/bronze_order.parquet",
        ),
        (
            {"POLSTER_STORAGE_URL": ""},
            "POLSTER_STORAGE_URL=x\n",
            "data/bronze/bronze_order.parquet",
        ),
        ({}, "# A\nPOLSTER_STORAGE_URL=warm\n", "warm/bronze/bronze_order.parquet"),
        ({}, "export POLSTER_STORAGE_URL='a b' # why\n", "a b/bronze/bronze_order.parquet"),
        ({}, "# POLSTER_STORAGE_URL=warm\n", "data/bronze/bronze_order.parquet"),
        ({"POLSTER_STORAGE_URL": "cold"}, "POLSTER_STORAGE_URL=warm\n", "cold/bronze/bronze_order"),
        ({"POLSTER_BRONZE_FORMAT": "delta"}, "", "data/bronze/bronze_order.delta"),
    ],
)
def test_what_stays_is_named_where_the_settings_keep_it(
    variables: dict[str, str],
    dotenv: str,
    place: str,
    chain: Path,
    tasks: Tasks,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("POLSTER_STORAGE_URL", "POLSTER_BRONZE_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (chain / ".env").write_text(dotenv, encoding="utf-8")
    capsys.readouterr()
    assert tasks("remove-asset", "--name", "bronze_order", "--dry-run") == 0
    assert f"if any: {place}" in capsys.readouterr().err


def test_a_key_of_several_parts_is_named_as_the_io_manager_keeps_it(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "import dagster as dg\n\n\n@dg.asset(key=['shop', 'bronze_x'])\ndef bronze_x(): ...\n"
    asset(chain, "bronze", "x").write_text(text, encoding="utf-8")
    capsys.readouterr()
    assert tasks("remove-asset", "--name", "shop/bronze_x", "--dry-run") == 0
    assert "data/bronze/shop-bronze_x.parquet" in capsys.readouterr().err


def test_an_asset_outside_of_the_layers_folders_is_removed_by_hand(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    other = chain / "src/my_pipeline/other.py"
    other.write_text("import dagster as dg\n\n\n@dg.asset\ndef bronze_other(): ...\n", "utf-8")
    assert tasks("remove-asset", "--name", "bronze_other", "--yes") == 1
    assert "src/my_pipeline/other.py is not in src/my_pipeline/defs" in capsys.readouterr().err
    assert other.exists()


def test_names_of_files_command_no_terminal(
    chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = asset(chain, "silver", "a\x1b[2J")
    hostile.write_text("import my_pipeline.defs.bronze.order\n", encoding="utf-8")
    assert tasks("remove-asset", "--name", "bronze_order", "--yes") == 1
    said = capsys.readouterr().err
    assert "imports from" in said and "\x1b" not in said


@pytest.mark.parametrize("more", [["--name", "bronze_order"], ["--name="], ["--layer", "bronze"]])
def test_an_undo_is_of_the_whole_removal(
    more: list[str], chain: Path, tasks: Tasks, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks("remove-asset", "--name", "bronze_order", "--yes")
    assert tasks("remove-asset", "--undo", *more) == 2
    assert "give no --name or --layer" in capsys.readouterr().err
