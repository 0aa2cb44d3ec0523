"""A few rows as a Markdown table, which Dagster's UI shows."""

from typing import Any

import polars as pl


def markdown_table(frame: pl.DataFrame, longest: int = 80) -> str:
    """Draw a small frame as a Markdown table, with values of at most `longest` characters."""

    def line(cells: Any) -> str:
        texts = [" ".join(str(cell).split()) if cell is not None else "" for cell in cells]
        texts = [t if len(t) <= longest else f"{t[: longest - 1]}…" for t in texts]
        return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"

    rows = [frame.columns, ["---"] * frame.width, *frame.iter_rows()]
    return "\n".join(line(row) for row in rows)
