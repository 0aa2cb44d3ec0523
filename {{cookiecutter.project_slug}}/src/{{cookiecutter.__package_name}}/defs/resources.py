"""What the assets need besides each other: the place where data is kept."""

import dagster as dg

from {{ cookiecutter.__package_name }}.polster import PolarsIOManager


@dg.definitions
def resources() -> dg.Definitions:
    """Bind the default I/O manager; the environment decides where data lives (.env.example)."""
    return dg.Definitions(resources={"io_manager": PolarsIOManager.from_environment()})
