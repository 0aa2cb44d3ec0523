"""What an asset asks for: the form of an upstream asset, and the files that hold it."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, get_args, get_origin

import dagster as dg
import polars as pl

from ..failures import permanent_failure

ALLOW_MISSING = "allow_missing_partitions"
FilesByPartition = dict[str, str]


class RequestedForm(NamedTuple):
    """How an asset wants an upstream asset: lazy or eager, whole or by partition."""

    eager: bool
    by_partition: bool


def requested_form(context: dg.InputContext) -> RequestedForm:
    """Read the form from the parameter's annotation.

    Raises:
        dagster.Failure: Polars cannot give what the annotation names.
    """
    annotation = context.dagster_type.typing_type
    by_partition = get_origin(annotation) is dict
    frame_type = get_args(annotation)[-1] if by_partition else annotation
    if frame_type not in (pl.LazyFrame, pl.DataFrame, Any):
        raise permanent_failure(
            f"{context.asset_key.to_user_string()} is annotated with {frame_type}. "
            "Annotate it with pl.LazyFrame, pl.DataFrame or dict[str, pl.LazyFrame]."
        )
    return RequestedForm(eager=frame_type is pl.DataFrame, by_partition=by_partition)


def existing_file(
    context: dg.InputContext, uri: str, exists: Callable[[str], bool]
) -> FilesByPartition:
    """Return the file of an upstream asset without partitions, under an empty key.

    Raises:
        dagster.Failure: there is no such file, and the input does not allow that.
    """
    if exists(uri):
        return {"": uri}
    if _allows_missing(context):
        return {}
    name = context.asset_key.to_user_string()
    raise permanent_failure(
        f"{name} has not been materialized yet: there is no {uri}. "
        f"Run it first: python run_polster.py --asset {name}"
    )


def existing_partitions(
    context: dg.InputContext, uris: Mapping[str, str], exists: Callable[[str], bool]
) -> FilesByPartition:
    """Return those files of an upstream asset's partitions that exist, by partition key.

    Raises:
        dagster.Failure: one does not exist, and the input does not allow that.
    """
    with ThreadPoolExecutor(16) as pool:  # an object store answers slowly, but many at once
        found = dict(zip(uris, pool.map(exists, uris.values()), strict=True))
    missing = [partition for partition in uris if not found[partition]]
    if missing:
        sentence = _missing_partitions(context.asset_key, missing, len(uris))
        if not _allows_missing(context):
            raise permanent_failure(
                f"{sentence} Materialize them first, or let this input do without them: "
                f'dg.AssetIn(metadata={{"{ALLOW_MISSING}": True}}).'
            )
        context.log.warning(f"{sentence} They are left out.")
    return {partition: uri for partition, uri in uris.items() if found[partition]}


def _missing_partitions(key: dg.AssetKey, missing: list[str], needed: int) -> str:
    partitions = "partition that is" if needed == 1 else "partitions that are"
    names = ", ".join(missing[:5])
    more = ", ..." if len(missing) > 5 else ""
    return (
        f"{key.to_user_string()} lacks {len(missing)} of the {needed} {partitions} needed here: "
        f"{names}{more}."
    )


def _allows_missing(context: dg.InputContext) -> bool:
    return bool((context.definition_metadata or {}).get(ALLOW_MISSING))
