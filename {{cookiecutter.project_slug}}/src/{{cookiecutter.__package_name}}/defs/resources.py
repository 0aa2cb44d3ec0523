"""The resources of the assets: the I/O manager, which stores their data."""

import dagster as dg

from {{ cookiecutter.__package_name }}.polster import PolarsIOManager


@dg.definitions
def resources() -> dg.Definitions:
    """Use Polster's I/O manager; the environment decides where data is stored (.env.example)."""
    return dg.Definitions(resources={"io_manager": PolarsIOManager.from_environment()})
