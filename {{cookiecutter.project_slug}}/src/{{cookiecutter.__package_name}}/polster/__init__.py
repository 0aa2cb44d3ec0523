"""What your files import from Polster: the names in this list, and nothing from the modules below.

    from your_package.polster import Contract, scan_csv

Each name is loaded when it is first used, so that an asset loads no more than it needs.
"""

import difflib
import sys
from importlib import import_module
from importlib.util import find_spec
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
    """Load a public name from the module that defines it.

    Raises:
        ImportError: an import statement asks for a name that is not in the list.
        AttributeError: other code asks for it.
    """
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    # Python reports every AttributeError of an import statement in its own words, without a hint.
    caller = sys._getframe(1).f_code.co_name
    if caller == "_handle_fromlist" and find_spec(f"{__name__}.{name}") is None:
        close = difflib.get_close_matches(name, _HOMES, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(_HOMES)}."
        raise ImportError(f"{__name__} has no {name!r}: {hint}", name=__name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, for completion in an editor or a notebook."""
    return sorted({*globals(), *_HOMES})
