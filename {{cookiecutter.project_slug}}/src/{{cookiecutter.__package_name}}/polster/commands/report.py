"""Print what happens in a run: a line for each asset that finishes, and how the run ended."""

import os
import signal
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

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
from ..wording import plural
from .materialization import row_count
from .streams import open_stream

INTERRUPTED = "DagsterExecutionInterruptedError"


class Report:
    """Print a line for each asset that finishes, on a terminal a bar too; remember failures."""

    def __init__(self, selected: set[str], bar: bool) -> None:
        """Start a report.

        Args:
            selected: the names of the assets that the run is to materialize.
            bar: show a progress bar, if this is a terminal.
        """
        self.selected = selected
        self.materialized: set[str] = set()
        self.failed: dict[str, str] = {}
        self.interrupted = False
        self.started = time.monotonic()
        self.step_started = self.started
        self.output = uncaptured_stdout()
        self.console = Console(file=self.output, highlight=False, markup=False, soft_wrap=True)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self.task = self.bar.add_task("", total=len(selected))
        shown = bar and self.console.is_terminal
        self.display: AbstractContextManager = self.bar if shown else nullcontext()

    def show(self, entry: dg.EventLogEntry) -> None:
        """Handle one event of the run, in the order in which they happen."""
        event = entry.dagster_event
        if event is None:
            return
        kinds = dg.DagsterEventType
        if event.event_type == kinds.RUN_START:
            self.block_interrupts()
        elif event.event_type == kinds.LOGS_CAPTURED:
            self.unblock_interrupts()
        elif event.event_type == kinds.STEP_START:
            self.step_started = time.monotonic()
            self.bar.update(self.task, description=event.step_key)
        elif event.event_type == kinds.ASSET_MATERIALIZATION:
            self._show_materialization(event)
        elif event.event_type == kinds.STEP_UP_FOR_RETRY:
            self._show_retry(event)
        elif event.event_type == kinds.STEP_FAILURE:
            self._show_failure(event)
        elif event.event_type == kinds.RUN_FAILURE:
            self._note_run_failure(event)

    def _show_materialization(self, event: dg.DagsterEvent) -> None:
        name = event.asset_key.to_user_string()
        self.materialized.add(name)
        self.bar.update(self.task, completed=len(self.materialized))
        seconds = f"{time.monotonic() - self.step_started:.2f} s"
        rows = row_count(event.materialization)
        parts = [name, seconds] if rows is None else [name, plural(rows, "row"), seconds]
        self._print_line("  ".join(parts))

    def _show_retry(self, event: dg.DagsterEvent) -> None:
        reason = first_cause(event.step_retry_data.error)
        if reason.startswith(INTERRUPTED):
            raise KeyboardInterrupt  # Ctrl-C is not the source's fault: do not retry
        self._print_line(f"{event.step_key}  failed, will be retried")

    def _show_failure(self, event: dg.DagsterEvent) -> None:
        reason = first_cause(event.step_failure_data.error, event.step_key)
        if reason.startswith(INTERRUPTED):
            self.interrupted = True
            return
        self.failed[event.step_key] = reason
        self._print_line(f"{event.step_key}  FAILED")

    def _note_run_failure(self, event: dg.DagsterEvent) -> None:
        error = event.job_failure_data.error
        if error and not self.failed:  # no step is the cause: a resource, perhaps
            self.failed["The run"] = first_cause(error)

    def _print_line(self, text: str) -> None:
        line = f"[{len(self.materialized)}/{len(self.selected)}] {text}"
        if self.console.is_terminal:
            self.console.print(line)  # above the progress bar
            return
        print(line, file=self.output)

    def block_interrupts(self) -> None:
        """Block Ctrl-C while Dagster starts the processes that capture a run's output.

        They inherit that, so they ignore the Ctrl-C that a terminal sends to every process: Dagster
        ends them.
        """
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

    def unblock_interrupts(self) -> None:
        """Let Ctrl-C through again."""
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def print_summary(self, success: bool) -> int:
        """Print how the run ended, and return the exit status."""
        seconds = time.monotonic() - self.started
        if success:
            print(f"Materialized {plural(len(self.materialized), 'asset')} in {seconds:.1f} s.")
            return 0
        for name, reason in self.failed.items():
            print(f"{name} failed: {reason}", file=sys.stderr)
        skipped = sorted(self.selected - self.materialized - set(self.failed))
        if skipped:
            print(f"Not run because of that: {', '.join(skipped)}.", file=sys.stderr)
        print(
            "Assets that failed or did not run keep their last good data. --verbose shows the log.",
            file=sys.stderr,
        )
        return 1


def uncaptured_stdout() -> TextIO:
    """Return a stdout that Dagster does not capture.

    During a step Dagster sends the process's stdout to a file, from which another process copies it
    back: on a busy machine too late, and then lines are lost.
    """
    try:
        descriptor = os.dup(sys.stdout.fileno())
    except (OSError, ValueError):  # a test or a notebook replaced stdout, so it is not captured
        return sys.stdout
    return open_stream(descriptor, sys.stdout.encoding)
