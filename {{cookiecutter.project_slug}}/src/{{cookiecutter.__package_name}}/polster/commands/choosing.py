"""Choose the assets of a run: by name, by a selection, or those that the latest run missed."""

import difflib
import re
import warnings
from collections.abc import Collection, Sequence
from typing import NamedTuple

import dagster as dg

from ..medallion.rule import UPSTREAM
from .errors import CommandError

# A selection is made of operators and of these: "quoted", key:name and the like, or a bare name.
WORD = re.compile(r'"[^"]*"|\w+\s*:\s*(?:"[^"]*"|[^\s()+]+)|[^\W\d][\w*/.-]*')
OPERATORS = {"and", "or", "not", "roots", "sinks"}


class Choice(NamedTuple):
    """What the command line asks for; by default, every asset."""

    names: Sequence[str] = ()
    selection: str | None = None
    from_failure: bool = False
    partition: str | None = None


class Chosen(NamedTuple):
    """The assets to run, and the partition if one was asked for."""

    keys: list[dg.AssetKey]
    partition: str | None = None


def choose(choice: Choice, pipeline: dg.Definitions, instance: dg.DagsterInstance) -> Chosen:
    """Return the assets to run; none if the latest run left nothing to do.

    Raises:
        CommandError: an asset or a selection does not exist, or there was no run yet.
    """
    known = pipeline.resolve_asset_graph().executable_asset_keys
    if choice.from_failure:
        latest = unfinished(instance)
        return latest._replace(keys=[key for key in latest.keys if key in known])
    if choice.selection is not None:
        return Chosen(select(choice.selection, pipeline), choice.partition)
    if choice.names:
        return Chosen([find_key(name, known) for name in choice.names], choice.partition)
    return Chosen(sorted(known), choice.partition)


def find_key(name: str, known: Collection[dg.AssetKey]) -> dg.AssetKey:
    """Return the key of the asset called `name`, with or without its layer's prefix.

    Raises:
        CommandError: no asset has the name, or more than one has.
    """
    by_name = {key.to_user_string(): key for key in known}
    if name in by_name:
        return by_name[name]
    candidates = [f"{layer}_{name}" for layer in UPSTREAM if f"{layer}_{name}" in by_name]
    if len(candidates) == 1:
        return by_name[candidates[0]]
    if candidates:
        raise CommandError(f"{name!r} could be {' or '.join(candidates)}: give the full name.")
    close = difflib.get_close_matches(name, by_name, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}?" if close else "nox -s list_assets shows the names."
    raise CommandError(f"There is no asset called {name!r}: {hint}")


def select(text: str, pipeline: dg.Definitions) -> list[dg.AssetKey]:
    """Return the assets of a selection in Dagster's syntax, such as `+gold_ltv` or `kind:silver`.

    A bare name is an asset's, with or without its layer's prefix, so that `+ltv` is
    `+key:"gold_ltv"`: everything upstream, and the asset.

    Raises:
        CommandError: Dagster does not understand the selection, or it matches no asset.
    """
    graph = pipeline.resolve_asset_graph()
    known = graph.executable_asset_keys

    def as_key(match: re.Match[str]) -> str:
        word = match[0]
        if word in OPERATORS or ":" in word or word.startswith('"'):
            return word
        name = word if "*" in word else find_key(word, known).to_user_string()
        return f'key:"{name}"'

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)  # "not" uses a beta parameter
            chosen = dg.AssetSelection.from_string(WORD.sub(as_key, text)).resolve(graph)
    except dg.DagsterError as error:
        raise CommandError(
            f"{text!r} is not a selection: write a name, +name for it and everything upstream, "
            "name+ for everything downstream, kind:..., group:..., tag:...; join them with and, "
            "or, not."
        ) from error
    keys = sorted(chosen & known)
    if not keys:
        raise CommandError(f"The selection {text!r} matches no asset.")
    return keys


def unfinished(instance: dg.DagsterInstance) -> Chosen:
    """Return the assets that the latest run was to materialize and did not, and its partition.

    An asset that was materialized but failed a blocking check counts as unfinished.

    Raises:
        CommandError: there was no run yet.
    """
    runs = instance.get_runs(limit=1)
    if not runs:
        raise CommandError("Nothing has run yet: there is no failure to start from.")
    run = runs[0]

    def keys(event_type: dg.DagsterEventType) -> set[dg.AssetKey]:
        entries = instance.all_logs(run.run_id, of_type=event_type)
        return {entry.dagster_event.asset_key for entry in entries}

    planned = keys(dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    materialized = keys(dg.DagsterEventType.ASSET_MATERIALIZATION)
    blocked = _keys_with_failed_blocking_check(instance, run.run_id)
    keys_left = (planned - materialized) | blocked
    return Chosen(sorted(keys_left), run.tags.get("dagster/partition"))


def _keys_with_failed_blocking_check(instance: dg.DagsterInstance, run_id: str) -> set[dg.AssetKey]:
    """Return the assets of which a run's blocking check failed."""
    entries = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    checks = [entry.dagster_event.event_specific_data for entry in entries]
    return {
        check.asset_key
        for check in checks
        if check.blocking and not check.passed and check.severity == dg.AssetCheckSeverity.ERROR
    }


def partition_key(
    requested: str | None,
    keys: Collection[dg.AssetKey],
    pipeline: dg.Definitions,
    instance: dg.DagsterInstance,
) -> str | None:
    """Return the partition to run: the requested one, or the newest; None without partitions.

    Raises:
        CommandError: there is no such partition, or the assets have different partitions.
    """
    graph = pipeline.resolve_asset_graph()
    partitions = {graph.get(key).partitions_def for key in keys} - {None}
    if not partitions and requested:
        raise CommandError("None of these assets has partitions: leave --partition out.")
    if not partitions:
        return None
    if len(partitions) > 1:
        raise CommandError(
            "These assets have different partitions: run those of each kind separately."
        )
    existing = partitions.pop().get_partition_keys(dynamic_partitions_store=instance)
    if not existing:
        raise CommandError("These assets have no partition yet.")
    if requested and requested not in existing:
        raise CommandError(f"There is no partition {requested!r}: the newest is {existing[-1]!r}.")
    return requested or existing[-1]
