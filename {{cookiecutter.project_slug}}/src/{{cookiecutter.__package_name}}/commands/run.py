"""Run assets in this process, say how each one ends, and record it all where the UI shows it.

Dagster's own command line costs five times the CPU of a run in process.
"""

import difflib
import sys
import time
import uuid
from collections.abc import Iterable, Sequence

import dagster as dg

from {{ cookiecutter.__package_name }}.commands import loading
from {{ cookiecutter.__package_name }}.medallion import LAYERS

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run(names: Sequence[str] = (), verbose: bool = False) -> int:
    """Materialize assets and print a line as each one finishes.

    Args:
        names: asset names, with or without the layer's prefix; none means all of them.
        verbose: show Dagster's own log too.

    Returns:
        0 if every asset was materialized, 1 if one failed.

    Raises:
        CommandError: the pipeline does not load, or a name is not an asset's.
    """
    pipeline = loading.load_pipeline()
    graph = pipeline.resolve_asset_graph()
    known = sorted(graph.executable_asset_keys)
    if not known:
        print(loading.NO_ASSETS)
        return 0
    keys = [find_key(name, known) for name in names] or known
    progress = Progress(total=len(set(keys)))
    run_id = str(uuid.uuid4())
    with loading.open_instance() as instance:
        instance.add_event_listener(run_id, progress.show)
        result = pipeline.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            run_id=run_id,
            asset_selection=keys,
            partition_key=newest_partition((graph.get(k).partitions_def for k in keys), instance),
            run_config=None if verbose else QUIET,
            raise_on_error=False,
        )
    return progress.summary(result.success, {key.to_user_string() for key in keys})


def find_key(name: str, known: Sequence[dg.AssetKey]) -> dg.AssetKey:
    """Return the key of the asset called `name`, with or without its layer's prefix.

    Raises:
        CommandError: no asset has the name, or more than one has.
    """
    by_name = {key.to_user_string(): key for key in known}
    if name in by_name:
        return by_name[name]
    candidates = [f"{layer}_{name}" for layer in LAYERS if f"{layer}_{name}" in by_name]
    if len(candidates) == 1:
        return by_name[candidates[0]]
    if candidates:
        raise loading.CommandError(f"{name!r} could be {' or '.join(candidates)}: say which.")
    close = difflib.get_close_matches(name, by_name, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}?" if close else "nox -s list_assets shows the names."
    raise loading.CommandError(f"There is no asset called {name!r}: {hint}")


def newest_partition(
    definitions: Iterable[dg.PartitionsDefinition | None], instance: dg.DagsterInstance
) -> str | None:
    """Return the newest partition of the chosen assets, or None if none of them has partitions.

    Raises:
        CommandError: the assets have different partitions, or no partition exists yet.
    """
    partitions = set(definitions) - {None}
    if not partitions:
        return None
    if len(partitions) > 1:
        raise loading.CommandError("These assets have different partitions: run each kind alone.")
    newest = partitions.pop().get_last_partition_key(dynamic_partitions_store=instance)
    if newest is None:
        raise loading.CommandError("These assets have no partition yet.")
    return newest


class Progress:
    """Print one line for each asset that finishes; remember what failed."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done: set[str] = set()
        self.failed: dict[str, str] = {}
        self.started = time.monotonic()
        self.step_started = self.started

    def show(self, entry: dg.EventLogEntry) -> None:
        """Take one event of the run, in the order in which they happen."""
        event = entry.dagster_event
        if event is None:
            return
        if event.event_type == dg.DagsterEventType.STEP_START:
            self.step_started = time.monotonic()
        elif event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            name = event.asset_key.to_user_string()
            self.done.add(name)
            rows = row_count(event.materialization)
            count = "" if rows is None else f"{rows:,} rows  "
            seconds = time.monotonic() - self.step_started
            self.line(f"{name}  {count}{seconds:.2f} s")
        elif event.event_type == dg.DagsterEventType.STEP_UP_FOR_RETRY:
            self.line(f"{event.step_key}  failed, tries again")
        elif event.event_type == dg.DagsterEventType.STEP_FAILURE:
            self.failed[event.step_key] = first_cause(event.step_failure_data.error)
            self.line(f"{event.step_key}  FAILED")

    def line(self, text: str) -> None:
        """Print `text` with the number of assets finished."""
        print(f"[{len(self.done)}/{self.total}] {text}", flush=True)

    def summary(self, success: bool, wanted: set[str]) -> int:
        """Print how the run ended, and return its exit status."""
        seconds = time.monotonic() - self.started
        if success:
            assets = "asset" if len(self.done) == 1 else "assets"
            print(f"Materialized {len(self.done)} {assets} in {seconds:.1f} s.")
            return 0
        for name, reason in self.failed.items():
            print(f"{name} failed: {reason}", file=sys.stderr)
        if skipped := sorted(wanted - self.done - set(self.failed)):
            print(f"Not run, because of that: {', '.join(skipped)}.", file=sys.stderr)
        print("Good data from earlier runs is as it was. --verbose shows the log.", file=sys.stderr)
        return 1


def row_count(materialization: dg.AssetMaterialization) -> int | None:
    """Return the rows that a materialization recorded, or None if it recorded none."""
    for name in ("dagster/partition_row_count", "dagster/row_count"):
        if name in materialization.metadata:
            return materialization.metadata[name].value
    return None


def first_cause(error: object) -> str:
    """Return the message of the error that a step's failure began with, on one line."""
    while error.cause:
        error = error.cause
    kind, _, message = error.message.strip().partition(": ")
    short = kind.rpartition(".")[2]
    return message if short == "Failure" else f"{short}: {message}" if message else short
