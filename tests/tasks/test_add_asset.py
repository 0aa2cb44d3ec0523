"""What add-asset promises: names, dependencies, descriptions, files that run and lint clean."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from polster_tasks.__main__ import main
from polster_tasks.changing.adding import asset_name

Add = Callable[..., int]

LAYERS = ("bronze", "silver", "gold")
MULTILINE = (
    'Orders as the shop\'s "system" sends them.\n\n  - one row an order\n  - {braces} and $dollars'
)
DESCRIPTIONS = {
    "plain": "Clean and validate sales.",
    "quotes": 'He said "it\'s" \'\'\'fine\'\'\' and """done"""',
    "ends in a quote": 'the "shop"',
    "starts with a quote": '"shop" orders',
    "newlines": MULTILINE,
    "windows newlines": "one\r\ntwo\rthree",
    "indented rest": "first\n    indented\n    too",
    "first line empty": "\n\nlate start",
    "backslashes": "C:\\new\\table \\N{BULLET} \\",
    "braces and dollars": "${name} {{x}} %(y)s $function $$ {0!r}",
    "emoji": "Orders 🛒 👩‍👩‍👧 é ü 漢字",
    "spaces around": "  padded  ",
    "trailing spaces in a line": "one  \ntwo",
    "tab": "a\tb\n\tc",
    "control": "bell\a, escape\x1b[31m, nbsp\xa0, line separator\u2028, nul-ish \x01",
    "long": "word " * 60 + "end",
    "long without spaces": "x" * 300,
    "long emoji": "🛒" * 120,
    "long quotes": "\"'" * 90,
    "long backslashes": "\\" * 150,
    "around one line": "y" * 91,
    "only a space": " ",
    "noqa": "# noqa: E501 # fmt: off",
    "placeholder lines": "$docstring\n$description\n$upstream",
    "looks like a def": "def f(a, b):\n    pass " + "z" * 100,
    "import": "from a import b\n" + "from a import " + "c" * 90,
}


@pytest.fixture
def add(project: Path) -> Add:
    """Return a function that adds an asset in this process and returns the exit status."""

    def add_asset(layer: str, name: str, dependencies: str | None = None, *more: str) -> int:
        given = [] if dependencies is None else ["--dependencies", dependencies]
        arguments = ["--layer", layer, "--name", name, *given, *more]
        return main(["--project", str(project), "add-asset", *arguments])

    return add_asset


def asset(project: Path, layer: str, name: str) -> Path:
    return project / "src" / "my_pipeline" / "defs" / layer / f"{name}.py"


def tree(project: Path) -> dict[str, bytes]:
    """Every file of the project outside `.polster`, by path."""
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and not {".polster", "__pycache__"} & {*path.parts}
    }


def test_each_layer_gets_its_asset_and_test_and_bronze_a_sample(project: Path, add: Add) -> None:
    before = {*tree(project)}

    assert add("bronze", "sales") == 0
    assert add("silver", "clean", "sales") == 0
    assert add("gold", "metrics", "clean") == 0

    assert {*tree(project)} - before == {
        "data/landing/sales.csv",
        "src/my_pipeline/defs/bronze/sales.py",
        "src/my_pipeline/defs/silver/clean.py",
        "src/my_pipeline/defs/gold/metrics.py",
        "tests/bronze/test_bronze_sales.py",
        "tests/silver/test_silver_clean.py",
        "tests/gold/test_gold_metrics.py",
    }


def test_it_says_what_was_written_and_what_to_do_next(
    add: Add, capsys: pytest.CaptureFixture[str]
) -> None:
    add("bronze", "sales")
    out, err = capsys.readouterr()
    assert "src/my_pipeline/defs/bronze/sales.py" in out
    assert "python run_polster.py --asset bronze_sales" in err


def test_the_sample_says_that_it_is_one_and_never_replaces_a_file(
    project: Path, add: Add, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = project / "data" / "landing" / "theirs.csv"
    theirs.write_text("id\n9\n", encoding="utf-8")

    add("bronze", "sales")
    add("bronze", "theirs")

    sample = (project / "data" / "landing" / "sales.csv").read_text(encoding="utf-8")
    assert sample.count("sample row") == 3
    assert theirs.read_text(encoding="utf-8") == "id\n9\n"
    assert "data/landing/theirs.csv was there already" in capsys.readouterr().err


def test_a_dry_run_writes_nothing_at_all(
    project: Path, add: Add, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(project)
    assert add("bronze", "sales", None, "--dry-run") == 0
    assert tree(project) == before
    assert not (project / ".polster").exists()
    assert "src/my_pipeline/defs/bronze/sales.py" in capsys.readouterr().out


@pytest.mark.parametrize("typed", ["orders", "bronze_orders"])
def test_the_layers_own_prefix_is_dropped(typed: str) -> None:
    assert asset_name("bronze", typed) == "orders"


BAD_NAMES = [
    *("Orders", "1orders", "_x", "", "bronze_", "a-b", "a b", "orders\n", "café", "\uff21", "a.b"),
    *(
        "../a",
        "a/b",
        "silver_orders",
        "gold_x",
        "bronze_bronze_x",
        "class",
        "import",
    ),
    "a" * 61,
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_is_exit_2_one_sentence_and_no_file(
    name: str, project: Path, add: Add, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(project)
    assert add("bronze", name) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert tree(project) == before


def test_an_asset_that_exists_is_left_alone(project: Path, add: Add) -> None:
    add("bronze", "sales")
    before = tree(project)
    assert add("bronze", "sales") == 1
    assert tree(project) == before


def test_a_package_folder_of_the_name_is_in_the_way(project: Path, add: Add) -> None:
    asset(project, "bronze", "sales").with_suffix("").mkdir()
    assert add("bronze", "sales") == 1


def test_dependencies_take_the_prefix_or_not_and_count_once(project: Path, add: Add) -> None:
    add("bronze", "a")
    add("bronze", "b")
    assert add("silver", "ab", " a, bronze_a,b ,, bronze_b") == 0
    source = asset(project, "silver", "ab").read_text(encoding="utf-8")
    assert "def silver_ab(bronze_a: pl.LazyFrame, bronze_b: pl.LazyFrame)" in source


def test_a_dependency_may_live_in_a_differently_named_file(project: Path, add: Add) -> None:
    add("bronze", "a")
    asset(project, "bronze", "a").rename(asset(project, "bronze", "elsewhere"))
    assert add("silver", "x", "a") == 0


@pytest.mark.parametrize(
    ("layer", "dependencies", "said"),
    [
        ("silver", "salse", "There is no bronze asset"),
        ("silver", "clean", "silver may depend only on bronze"),
        ("silver", "silver_clean", "silver may depend only on bronze"),
        ("gold", "sales", "gold may depend only on silver"),
        ("gold", "bronze_sales", "gold may depend only on silver"),
        ("bronze", "sales", "bronze may depend on nothing but external sources"),
        ("bronze", "nothing_such", "bronze may depend on nothing but external sources"),
        ("silver", "../../etc/passwd", "There is no bronze asset"),
        ("silver", "sales\n", None),
    ],
)
def test_only_the_layer_below_is_accepted_and_the_reason_is_said(
    layer: str,
    dependencies: str,
    said: str | None,
    project: Path,
    add: Add,
    capsys: pytest.CaptureFixture[str],
) -> None:
    add("bronze", "sales")
    add("bronze", "shops")
    add("silver", "clean", "sales")
    before = tree(project)
    status = add(layer, "new", dependencies)
    if said is None:
        assert status == 0  # white space around a name is no part of it
    else:
        assert status == 1
        assert said in capsys.readouterr().err
        assert tree(project) == before


def test_a_dependency_before_anything_exists_says_how_to_begin(
    add: Add, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add("silver", "x", "sales") == 1
    assert "add-asset --layer bronze --name" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--layer", "bronze"],
        ["--name", "x"],
        ["--layer", "silver", "--name", "x"],
        ["--layer", "gold", "--name", "x", "--dependencies", " , "],
        ["--layer", "bronze", "--name", "x", "--template", "nothing"],
        ["--layer", "platinum", "--name", "x"],
    ],
)
def test_off_a_terminal_what_is_missing_is_exit_2_at_once(
    arguments: list[str],
    project: Path,
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run(project, "-m", "polster_tasks", "add-asset", *arguments, check=False)
    assert done.returncode == 2
    assert done.stderr and "Traceback" not in done.stderr
    assert not done.stdout


def test_a_folder_that_is_no_project_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--project", str(tmp_path), "add-asset", "--layer", "bronze", "--name", "x"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not [*tmp_path.iterdir()]


def test_a_description_that_is_not_text_is_refused(
    project: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    arguments = ["add-asset", "--layer", "bronze", "--name", "x", "--description", "\udcff"]
    done = run(project, "-m", "polster_tasks", *arguments, check=False)
    assert done.returncode == 2
    assert "not text" in done.stderr


def test_help_version_and_template_list(
    project: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    team = project / "asset_templates" / "silver"
    team.mkdir(parents=True)
    (team / "history.py").write_text('"""Keep every version of a row."""\n', encoding="utf-8")

    shown = run(project, "-m", "polster_tasks", "add-asset", "--template", "list").stdout
    assert "history         Keep every version of a row." in shown
    assert "default         One row for each upstream" in shown
    assert "--template" in run(project, "-m", "polster_tasks", "add-asset", "--help").stdout
    assert "validate" in run(project, "-m", "polster_tasks", "--help").stdout
    assert run(project, "-m", "polster_tasks", "--version").stdout.startswith("polster 0.")


def test_a_teams_template_is_found_filled_in_and_tested(project: Path, add: Add) -> None:
    team = project / "asset_templates" / "silver"
    team.mkdir(parents=True)
    (team / "latest.py").write_text(
        '"""Keep the latest."""\nimport dagster as dg\n\n\n@dg.asset(\n    $description\n)\n'
        "def $function($input):\n    $docstring\n    return $input.tail(1)\n",
        encoding="utf-8",
    )
    (team / "latest.test.py").write_text('"""T."""\nNAME = "$layer $name"\n', encoding="utf-8")
    add("bronze", "a")
    add("bronze", "b")

    assert add("silver", "x", "a", "--template", "latest", "--description", "Hi") == 0
    assert add("silver", "y", "a,b", "--template", "latest") == 1

    assert asset(project, "silver", "x").read_text(encoding="utf-8") == (
        'import dagster as dg\n\n\n@dg.asset\ndef silver_x(bronze_a):\n    """Hi"""\n'
        "    return bronze_a.tail(1)\n"
    )
    test = project / "tests" / "silver" / "test_silver_x.py"
    assert test.read_text(encoding="utf-8") == 'NAME = "silver x"\n'


def test_a_template_with_an_unknown_placeholder_is_one_sentence(
    project: Path, add: Add, capsys: pytest.CaptureFixture[str]
) -> None:
    team = project / "asset_templates" / "bronze"
    team.mkdir(parents=True)
    (team / "odd.py").write_text('"""Odd."""\n$nothing\n', encoding="utf-8")
    assert add("bronze", "x", None, "--template", "odd") == 1
    assert "$nothing" in (err := capsys.readouterr().err) or "'nothing'" in err


@pytest.mark.parametrize("name", ["odd", "list"])
def test_a_template_that_is_not_utf_8_is_one_sentence(
    name: str, project: Path, add: Add, capsys: pytest.CaptureFixture[str]
) -> None:
    team = project / "asset_templates" / "bronze"
    team.mkdir(parents=True)
    (team / "odd.py").write_bytes('"""Größe."""\n'.encode("latin-1"))
    assert add("bronze", "x", None, "--template", name) == 1
    assert "odd.py is not UTF-8 text. Save it as UTF-8" in capsys.readouterr().err


def test_long_names_and_many_dependencies_pass_the_projects_linters(
    project: Path, add: Add, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    for number in range(7):
        add("bronze", f"b{number}")
    for length in (1, 9, 10, 11, 19, 20, 21, 22, 23, 24, 25, 26, 38, 39, 40, 41, 42, 50, 59, 60):
        name = "n" * (length - 1)
        add("bronze", f"n{name}")
        for count in (1, 2, 3, 7):
            others = [f"n{name}", *(f"b{number}" for number in range(count - 1))]
            add("silver", f"{'abcdefg'[count - 1]}{name}", ",".join(others))
            silver = [f"{letter}{name}" for letter in "abcg"]
            add("gold", f"{'abcdefg'[count - 1]}{name}", ",".join(silver[: min(count, 2)]))

        for template in ("contract", "deduplicate"):
            more = ("--template", template, "--description", "Say what it holds.")
            assert add("silver", f"{template[-1]}{name}", f"n{name}", *more) == 0

    generated = ["src/my_pipeline/defs", "tests/bronze", "tests/silver", "tests/gold"]
    assert len([*project.glob("src/my_pipeline/defs/*/*.py")]) > 180
    run(project, "-m", "ruff", "check", *generated)
    run(project, "-m", "ruff", "format", "--check", *generated)


@pytest.mark.slow
def test_descriptions_arrive_in_dagster_unchanged_and_everything_runs_green_unedited(
    project: Path, add: Add, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    expected = {}
    for number, text in enumerate(DESCRIPTIONS.values()):
        layer, upstream = ("silver", "d0") if number % 2 else ("bronze", None)
        assert add(layer, f"d{number}", upstream, "--description", text) == 0
        expected[f"{layer}_d{number}"] = text
    page = (Path(__file__).resolve().parents[2] / "docs" / "scaffolding.md").read_text("utf-8")
    team = project / "asset_templates" / "silver"
    team.mkdir(parents=True)
    (team / "latest.py").write_text(page.split("```python\n")[1].split("```")[0], "utf-8")
    assert add("silver", "from_the_docs", "d0", "--template", "latest") == 0
    add("silver", "several", "d0,d2,d4")
    add("gold", "one", "several")
    add("gold", "three", "several,d1,d3")
    before = {*tree(project)}

    generated = ["src/my_pipeline/defs", "tests/bronze", "tests/silver", "tests/gold"]
    run(project, "-m", "ruff", "check", "--force-exclude", *generated, "asset_templates")
    run(
        project, "-m", "ruff", "format", "--check", "--force-exclude", *generated, "asset_templates"
    )
    run(project, "-m", "pytest", "-q", "tests/bronze", "tests/silver", "tests/gold")
    script = (
        "import json, dagster as dg\n"
        "from my_pipeline.definitions import defs\n"
        "d = defs if isinstance(defs, dg.Definitions) else defs()\n"
        "g = d.resolve_asset_graph()\n"
        "keys = g.get_all_asset_keys()\n"
        "print(json.dumps({k.to_user_string(): g.get(k).description for k in keys}))\n"
        "job = d.resolve_implicit_global_asset_job_def()\n"
        "assert job.execute_in_process().success\n"
    )
    done = run(project, "-W", "ignore", "-c", script)
    arrived = json.loads(done.stdout.splitlines()[0])
    wrong = {key: (text, arrived[key]) for key, text in expected.items() if arrived[key] != text}
    assert not wrong
    script = "import polars as pl; print(pl.read_parquet('data/gold/gold_three.parquet').rows())"
    counts = [("silver_several", 9), ("silver_d1", 3), ("silver_d3", 3)]
    assert run(project, "-c", script).stdout.strip() == str(counts)
    assert {*tree(project)} > before


def test_output_survives_a_closed_pipe_and_an_old_console(project: Path) -> None:
    command = [sys.executable, "-m", "polster_tasks", "add-asset", "--template", "list"]
    env = os.environ | {"PYTHONPATH": str(project), "PYTHONIOENCODING": "ascii"}
    with subprocess.Popen(
        command, cwd=project, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        child.stdout.close()
        assert b"Traceback" not in child.stderr.read()
    show = [*command[:4], "--layer", "bronze", "--name", "x", "--description", "🛒", "--verbose"]
    done = subprocess.run(show, cwd=project, env=env, capture_output=True, text=True)
    assert done.returncode == 0
    assert "\\U0001f6d2" in done.stdout


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("def broken(", "does not produce valid Python: "),
        ("import os\n", "does not define silver_odd: let it define $$function."),
        ("def silver_fixed(bronze_raw): ...\n", "does not define silver_odd"),
    ],
)
def test_a_template_that_makes_no_asset_writes_nothing(project, run, text, sentence):
    add = ("-m", "polster_tasks", "add-asset", "--layer")
    run(project, *add, "bronze", "--name", "raw")
    folder = project / "asset_templates/silver"
    folder.mkdir(parents=True)
    (folder / "bad.py").write_text(text, encoding="utf-8")
    before = sorted(project.rglob("*.py"))

    words = ("silver", "--name", "odd", "--dependencies", "raw", "--template", "bad")
    done = run(project, *add, *words, check=False)

    assert done.returncode == 1
    assert sentence.replace("$$", "$") in done.stderr
    assert sorted(project.rglob("*.py")) == before


def test_a_dollar_sign_without_a_name_is_explained(
    project: Path, add: Add, capsys: pytest.CaptureFixture[str]
) -> None:
    team = project / "asset_templates" / "bronze"
    team.mkdir(parents=True)
    (team / "price.py").write_text("def $function():\n    return '5 $'\n", encoding="utf-8")
    assert add("bronze", "x", None, "--template", "price") == 1
    assert "price.py has a $ without a name. Write $$" in capsys.readouterr().err
    (team / "price.py").write_text("def $function():\n    return '5 $$'\n", encoding="utf-8")
    assert add("bronze", "x", None, "--template", "price") == 0
    assert "5 $'" in asset(project, "bronze", "x").read_text(encoding="utf-8")


def test_what_is_no_file_is_no_template(project: Path, add: Add) -> None:
    team = project / "asset_templates" / "bronze"
    (team / "folder.py").mkdir(parents=True)
    os.mkfifo(team / "pipe.py")
    assert add("bronze", "x", None, "--template", "list") == 0
    assert add("bronze", "x", None, "--template", "pipe") == 2
