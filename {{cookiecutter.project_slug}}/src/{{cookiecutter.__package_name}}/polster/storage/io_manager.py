"""The I/O manager: what an asset returns is written to a file, what it asks for is scanned."""

import re
from collections.abc import Mapping
from importlib.util import find_spec

import dagster as dg
import polars as pl
from pydantic import Field

from ..failures import permanent_failure
from .description import describe
from .errors import StorageError
from .inputs import existing_file, existing_partitions, requested_form
from .store import Store, WrittenFile
from .variables import FORMAT_VARIABLE, OPTIONS_VARIABLE, URL_VARIABLE

Frame = pl.LazyFrame | pl.DataFrame

_LAYER = re.compile(r"(bronze|silver|gold)_")
_ENCODING_HINT = ' If a file has another encoding, name it: scan_csv(..., encoding="latin-1").'


class PolarsIOManager(dg.ConfigurableIOManager):
    """Keep each asset as one Parquet file, or as one file a partition, in its layer's folder.

    Bronze can be kept as Delta tables instead (`delta.py`).

    An asset may return a LazyFrame, which is streamed and never in memory as a whole, or a
    DataFrame. The annotation of a parameter decides what the asset gets: `pl.LazyFrame`, or no
    annotation, gives a lazy scan; `pl.DataFrame` a frame in memory. Many partitions of an upstream
    asset arrive as one frame, or one frame for each partition key where the annotation is
    `dict[str, pl.LazyFrame]`.
    """

    storage_url: str = Field("data", description="A folder, or an s3://, gs://, az:// URL.")
    storage_options: str = Field("", repr=False, description="Polars' storage_options as JSON.")
    bronze_format: str = Field("parquet", description="parquet, or delta to keep every version.")
    preview_rows: int = Field(20, ge=0, description="Rows that Dagster's UI shows; 0 hides them.")

    @classmethod
    def from_environment(cls) -> "PolarsIOManager":
        """Return the I/O manager that the POLSTER_STORAGE_… variables describe (.env.example).

        Dagster shows the variables' names, never their values.

        Raises:
            StorageError: a setting cannot work; the sentence names the variable.
        """
        variables = {
            "storage_url": dg.EnvVar(URL_VARIABLE),
            "storage_options": dg.EnvVar(OPTIONS_VARIABLE),
            "bronze_format": dg.EnvVar(FORMAT_VARIABLE),
        }
        Store.parse(
            variables["storage_url"].get_value("data"),
            variables["storage_options"].get_value(""),
        )
        bronze_format = variables["bronze_format"].get_value("parquet")
        if bronze_format not in ("parquet", "delta"):
            raise StorageError(f"{FORMAT_VARIABLE} is neither parquet nor delta.")
        if bronze_format == "delta" and find_spec("deltalake") is None:
            raise StorageError(
                f'{FORMAT_VARIABLE} is delta, which needs a package: pip install -e ".[delta]"'
            )
        is_set = {name: var for name, var in variables.items() if var.get_value() is not None}
        return cls(**is_set)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Check the store, so that a wrong setting stops a run at its start."""
        self.store.check()

    @property
    def store(self) -> Store:
        """The place that the settings name."""
        return Store.parse(self.storage_url, self.storage_options)

    def keeps_history(self, key: dg.AssetKey) -> bool:
        """Whether an asset is a Delta table, with all its versions."""
        return self.bronze_format == "delta" and _layer_folder(key) == ["bronze"]

    def store_of(self, key: dg.AssetKey, append: bool = False) -> Store:
        """Return the store of one asset: Delta tables for bronze where that is the setting."""
        if not self.keeps_history(key):
            return self.store
        from .delta import DeltaStore

        return DeltaStore(self.store.root, self.store.options, append)

    def uri(self, key: dg.AssetKey, *partition: str) -> str:
        """Return data/silver/silver_sales.parquet, or …/silver_sales/2026-01-31.parquet."""
        return self.store_of(key).uri(*_layer_folder(key), "-".join(key.path), *partition)

    def quarantine_uri(self, key: dg.AssetKey, *partition: str) -> str:
        """Return the file of the rows that break the asset's contract, under data/quarantine."""
        return self.store.uri("quarantine", "-".join(key.path), *partition)

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Write what the asset returned, and record its rows, size, columns and a preview."""
        if not context.has_asset_key:
            if obj is None:
                return
            raise permanent_failure(
                f"The op {context.op_def.name} returned data, but only assets are stored. "
                "Give its output an I/O manager of its own, such as dg.fs_io_manager."
            )
        partitions = context.asset_partition_keys if context.has_asset_partitions else []
        if len(partitions) > 1:
            frames = _frame_of_each(context.asset_key, partitions, obj)
            written = [self._write(context, frames[part], part) for part in partitions]
            rows_name = "rows_written"
        else:
            written = [self._write(context, obj, *partitions)]
            rows_name = "dagster/partition_row_count" if partitions else "dagster/row_count"
        stored = self.store_of(context.asset_key).scan(written[-1].uri)
        context.add_output_metadata(
            {
                rows_name: sum(file.rows for file in written),
                "size_bytes": sum(file.size_bytes for file in written),
                "path": written[-1].uri,
                **describe(stored, self.preview_rows),
            }
        )

    def load_input(self, context: dg.InputContext) -> Frame | dict[str, Frame]:
        """Return an upstream asset in the form that the parameter's annotation asks for."""
        form = requested_form(context)
        key, store = context.asset_key, self.store_of(context.asset_key)
        if context.has_asset_partitions:
            uris = {part: self.uri(key, part) for part in context.asset_partition_keys}
            files = existing_partitions(context, uris, store.exists)
        else:
            files = existing_file(context, self.uri(key), store.exists)

        def read(uris: str | list[str]) -> Frame:
            frame = store.scan(uris)
            return frame.collect() if form.eager else frame

        if form.by_partition:
            return {partition: read(uri) for partition, uri in files.items()}
        if not files:
            raise permanent_failure(f"{key.to_user_string()} has nothing to read here yet.")
        return read(list(files.values()))

    def _write(self, context: dg.OutputContext, obj: object, *partition: str) -> WrittenFile:
        """Write one frame; a failure is one sentence that begins with the asset's name."""
        name = context.asset_key.to_user_string()
        if not isinstance(obj, Frame):
            returned = "nothing (None)" if obj is None else f"a value of type {type(obj).__name__}"
            raise permanent_failure(
                f"{name}: the asset returned {returned}. Return a pl.LazyFrame or a pl.DataFrame."
            )
        append = (context.definition_metadata or {}).get("append", False)
        try:
            store = self.store_of(context.asset_key, append)
            return store.write(obj.lazy(), self.uri(context.asset_key, *partition))
        except pl.exceptions.PolarsError as error:
            message = " ".join(str(error).split())[:500]
            hint = _ENCODING_HINT if "utf-8" in message else ""
            raise dg.Failure(
                f"{name}: the data was not written. {type(error).__name__}: {message}.{hint}",
                allow_retries=not self.store.is_local,  # on a disk a retry would fail as well
            ) from error
        except StorageError as error:
            raise dg.Failure(
                f"{name}: the data was not written. {error}", allow_retries=error.retry_may_help
            ) from error


def _frame_of_each(key: dg.AssetKey, partitions: list[str], obj: object) -> Mapping[str, object]:
    """Check that a run of many partitions at once returned one frame for each of them."""
    if not isinstance(obj, Mapping) or set(obj) != set(partitions):
        raise permanent_failure(
            f"{key.to_user_string()}: the asset ran for {len(partitions)} partitions at once, so "
            "it must return a dict that holds one frame for each partition key."
        )
    return obj


def _layer_folder(key: dg.AssetKey) -> list[str]:
    """Return the layer's folder by the asset's name, or nothing for a name without a layer."""
    match = _LAYER.match(key.path[-1])
    return [match[1]] if match else []
