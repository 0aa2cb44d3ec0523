"""The I/O manager: every asset is Parquet, streamed in and streamed out by Polars.

What an asset returns is written, what it asks for is scanned. ``store.py`` knows where and how.
"""

import re
from collections.abc import Mapping
from typing import Any, get_args, get_origin

import dagster as dg
import polars as pl
from pydantic import Field

from {{ cookiecutter.__package_name }}.store import (
    OPTIONS_VARIABLE,
    URL_VARIABLE,
    StorageError,
    Store,
)

_LAYER = re.compile(r"(bronze|silver|gold)_")


class ParquetIOManager(dg.ConfigurableIOManager):
    """Keep each asset as one Parquet file, or one file a partition, under its layer's folder.

    An asset may return a LazyFrame (streamed, never held in memory whole) or a DataFrame. It asks
    for its upstream by annotation: ``pl.LazyFrame`` or nothing gives a lazy scan, ``pl.DataFrame``
    a frame in memory. Many upstream partitions arrive as one frame, or one by one, by partition
    key, where the annotation is ``dict[str, pl.LazyFrame]``.
    """

    storage_url: str = Field("data", description="A folder, or an s3://, gs://, az:// URL.")
    storage_options: str = Field("", repr=False, description="JSON of Polars' storage options.")
    preview_rows: int = Field(20, ge=0, description="Rows shown in Dagster's UI; 0 shows none.")

    @classmethod
    def from_environment(cls) -> "ParquetIOManager":
        """Read POLSTER_STORAGE_URL and POLSTER_STORAGE_OPTIONS, and refuse what cannot work."""
        url, options = dg.EnvVar(URL_VARIABLE), dg.EnvVar(OPTIONS_VARIABLE)
        Store.parse(url.get_value("data") or "", options.get_value("") or "")
        given = {}
        if url.get_value() is not None:
            given["storage_url"] = url
        if options.get_value() is not None:
            given["storage_options"] = options
        return cls(**given)

    @property
    def store(self) -> Store:
        """The place that the configuration names."""
        return Store.parse(self.storage_url, self.storage_options)

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Write what the asset returned and tell Dagster what was written."""
        if not context.has_asset_key:
            if obj is None:
                return
            raise _failure(
                f"The op {context.get_identifier()} returned data, but only assets are stored. "
                "Give it an I/O manager of its own, such as dg.fs_io_manager."
            )
        name = context.asset_key.to_user_string()
        partitions = list(context.asset_partition_keys) if context.has_asset_partitions else []
        if len(partitions) > 1:
            self._write_partitions(context, name, partitions, obj)
            return
        written, frame = self._write(name, context.asset_key, partitions, obj)
        rows = "dagster/partition_row_count" if partitions else "dagster/row_count"
        context.add_output_metadata(
            {rows: written.rows, "size_bytes": written.size_bytes, **self._describe(written, frame)}
        )

    def load_input(self, context: dg.InputContext) -> Any:
        """Give the asset its upstream in the form that the annotation asks for."""
        store, key, wanted = self.store, context.asset_key, context.dagster_type.typing_type
        one_by_one = get_origin(wanted) in (dict, Mapping)
        form = get_args(wanted)[-1] if one_by_one else wanted
        if form not in (pl.LazyFrame, pl.DataFrame, Any):
            raise _failure(
                f"{context.name} is asked for as {form}, which Polars cannot give. "
                "Annotate it with pl.LazyFrame, pl.DataFrame or dict[str, pl.LazyFrame]."
            )
        partitions = list(context.asset_partition_keys) if context.has_asset_partitions else []
        uris = {part: _uri(store, key, part) for part in partitions} or {"": _uri(store, key)}
        missing = [part for part, uri in uris.items() if not store.exists(uri)]
        tolerant = (context.definition_metadata or {}).get("allow_missing_partitions", False)
        if missing and not (tolerant and partitions):
            raise _failure(_missing_sentence(context, uris, missing))
        for part in missing:
            context.log.warning(f"{key.to_user_string()} has no partition {part}: left out.")
            del uris[part]
        if one_by_one:
            return {part: _as(form, store.scan(uri)) for part, uri in uris.items()}
        if not uris:
            raise _failure(f"{key.to_user_string()} has none of the partitions that were asked for.")
        return _as(form, store.scan(list(uris.values())))

    def _write_partitions(
        self, context: dg.OutputContext, name: str, partitions: list[str], obj: Any
    ) -> None:
        if not isinstance(obj, Mapping) or set(obj) != set(partitions):
            raise _failure(
                f"{name} ran for {len(partitions)} partitions at once, so it must return a dict "
                "with one frame for each partition key."
            )
        done = [self._write(name, context.asset_key, [part], obj[part]) for part in partitions]
        context.add_output_metadata(
            {
                "dagster/row_count": sum(written.rows for written, _ in done),
                "size_bytes": sum(written.size_bytes for written, _ in done),
                **self._describe(*done[-1]),
            }
        )

    def _write(self, name: str, key: dg.AssetKey, partitions: list[str], obj: Any):
        if not isinstance(obj, (pl.LazyFrame, pl.DataFrame)):
            given = "nothing (None)" if obj is None else f"a {type(obj).__name__}"
            raise _failure(f"{name} returned {given}. Return a pl.LazyFrame or a pl.DataFrame.")
        store = self.store
        try:
            written = store.write(obj, _uri(store, key, *partitions))
        except StorageError as error:
            raise _failure(f"{name} could not be written. {error}") from error
        return written, store.scan(written.uri)

    def _describe(self, written, frame: pl.LazyFrame) -> dict[str, Any]:
        """Metadata from the file's footer and its first rows; the data is not read again."""
        columns = [dg.TableColumn(name, str(t)) for name, t in frame.collect_schema().items()]
        shown = {"path": written.uri, "dagster/column_schema": dg.TableSchema(columns)}
        if self.preview_rows:
            preview = frame.head(self.preview_rows).collect()
            shown["preview"] = dg.MetadataValue.md(markdown_table(preview))
        return shown


def markdown_table(frame: pl.DataFrame) -> str:
    """Draw a small frame as a Markdown table; long values are shortened."""

    def line(cells: list[Any]) -> str:
        texts = ["" if cell is None else str(cell) for cell in cells]
        texts = [text if len(text) <= 80 else f"{text[:79]}…" for text in texts]
        safe = [text.replace("|", "\\|").replace("\n", " ").replace("\r", " ") for text in texts]
        return f"| {' | '.join(safe)} |"

    rule = ["---"] * frame.width
    return "\n".join([line(frame.columns), line(rule), *(line(list(r)) for r in frame.rows())])


def _uri(store: Store, key: dg.AssetKey, *partition: str) -> str:
    """data/silver/silver_sales.parquet, or data/silver/silver_sales/2026-01-31.parquet."""
    layer = _LAYER.match(key.path[-1])
    *folders, file = [*([layer[1]] if layer else []), ".".join(key.path), *partition]
    return store.uri(*folders, f"{file}.parquet")


def _as(form: Any, frame: pl.LazyFrame) -> pl.LazyFrame | pl.DataFrame:
    return frame.collect() if form is pl.DataFrame else frame


def _missing_sentence(context: dg.InputContext, uris: dict[str, str], missing: list[str]) -> str:
    upstream = context.asset_key.to_user_string()
    if missing == [""]:
        return (
            f"{upstream} has not been materialized yet ({uris['']} is not there). "
            f"Run it first: python run_polster.py --asset {upstream}"
        )
    some = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
    return (
        f"{upstream} lacks {len(missing)} of {len(uris)} partitions that are needed here: {some}. "
        'Materialize them first, or set metadata={"allow_missing_partitions": True} on the input.'
    )


def _failure(sentence: str) -> dg.Failure:
    """An error that trying again does not cure."""
    return dg.Failure(sentence, allow_retries=False)
