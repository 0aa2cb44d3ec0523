"""What Dagster's UI shows of a stored frame: its columns and a few of its rows."""

from collections.abc import Iterable

import dagster as dg
import polars as pl

PREVIEW_COLUMNS = 50
CELL_LENGTH = 80


def describe(frame: pl.LazyFrame, preview_rows: int) -> dict[str, dg.MetadataValue]:
    """Return the columns and a preview of a scanned file, without reading all of its data.

    Args:
        frame: the scan of the stored file.
        preview_rows: how many rows to show; 0 for no preview.
    """
    schema = frame.collect_schema()
    columns = [dg.TableColumn(name, str(dtype)) for name, dtype in schema.items()]
    metadata: dict[str, dg.MetadataValue] = {
        "dagster/column_schema": dg.MetadataValue.table_schema(dg.TableSchema(columns))
    }
    if preview_rows:
        head = frame.select(schema.names()[:PREVIEW_COLUMNS]).head(preview_rows)
        metadata["preview"] = dg.MetadataValue.md(markdown_table(head.collect()))
    return metadata


def markdown_table(frame: pl.DataFrame) -> str:
    """Return a small frame as a Markdown table; long values are shortened."""
    rows = [frame.columns, ["---"] * frame.width, *frame.iter_rows()]
    return "\n".join(_markdown_row(row) for row in rows)


def _markdown_row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(_markdown_cell(cell) for cell in cells) + " |"


def _markdown_cell(cell: object) -> str:
    text = "" if cell is None else " ".join(str(cell).split())
    if len(text) > CELL_LENGTH:
        text = f"{text[: CELL_LENGTH - 1]}…"
    return text.replace("|", "\\|")
