"""Which assets a run is for: named ones, a selection, or what the latest run left undone."""

import difflib
import re
import warnings
from collections.abc import Collection, Sequence
from typing import NamedTuple

import dagster as dg

from ..medallion.rule import UPSTREAM
from .loading import CommandError

# A selection is made of operators and of these: "quoted", key:name and the like, or a bare name.
WORD = re.compile(r'"[^"]*"|\w+\s*:\s*(?:"[^"]*"|[^\s()+]+)|[^\W\d][\w*/.-]*')
OPERATORS = {"and", "or", "not", "roots", "sinks"}


class Choice(NamedTuple):
    """What the command line asks for; nothing of it means every asset."""

    names: Sequence[str] = ()
    selection: str | None = None
    from_failure: bool = False
    partition: str | None = None


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
        raise CommandError(f"{name!r} could be {' or '.join(candidates)}: say which.")
    close = difflib.get_close_matches(name, by_name, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}?" if close else "nox -s list_assets shows the names."
    raise CommandError(f"There is no asset called {name!r}: {hint}")


def select(text: str, pipeline: dg.Definitions) -> list[dg.AssetKey]:
    """Return the assets of a selection in Dagster's syntax, such as `+gold_ltv` or `kind:silver`.

    A bare name is an asset's, with or without its layer's prefix, so that `+ltv` is
    `+key:"gold_ltv"`: everything upstream, and the asset.

    Raises:
        CommandError: Dagster does not understand the selection, or it holds no asset.
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
            f"{text!r} is no selection: write a name, +name for it and all upstream of it, name+ "
            "for all downstream, kind:..., group:..., tag:...; join them by and, or, not."
        ) from error
    if keys := sorted(chosen & known):
        return keys
    raise CommandError(f"The selection {text!r} holds no asset.")


def undone(instance: dg.DagsterInstance) -> tuple[set[dg.AssetKey], str | None]:
    """Return what the latest run was to materialize and did not, and the partition that it was for.

    An asset that was materialized but failed a blocking check counts as undone.

    Raises:
        CommandError: nothing has run yet.
    """
    runs = instance.get_runs(limit=1)
    if not runs:
        raise CommandError("Nothing has run yet: there is no failure to start from.")
    run = runs[0]

    def keys(event_type: dg.DagsterEventType) -> set[dg.AssetKey]:
        logged = instance.all_logs(run.run_id, of_type=event_type)
        return {entry.dagster_event.asset_key for entry in logged}

    checks = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    evaluations = [entry.dagster_event.event_specific_data for entry in checks]
    broken = {
        check.asset_key
        for check in evaluations
        if check.blocking and not check.passed and check.severity == dg.AssetCheckSeverity.ERROR
    }
    planned = keys(dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    done = keys(dg.DagsterEventType.ASSET_MATERIALIZATION)
    return (planned - done) | broken, run.tags.get("dagster/partition")


def partition_key(
    wanted: str | None,
    keys: Collection[dg.AssetKey],
    pipeline: dg.Definitions,
    instance: dg.DagsterInstance,
) -> str | None:
    """Return the partition to run: the wanted one, or else the newest; None without partitions.

    Raises:
        CommandError: there is no such partition, or the assets have different partitions.
    """
    graph = pipeline.resolve_asset_graph()
    partitions = {graph.get(key).partitions_def for key in keys} - {None}
    if not partitions and wanted:
        raise CommandError("None of these assets has partitions: leave --partition out.")
    if not partitions:
        return None
    if len(partitions) > 1:
        raise CommandError("These assets have different partitions: run them one kind at a time.")
    existing = partitions.pop().get_partition_keys(dynamic_partitions_store=instance)
    if not existing:
        raise CommandError("These assets have no partition yet.")
    if wanted and wanted not in existing:
        raise CommandError(f"There is no partition {wanted!r}: the newest is {existing[-1]!r}.")
    return wanted or existing[-1]
