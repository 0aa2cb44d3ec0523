"""What add-asset, remove-asset and list-assets cost, from ten to ten thousand assets.

    python benchmarks/scaffold.py                 # Dagster is asked up to 1,000 assets (minutes)
    python benchmarks/scaffold.py --sizes 10 100 --no-dagster

Prints a table of CPU seconds (user and system, whole process, the median of several runs), beside
a process that only starts typer and writes one file, and Dagster's own check of the definitions.
Needs what the tests need, and typer: pip install -e ".[dev,bench]"
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[1]
TYPER_FLOOR = """\
from pathlib import Path
import typer

def add(layer: str = typer.Option(...), name: str = typer.Option(...)) -> None:
    Path("floor.txt").write_text(f"def {layer}_{name}(): ...")

typer.run(add)
"""
BRONZE = '''\
import dagster as dg
import polars as pl

from bench.polster import scan_csv


@dg.asset(
    retry_policy=dg.RetryPolicy(
        max_retries=3, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
    ),
    pool="bronze",
)
def bronze_a{n}() -> pl.LazyFrame:
    """Rows as received, {n}."""
    return scan_csv("a{n}.csv")
'''
HIGHER = '''\
import dagster as dg
import polars as pl


@dg.asset
def {layer}_a{n}({upstream}_a{n}: pl.LazyFrame) -> pl.LazyFrame:
    """Rows of {upstream}, cleaned, {n}."""
    return {upstream}_a{n}
'''


def make_project(folder: Path, assets: int) -> Path:
    """Bake a project and fill it with chains bronze -> silver -> gold."""
    context = {"project_name": "Bench", "ci": "none"}
    project = Path(
        cookiecutter(str(TEMPLATE), no_input=True, output_dir=str(folder), extra_context=context)
    )
    for number in range(assets):
        n, position = divmod(number, 3)
        layer, upstream = [("bronze", ""), ("silver", "bronze"), ("gold", "silver")][position]
        text = (BRONZE if layer == "bronze" else HIGHER).format(n=n, layer=layer, upstream=upstream)
        file = project / "src" / "bench" / "defs" / layer / f"a{n}.py"
        file.write_text(text, encoding="utf-8", newline="\n")
    return project


def cpu(project: Path, *argv: str) -> float:
    """Return the CPU seconds of one process and its children."""
    path = os.pathsep.join((str(project / "src"), str(project)))
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *argv],
        cwd=project,
        env=env | {"PYTHONPATH": path, "DAGSTER_HOME": str(project / ".dagster")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{argv} failed:\n{done.stdout}{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def median(project: Path, repeat: int, *argv: str) -> float:
    """Return the median of several runs; `{}` in an argument becomes the number of the run."""
    runs = (cpu(project, *(a.replace("{}", str(i)) for a in argv)) for i in range(repeat + 1))
    return statistics.median([*runs][1:])  # the first run compiles


def table(sizes: list[int], repeat: int, dagster: bool, limit: int) -> None:
    """Measure and print, one line a size."""
    heads = ("assets", "typer floor", "add-asset", "list-assets", "remove-asset", "undo", "dagster")
    print("| " + " | ".join(heads) + " |\n|" + "---:|" * len(heads))
    tasks = ("-m", "polster_tasks")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            project = make_project(Path(folder), size)
            (project / "floor.py").write_text(TYPER_FLOOR, encoding="utf-8")
            cells = [
                median(project, repeat, "floor.py", "--layer", "silver", "--name", "x"),
                median(
                    project, repeat, *tasks, "add-asset", "--layer", "silver", "--name", "new{}",
                    "--dependencies", "a0", "--description", "New rows",
                ),
                median(project, repeat, *tasks, "list-assets"),
                median(project, repeat, *tasks, "remove-asset", "--name", "silver_new{}", "--yes"),
                median(project, repeat, *tasks, "remove-asset", "--undo"),
            ]  # fmt: skip
            shown = [f"{cell:.3f}" for cell in cells]
            if dagster and size <= limit:
                check = ("-m", "dagster", "definitions", "validate", "-m", "bench.definitions")
                shown.append(f"{cpu(project, *check):.1f}")
            print(f"| {size:,} | " + " | ".join([*shown, "-"][:6]) + " |", flush=True)


def sessions(repeat: int) -> None:
    """Measure what a nox session adds to nox's own start."""
    add = ("--layer", "bronze", "--name", "new{}")
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder), 10)
        own = median(project, repeat, "-m", "nox", "--version")
        through = median(project, repeat, "-m", "nox", "-s", "add_asset", "--", *add)
    print(f"\nnox --version {own:.3f}, nox -s add_asset {through:.3f}: {through - own:.3f} more")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1000, 10000])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--no-dagster", action="store_true")
    parser.add_argument("--dagster-limit", type=int, default=1000)
    options = parser.parse_args()
    table(options.sizes, options.repeat, not options.no_dagster, options.dagster_limit)
    sessions(options.repeat)
