"""The Dagster entry point: load everything under `defs/`, and enforce the layer rule."""

import dagster as dg

from {{ cookiecutter.__package_name }}.layers import LAYERS
from {{ cookiecutter.__package_name }}.polster import PROJECT_ROOT, enforce, require_project


@dg.definitions
def defs() -> dg.Definitions:
    require_project()
    return enforce(dg.load_from_defs_folder(path_within_project=PROJECT_ROOT), LAYERS)
