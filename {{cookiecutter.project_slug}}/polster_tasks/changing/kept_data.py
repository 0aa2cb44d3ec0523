"""Say where the data of removed assets stays: the project's settings decide where it lies."""

import os
import re
from collections.abc import Sequence

from ..layers import LAYERS
from ..project import Project, leads_outside

_ENV = ".env"
_LAYER = re.compile(f"({'|'.join(LAYERS)})_")


def note_on_data(project: Project, keys: Sequence[str]) -> str:
    """Return the sentence that tells what a removal leaves, and where it is."""
    root = _setting(project, "POLSTER_STORAGE_URL", "data").rstrip("/")
    suffix = f".{_setting(project, 'POLSTER_BRONZE_FORMAT', 'parquet')}"
    places = [_place(root, key, suffix) for key in keys]
    note = f"Landing files stay, and materialized data, if any: {', '.join(places)}"
    if leads_outside(project.root, _ENV):
        note += f" ({_ENV} leads out of the project, so its settings were not read)"
    return note


def _place(root: str, key: str, bronze_suffix: str) -> str:
    """Return the file in which the I/O manager keeps an asset (`storage/io_manager.py`)."""
    match = _LAYER.match(key.rpartition("/")[2])
    layer = match[1] if match else ""
    suffix = bronze_suffix if layer == "bronze" else ".parquet"
    folder = f"{root}/{layer}" if layer else root
    return f"{folder}/{key.replace('/', '-')}{suffix}"


def _setting(project: Project, name: str, default: str) -> str:
    """Return a setting of the environment or, like the pipeline itself, of the file `.env`."""
    if name in os.environ:
        return os.environ[name] or default
    if leads_outside(project.root, _ENV):
        return default
    file = project.root / _ENV
    try:
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
    except (OSError, ValueError):
        return default
    lines = re.findall(rf"(?m)^\s*(?:export\s+)?{name}\s*=\s*(.*?)\s*$", text)
    if not lines:
        return default
    value = re.sub(r"\s+#.*", "", lines[-1]).strip("'\"")
    return value or default
