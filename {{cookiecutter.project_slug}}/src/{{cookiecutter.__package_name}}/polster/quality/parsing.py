"""Read text, which bronze holds, as the types of a contract's schema."""

import dataframely as dy
import polars as pl

RECEIVED = "_received"  # the whole row as it was received, so that the quarantine can show it

TEXT_TYPES = (pl.String, pl.Null)  # what is parsed; Null is a column without any value


def type_rule(column: str) -> str:
    """Return the name of the rule that a column's text can be read as its type."""
    return f"{column}|type"


def parse(column: str, received: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    """Return an expression that reads a column as a type; null where that is not possible."""
    if received == pl.Null:
        return pl.col(column).cast(wanted)
    return parse_text(pl.col(column), wanted)


def parse_text(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Read text as numbers, true/false, or ISO 8601 dates and times; null if it is none."""
    if dtype == pl.Boolean:
        known = {"true": True, "false": False}
        return text.str.to_lowercase().replace_strict(known, default=None, return_dtype=pl.Boolean)
    if dtype == pl.Date:
        return text.str.to_date("%Y-%m-%d", strict=False)
    if dtype == pl.Time:
        return text.str.to_time("%H:%M:%S%.f", strict=False)
    if isinstance(dtype, pl.Datetime):
        return _parse_datetime(text, dtype)
    return text.cast(dtype, strict=False)


def _parse_datetime(text: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    """Read a date and time, separated by T or a space; with an offset if the type has a zone."""
    offset = "%#z" if dtype.time_zone else ""
    readings = [
        text.str.to_datetime(
            f"%Y-%m-%d{separator}%H:%M:%S%.f{offset}", time_unit=dtype.time_unit, strict=False
        )
        for separator in ("T", " ")
    ]
    moment = pl.coalesce(readings)
    return moment.dt.convert_time_zone(dtype.time_zone) if dtype.time_zone else moment


def parsed_rule(column: str) -> object:
    """Return a dataframely rule: a value that was received could be read as the column's type."""

    @dy.rule()
    def was_parsed(cls: type[dy.Schema]) -> pl.Expr:
        return pl.col(RECEIVED).struct.field(column).is_null() | pl.col(column).is_not_null()

    return was_parsed
