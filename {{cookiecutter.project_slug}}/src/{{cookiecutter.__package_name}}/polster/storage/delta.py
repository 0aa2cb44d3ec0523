"""Bronze with its history: Delta tables that keep every version (POLSTER_BRONZE_FORMAT=delta).

Needs the project's extra `delta`: `pip install -e ".[delta]"`.
"""

import random
import time
from dataclasses import dataclass

import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from .store import Store, WrittenFile

ATTEMPTS = 8


@dataclass(frozen=True)
class DeltaStore(Store):
    """A store whose files are Delta tables. Each write adds a version; readers see the newest.

    With `append` a write adds its rows to those of the previous version instead of replacing them.
    """

    append: bool = False

    suffix = ".delta"

    def scan(self, uris: str | list[str]) -> pl.LazyFrame:
        """Scan the newest version of one table, or of several as one frame."""
        tables = [uris] if isinstance(uris, str) else uris
        frames = [pl.scan_delta(uri, storage_options=self.storage_options) for uri in tables]
        return frames[0] if len(frames) == 1 else pl.concat(frames)

    def exists(self, uri: str) -> bool:
        """Whether this table has a version."""
        return DeltaTable.is_deltatable(uri, self.storage_options)

    def write(self, frame: pl.LazyFrame, uri: str) -> WrittenFile:
        """Stream a frame into a new version; try again if another writer committed first."""
        mode = "append" if self.append else "overwrite"
        schema_mode = "merge" if self.append else "overwrite"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                frame.sink_delta(
                    uri,
                    mode=mode,
                    storage_options=self.storage_options,
                    delta_write_options={"schema_mode": schema_mode},
                )
                break
            except CommitFailedError:
                if attempt == ATTEMPTS:
                    raise
                time.sleep(random.uniform(0, 0.1 * 2**attempt))
        files = DeltaTable(uri, storage_options=self.storage_options).get_add_actions(flatten=True)
        totals = pl.DataFrame(files).select(pl.col("num_records", "size_bytes").sum())
        rows, size_bytes = totals.row(0)
        return WrittenFile(uri, rows, size_bytes)
