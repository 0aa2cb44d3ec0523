"""What your files import from Polster: the names in this list, and nothing from the modules below.

    from your_package.polster import Contract, scan_csv

Each name is loaded when it is first used, so that an asset loads no more than it needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for editors and type checkers; a test compares it with the table below
    from .alerts.channels import Channels as Channels
    from .failures import first_cause as first_cause
    from .medallion.defaults import SCHEDULED as SCHEDULED
    from .medallion.defaults import LayerDefaults as LayerDefaults
    from .medallion.enforcement import enforce as enforce
    from .project import PROJECT_ROOT as PROJECT_ROOT
    from .project import require_project as require_project
    from .quality.buckets import in_buckets as in_buckets
    from .quality.buckets import unique_by as unique_by
    from .quality.contract import Contract as Contract
    from .quality.references import reference_check as reference_check
    from .settings import automation_is_on as automation_is_on
    from .settings import bronze_cron as bronze_cron
    from .sources.files import LANDING as LANDING
    from .sources.files import scan_csv as scan_csv
    from .sources.files import scan_ndjson as scan_ndjson
    from .sources.files import scan_parquet as scan_parquet
    from .storage.history import as_of as as_of
    from .storage.io_manager import PolarsIOManager as PolarsIOManager

# Each public name, and the module that defines it.
_HOMES = {
    # raw files, in bronze
    "LANDING": "sources.files",
    "scan_csv": "sources.files",
    "scan_ndjson": "sources.files",
    "scan_parquet": "sources.files",
    # what rows must look like, and steps that need all rows of a key
    "Contract": "quality.contract",
    "reference_check": "quality.references",
    "in_buckets": "quality.buckets",
    "unique_by": "quality.buckets",
    # stored data
    "PolarsIOManager": "storage.io_manager",
    "as_of": "storage.history",
    # for definitions.py, layers.py, and the files beside the layers' folders
    "LayerDefaults": "medallion.defaults",
    "SCHEDULED": "medallion.defaults",
    "enforce": "medallion.enforcement",
    "PROJECT_ROOT": "project",
    "require_project": "project",
    "automation_is_on": "settings",
    "bronze_cron": "settings",
    "Channels": "alerts.channels",
    "first_cause": "failures",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    """Load a public name from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    """List the public names, for completion in an editor or a notebook."""
    return sorted({*globals(), *_HOMES})
