"""CPU seconds of the `polster` command, of what it wraps, and of an empty Python.

python benchmarks/polster_command.py [RUNS]
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PYTHON = sys.executable


def cpu_seconds(argv: list[str], folder: Path) -> float:
    """Return user and system seconds of one run of `argv` and its children."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(runs: int) -> None:
    """Print a table."""
    polster = [PYTHON, "-m", "polster"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(
            [*polster, "init", "shop", "--template", "ecommerce"],
            cwd=folder, env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        rows = {
            "an empty Python": ([PYTHON, "-c", "pass"], folder),
            "`polster --help`": ([*polster, "--help"], folder),
            "`polster --version`": ([*polster, "--version"], folder),
            "`polster validate` (6 assets)": ([*polster, "validate"], folder / "shop"),
            "`python -m polster_tasks validate`, the same without `polster`": (
                [PYTHON, "-m", "polster_tasks", "validate"],
                folder / "shop",
            ),
            "`polster init --dry-run`": ([*polster, "init", "x", "--dry-run"], folder),
            "`polster upgrade --dry-run`": ([*polster, "upgrade", "--dry-run"], folder / "shop"),
        }
        print("| command | CPU s |\n|---|---|")
        for label, (argv, where) in rows.items():
            cpu_seconds(argv, where)
            median = statistics.median(cpu_seconds(argv, where) for _ in range(runs))
            print(f"| {label} | {median:.3f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
