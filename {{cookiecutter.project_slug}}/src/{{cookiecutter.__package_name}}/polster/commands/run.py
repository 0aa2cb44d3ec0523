"""Run assets in this process, say how each one ends, and record it all where the UI shows it.

Dagster's own command line costs five times the CPU of a run in process.
"""

import signal
import sys
import time
import uuid
from contextlib import AbstractContextManager, nullcontext

import dagster as dg
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from ..failures import first_cause
from . import choosing, loading

INTERRUPTED = "DagsterExecutionInterruptedError"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run(choice: choosing.Choice, verbose: bool = False) -> int:
    """Materialize assets and print a line as each one finishes.

    Args:
        choice: which assets, and for which partition.
        verbose: show Dagster's own log too.

    Returns:
        0 if every asset was materialized, 1 if one failed.

    Raises:
        CommandError: the pipeline does not load, or there is nothing that was asked for.
    """
    pipeline = loading.load_pipeline()
    known = pipeline.resolve_asset_graph().executable_asset_keys
    if not known:
        print(loading.NO_ASSETS)
        return 0
    with loading.open_instance() as instance:
        partition = choice.partition
        if choice.from_failure:
            undone, partition = choosing.undone(instance)
            keys = sorted(undone & known)
        elif choice.selection is not None:
            keys = choosing.select(choice.selection, pipeline)
        else:
            keys = [choosing.find_key(name, known) for name in choice.names] or sorted(known)
        if not keys:
            print("The latest run left nothing undone.")
            return 0
        partition = choosing.partition_key(partition, keys, pipeline, instance)
        report = Report({key.to_user_string() for key in keys}, bar=not verbose)
        run_id = str(uuid.uuid4())
        instance.add_event_listener(run_id, report.show)
        job = pipeline.resolve_implicit_global_asset_job_def()
        with report.display:
            try:
                result = job.execute_in_process(
                    instance=instance,
                    run_id=run_id,
                    asset_selection=keys,
                    partition_key=partition,
                    run_config=None if verbose else QUIET,
                    raise_on_error=False,
                )
            finally:
                report.release_interrupts()
    if report.interrupted:
        raise KeyboardInterrupt
    return report.summary(result.success)


class Report:
    """Print a line for each asset that finishes, on a terminal a bar too; remember failures."""

    def __init__(self, wanted: set[str], bar: bool) -> None:
        self.wanted = wanted
        self.done: set[str] = set()
        self.failed: dict[str, str] = {}
        self.interrupted = False
        self.started = self.step_started = time.monotonic()
        self.console = Console(highlight=False, markup=False, soft_wrap=True)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self.task = self.bar.add_task("", total=len(wanted))
        shown = bar and self.console.is_terminal
        self.display: AbstractContextManager = self.bar if shown else nullcontext()

    def show(self, entry: dg.EventLogEntry) -> None:
        """Take one event of the run, in the order in which they happen."""
        event = entry.dagster_event
        if event is None:
            return
        if event.event_type == dg.DagsterEventType.RUN_START:
            self.hold_interrupts()
        elif event.event_type == dg.DagsterEventType.LOGS_CAPTURED:
            self.release_interrupts()
        elif event.event_type == dg.DagsterEventType.STEP_START:
            self.step_started = time.monotonic()
            self.bar.update(self.task, description=event.step_key)
        elif event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION:
            name = event.asset_key.to_user_string()
            self.done.add(name)
            self.bar.update(self.task, completed=len(self.done))
            rows = row_count(event.materialization)
            count = "" if rows is None else f"{rows:,} rows  "
            seconds = time.monotonic() - self.step_started
            self.line(f"{name}  {count}{seconds:.2f} s")
        elif event.event_type == dg.DagsterEventType.STEP_UP_FOR_RETRY:
            reason = first_cause(event.step_retry_data.error)
            if reason.startswith(INTERRUPTED):
                raise KeyboardInterrupt  # Ctrl-C is no fault of the source: do not try again
            self.line(f"{event.step_key}  failed, tries again")
        elif event.event_type == dg.DagsterEventType.STEP_FAILURE:
            reason = first_cause(event.step_failure_data.error)
            if reason.startswith(INTERRUPTED):
                self.interrupted = True
                return
            self.failed[event.step_key] = reason
            self.line(f"{event.step_key}  FAILED")
        elif event.event_type == dg.DagsterEventType.RUN_FAILURE and not self.failed:
            if event.job_failure_data.error:  # no step was to blame: a resource, perhaps
                self.failed["The run"] = first_cause(event.job_failure_data.error)

    def hold_interrupts(self) -> None:
        """Hold Ctrl-C back while Dagster starts the processes that capture a run's output.

        They inherit that and stay quiet when the terminal sends Ctrl-C to all: Dagster ends them.
        """
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

    def release_interrupts(self) -> None:
        """Let Ctrl-C through again."""
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def line(self, text: str) -> None:
        """Print `text` with the number of assets finished."""
        self.console.print(f"[{len(self.done)}/{len(self.wanted)}] {text}")

    def summary(self, success: bool) -> int:
        """Print how the run ended, and return its exit status."""
        seconds = time.monotonic() - self.started
        if success:
            assets = "asset" if len(self.done) == 1 else "assets"
            print(f"Materialized {len(self.done)} {assets} in {seconds:.1f} s.")
            return 0
        for name, reason in self.failed.items():
            print(f"{name} failed: {reason}", file=sys.stderr)
        if skipped := sorted(self.wanted - self.done - set(self.failed)):
            print(f"Not run, because of that: {', '.join(skipped)}.", file=sys.stderr)
        print("Good data from earlier runs is as it was. --verbose shows the log.", file=sys.stderr)
        return 1


def row_count(materialization: dg.AssetMaterialization) -> int | None:
    """Return the rows that a materialization recorded, or None if it recorded none."""
    for name in ("dagster/partition_row_count", "dagster/row_count"):
        if name in materialization.metadata:
            return materialization.metadata[name].value
    return None
