"""Measure `validate` beside its floor and its peers, whole processes, in one run.

    python benchmarks/validate.py                    100, 1,000 and 10,000 assets
    python benchmarks/validate.py --sizes 100 1000   fewer
    python benchmarks/validate.py --talkative        files with long docstrings, constants, helpers
    python benchmarks/validate.py --markdown         the table of docs/validate-speed.md

The floor is a process that only parses the same files with `ast.parse`. Peers that are not
installed are left out: pip install import-linter tach dagster dagster-dg-cli cookiecutter.
Every number is CPU seconds (user and system, children included) and the peak memory of the
largest process, the best of several runs.
"""

import argparse
import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "my_pipeline"
FLOOR = """
import ast, sys
from pathlib import Path
for file in sorted(Path(sys.argv[1]).rglob("*.py")):
    ast.parse(file.read_bytes())
"""
MEASURE = """
import resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
unit = 1 if sys.platform == "darwin" else 1024
print(used.ru_utime + used.ru_stime, used.ru_maxrss * unit, done.returncode)
"""
BRONZE = '''import dagster as dg
import polars as pl

from my_pipeline.polster import scan_csv


@dg.asset(
    retry_policy=dg.RetryPolicy(
        max_retries=3, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
    ),
    pool="bronze",
)
def bronze_t{n}() -> pl.LazyFrame:
    """Table {n}, as received."""
    return scan_csv("t{n}.csv")
'''
SILVER = '''import dagster as dg
import polars as pl

STATUSES = ["completed", "returned", "cancelled"]


@dg.asset
def silver_t{n}(bronze_t{a}: pl.LazyFrame, bronze_t{b}: pl.LazyFrame) -> pl.LazyFrame:
    """Table {n}, cleaned."""
    typed = bronze_t{a}.select(
        "id",
        name=pl.col("name").str.strip_chars(),
        amount=pl.col("amount").cast(pl.Decimal(10, 2), strict=False),
    )
    return typed.join(bronze_t{b}, on="id", how="left").filter(
        pl.col("amount") > 0, pl.col("status").is_in(STATUSES)
    )
'''
GOLD = '''import dagster as dg
import polars as pl


@dg.asset
def gold_t{n}(silver_t{a}: pl.LazyFrame, silver_t{b}: pl.LazyFrame) -> pl.LazyFrame:
    """Totals of table {n}."""
    return (
        silver_t{a}.join(silver_t{b}, on="id")
        .group_by("name")
        .agg(pl.col("amount").sum(), pl.len().alias("rows"))
        .sort("amount", descending=True)
    )
'''
TALK = '''"""Table {n}: what this asset holds, and what people ask about it.

The asset is rebuilt every night. Whoever changes it asks the owners of the assets below first,
and writes down here what was decided: an asset without a story is an asset that nobody trusts.
"""

from datetime import datetime, timedelta, timezone

COUNTRIES = ["AT", "BE", "CH", "DE", "ES", "FR", "IT", "NL", "PL", "PT"]
LIMITS = {{"amount": 10_000, "items": 100, "discount": 0.5}}
WINDOW = timedelta(days=30)
PATTERN = r"^[A-Z]{{2}}-[0-9]{{6}}$"


def since(days: int = 30, limits: dict = LIMITS) -> datetime:
    """Return the first moment that this asset looks at.

    Args:
        days: How many days back.
        limits: What an asset may hold.
    """
    if days > limits["items"]:
        raise ValueError(f"{{days}} days are more than an asset may hold.")
    return datetime.now(timezone.utc) - max(WINDOW, timedelta(days=days))


'''
LAYERS = {
    "bronze": (0.5, BRONZE, ""),
    "silver": (0.3, SILVER, "bronze"),
    "gold": (0.2, GOLD, "silver"),
}


def make_project(folder: Path, size: int, talkative: bool = False) -> Path:
    """Bake a project and fill it with `size` assets and their tests."""
    from cookiecutter.main import cookiecutter

    project = Path(
        cookiecutter(
            str(ROOT), no_input=True, output_dir=str(folder),
            extra_context={"project_name": "My Pipeline", "ci": "none"},
        )
    )  # fmt: skip
    counts = {layer: max(1, round(size * share)) for layer, (share, _, _) in LAYERS.items()}
    for layer, (_, text, upstream) in LAYERS.items():
        for n in range(counts[layer]):
            a, b = (
                (n * 3 % counts[upstream], (n * 7 + 1) % counts[upstream]) if upstream else (0, 0)
            )
            b = b if b != a else (a + 1) % counts.get(upstream, 1)
            asset = project / "src" / PACKAGE / "defs" / layer / f"t{n}.py"
            whole = TALK + text if talkative else text
            asset.write_text(whole.format(n=n, a=a, b=b), encoding="utf-8")
            test = project / "tests" / layer / f"test_{layer}_t{n}.py"
            test.parent.mkdir(parents=True, exist_ok=True)
            test.write_text("", encoding="utf-8")
    (project / ".importlinter").write_text(
        f"[importlinter]\nroot_package = {PACKAGE}\n[importlinter:contract:1]\nname = layers\n"
        f"type = layers\nlayers =\n    {PACKAGE}.defs.gold\n    {PACKAGE}.defs.silver\n"
        f"    {PACKAGE}.defs.bronze\n",
        encoding="utf-8",
    )
    (project / "tach.toml").write_text(
        'source_roots = ["src"]\n'
        + "".join(
            f'[[modules]]\npath = "{PACKAGE}.defs.{layer}"\ndepends_on = '
            + (f'["{PACKAGE}.defs.{up}", "{PACKAGE}"]\n' if up else f'["{PACKAGE}"]\n')
            for layer, (_, _, up) in LAYERS.items()
        )
        + f'[[modules]]\npath = "{PACKAGE}"\ndepends_on = []\n',
        encoding="utf-8",
    )
    compileall.compile_dir(project / "src", quiet=2)
    return project


def contenders(project: Path) -> dict[str, list[str]]:
    """Return the commands to compare, those that are installed."""
    python, tools = sys.executable, Path(sys.executable).parent
    commands = {
        "floor: ast.parse": [python, "-c", FLOOR, str(project / "src")],
        "validate": [python, "-m", "polster_tasks", "validate"],
        "import-linter": [str(tools / "lint-imports")],
        "tach": [str(tools / "tach"), "check"],
        "dagster definitions validate": [
            str(tools / "dagster"), "definitions", "validate", "-m", f"{PACKAGE}.definitions",
        ],
        "dg check defs": [str(tools / "dg"), "check", "defs"],
    }  # fmt: skip
    return {name: words for name, words in commands.items() if shutil.which(words[0])}


def measure(command: list[str], project: Path, runs: int) -> tuple[float, int, int]:
    """Return the CPU seconds, the peak memory in bytes and the exit status of the best run."""
    home = project / ".dagster"
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "PYTHONPATH": os.pathsep.join([str(project), str(project / "src")]),
        "DAGSTER_HOME": str(home),
    }
    results = []
    for _ in range(runs):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, *command],
            cwd=project, env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        seconds, memory, status = done.stdout.split()
        results.append((float(seconds), int(memory), int(status)))
    return min(results)


def table(rows: list[tuple], markdown: bool) -> str:
    """Return the rows as a table, columns aligned."""
    head = ("assets", "command", "CPU s", "x floor", "peak MB", "exit")
    texts = [head, *rows]
    widths = [max(len(str(row[column])) for row in texts) for column in range(len(head))]
    lines = []
    for index, row in enumerate(texts):
        cells = [
            str(cell).ljust(width) if column == 1 else str(cell).rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f"| {' | '.join(cells)} |" if markdown else "  ".join(cells))
        if index == 0 and markdown:
            rule = (
                ":" + "-" * (w - 1) if c == 1 else "-" * (w - 1) + ":" for c, w in enumerate(widths)
            )
            lines.append(f"| {' | '.join(rule)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--talkative", action="store_true", help="more text and code in each file")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--only", nargs="+", help="these commands, beside the floor")
    arguments = parser.parse_args()
    rows = []
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            project = make_project(Path(folder), size, arguments.talkative)
            floor = 0.0
            for name, command in contenders(project).items():
                if arguments.only and name not in arguments.only and not name.startswith("floor"):
                    continue
                print(f"{size} assets: {name} ...", file=sys.stderr, flush=True)
                slow = name.startswith(("dagster", "dg"))
                if not slow:
                    measure(command, project, 1)  # once, so that every byte-code cache is warm
                seconds, memory, status = measure(command, project, 1 if slow else 5)
                floor = floor or seconds
                rows.append(
                    (f"{size:,}", name, f"{seconds:.2f}", f"{seconds / floor:.2f}",
                     f"{memory / 1e6:.0f}", status)
                )  # fmt: skip
    print(table(rows, arguments.markdown))


if __name__ == "__main__":
    main()
