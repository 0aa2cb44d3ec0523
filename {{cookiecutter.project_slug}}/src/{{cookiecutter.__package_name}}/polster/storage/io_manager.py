"""The I/O manager: every asset is Parquet, streamed in and streamed out by Polars.

What an asset returns is written; what it asks for is scanned. `store.py` knows where and how.
"""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any, get_args, get_origin

import dagster as dg
import polars as pl
from pydantic import Field

from .preview import markdown_table
from .store import (
    OPTIONS_VARIABLE,
    URL_VARIABLE,
    StorageError,
    Store,
    Written,
)

FORMAT_VARIABLE = "POLSTER_BRONZE_FORMAT"
PREVIEW_COLUMNS = 50

_LAYER = re.compile(r"(bronze|silver|gold)_")


class PolarsIOManager(dg.ConfigurableIOManager):
    """Keep each asset as one Parquet file, or as one file a partition, in its layer's folder.

    Bronze can be kept as Delta tables instead (`delta.py`).

    An asset may return a LazyFrame, which is streamed and never in memory whole, or a DataFrame.
    What it asks for is said by annotation: `pl.LazyFrame`, or none, gives a lazy scan;
    `pl.DataFrame` a frame in memory. Many partitions of an upstream asset arrive as one frame, or
    one by one under their partition keys where the annotation is `dict[str, pl.LazyFrame]`.
    """

    storage_url: str = Field("data", description="A folder, or an s3://, gs://, az:// URL.")
    storage_options: str = Field("", repr=False, description="Polars' storage_options as JSON.")
    bronze_format: str = Field("parquet", description="parquet, or delta to keep every version.")
    preview_rows: int = Field(20, ge=0, description="Rows that Dagster's UI shows; 0 hides them.")

    @classmethod
    def from_environment(cls) -> "PolarsIOManager":
        """Take the settings from POLSTER_STORAGE_URL and its kin; .env.example describes them.

        Dagster shows the variables' names, never their values.

        Raises:
            StorageError: the settings cannot work; the sentence names the variable.
        """
        url, options = dg.EnvVar(URL_VARIABLE), dg.EnvVar(OPTIONS_VARIABLE)
        bronze = dg.EnvVar(FORMAT_VARIABLE)
        Store.parse(url.get_value("data"), options.get_value(""))
        if bronze.get_value("parquet") not in ("parquet", "delta"):
            raise StorageError(f"{FORMAT_VARIABLE} is neither parquet nor delta.")
        if bronze.get_value() == "delta" and find_spec("deltalake") is None:
            raise StorageError(
                f'{FORMAT_VARIABLE} is delta, which needs a package: pip install -e ".[delta]"'
            )
        settings = {"storage_url": url, "storage_options": options, "bronze_format": bronze}
        return cls(**{name: var for name, var in settings.items() if var.get_value() is not None})

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Hear at the start of a run, not at its end, that the store cannot be used."""
        self.store.check()

    @property
    def store(self) -> Store:
        """The place that the settings name."""
        return Store.parse(self.storage_url, self.storage_options)

    def store_of(self, key: dg.AssetKey, append: bool = False) -> Store:
        """The place of one asset: Delta tables for bronze where that is the setting."""
        if self.bronze_format != "delta" or _layer(key) != ["bronze"]:
            return self.store
        from .delta import DeltaStore

        return DeltaStore(self.store.root, self.store.options, append)

    def uri(self, key: dg.AssetKey, *partition: str) -> str:
        """data/silver/silver_sales.parquet, or data/silver/silver_sales/2026-01-31.parquet."""
        return self.store_of(key).uri(*_layer(key), "-".join(key.path), *partition)

    def quarantine_uri(self, key: dg.AssetKey, *partition: str) -> str:
        """The file of the rows that broke the asset's contract, under data/quarantine."""
        return self.store.uri("quarantine", "-".join(key.path), *partition)

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Write what the asset returned, and tell Dagster what was written."""
        if not context.has_asset_key:
            if obj is None:
                return
            raise _failure(
                f"The op {context.op_def.name} returned data, but only assets are stored. "
                "Give its output an I/O manager of its own, such as dg.fs_io_manager."
            )
        partitions = context.asset_partition_keys if context.has_asset_partitions else []
        if len(partitions) > 1:
            frames = self._frame_each(context.asset_key, partitions, obj)
            written = [self._write(context, frame, part) for part, frame in frames.items()]
        else:
            written = [self._write(context, obj, *partitions)]
        names = {0: "dagster/row_count", 1: "dagster/partition_row_count"}
        rows = names.get(len(partitions), "rows_written")
        context.add_output_metadata(
            {
                rows: sum(file.rows for file in written),
                "size_bytes": sum(file.size_bytes for file in written),
                **self._describe(context.asset_key, written[-1].uri),
            }
        )

    def load_input(self, context: dg.InputContext) -> Any:
        """Give the asset its upstream, in the form that the annotation asks for."""
        wanted = context.dagster_type.typing_type
        one_by_one = get_origin(wanted) is dict
        form = get_args(wanted)[-1] if one_by_one else wanted
        if form not in (pl.LazyFrame, pl.DataFrame, Any):
            raise _failure(
                f"{context.asset_key.to_user_string()} is asked for as {form}. "
                "Annotate it with pl.LazyFrame, pl.DataFrame or dict[str, pl.LazyFrame]."
            )
        files = self._files(context)
        if not files and not one_by_one:
            raise _failure(f"{context.asset_key.to_user_string()} has nothing to read here yet.")

        def read(uris: str | list[str]) -> pl.LazyFrame | pl.DataFrame:
            frame = self.store_of(context.asset_key).scan(uris)
            return frame.collect() if form is pl.DataFrame else frame

        if one_by_one:
            return {part: read(uri) for part, uri in files.items()}
        return read(list(files.values()))

    def _files(self, context: dg.InputContext) -> dict[str, str]:
        """The files of the upstream by partition key; what is missing is an error, or left out."""
        key, name = context.asset_key, context.asset_key.to_user_string()
        exists = self.store_of(key).exists
        tolerated = (context.definition_metadata or {}).get("allow_missing_partitions")
        if not context.has_asset_partitions:
            uri = self.uri(key)
            if exists(uri):
                return {"": uri}
            if tolerated:
                return {}
            raise _failure(
                f"{name} has not been materialized yet: there is no {uri}. "
                f"Run it first: python run_polster.py --asset {name}"
            )
        uris = {part: self.uri(key, part) for part in context.asset_partition_keys}
        with ThreadPoolExecutor(16) as pool:  # an object store answers slowly, but many at once
            there = dict(zip(uris, pool.map(exists, uris.values()), strict=True))
        missing = [part for part in uris if not there[part]]
        found = {part: uri for part, uri in uris.items() if there[part]}
        told = f"{name} lacks {len(missing)} of the {len(uris)} partitions that are needed here"
        told += f": {', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}."
        if missing and not tolerated:
            raise _failure(
                f"{told} Materialize them first, or let this input do without: "
                'dg.AssetIn(metadata={"allow_missing_partitions": True}).'
            )
        if missing:
            context.log.warning(f"{told} They are left out.")
        return found

    def _frame_each(self, key: dg.AssetKey, partitions: list[str], obj: Any) -> Mapping[str, Any]:
        """Check that a run of many partitions at once returned one frame for each of them."""
        if not isinstance(obj, Mapping) or set(obj) != set(partitions):
            raise _failure(
                f"{key.to_user_string()} ran for {len(partitions)} partitions at once, so it must "
                "return a dict that holds one frame for each partition key."
            )
        return obj

    def _write(self, context: dg.OutputContext, obj: Any, *partition: str) -> Written:
        name = context.asset_key.to_user_string()
        if not isinstance(obj, pl.LazyFrame | pl.DataFrame):
            given = "nothing (None)" if obj is None else f"a {type(obj).__name__}"
            raise _failure(f"{name} returned {given}. Return a pl.LazyFrame or a pl.DataFrame.")
        try:
            append = (context.definition_metadata or {}).get("append", False)
            store = self.store_of(context.asset_key, append)
            return store.write(obj.lazy(), self.uri(context.asset_key, *partition))
        except pl.exceptions.PolarsError as error:
            hint = ' If a file is in another encoding, name it: scan_csv(..., encoding="latin-1").'
            told = " ".join(str(error).split())[:500]
            raise dg.Failure(
                f"{name} was not written. {type(error).__name__}: {told}."
                + (hint if "utf-8" in told else ""),
                allow_retries=not self.store.is_local,  # on a disk it would be the same again
            ) from error
        except StorageError as error:
            sentence = f"{name} was not written. {error}"
            raise dg.Failure(sentence, allow_retries=error.passing) from error

    def _describe(self, key: dg.AssetKey, uri: str) -> dict[str, Any]:
        """Columns from the file's footer and its first rows: the data is not read again."""
        frame = self.store_of(key).scan(uri)
        schema = frame.collect_schema()
        columns = [dg.TableColumn(name, str(dtype)) for name, dtype in schema.items()]
        shown = {"path": uri, "dagster/column_schema": dg.TableSchema(columns)}
        if self.preview_rows:
            head = frame.select(schema.names()[:PREVIEW_COLUMNS]).head(self.preview_rows)
            table = markdown_table(head.collect())
            shown["preview"] = dg.MetadataValue.md(table)
        return shown


def _layer(key: dg.AssetKey) -> list[str]:
    """The layer's folder, by the asset's name; none for a name without a layer."""
    match = _LAYER.match(key.path[-1])
    return [match[1]] if match else []


def _failure(sentence: str) -> dg.Failure:
    """An error that trying again does not cure."""
    return dg.Failure(sentence, allow_retries=False)
