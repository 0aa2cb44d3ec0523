"""Run assets in this process, and record the run where the UI shows it.

Dagster's own command line needs five times the CPU of a run in process.
"""

import uuid

import dagster as dg

from . import choosing, loading
from .report import Report

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run(choice: choosing.Choice, verbose: bool = False) -> int:
    """Materialize assets and print a line as each one finishes.

    Args:
        choice: which assets, and for which partition.
        verbose: show Dagster's own log too.

    Returns:
        0 if every asset was materialized, 1 if one failed.

    Raises:
        CommandError: the pipeline does not load, or the choice names nothing that exists.
        KeyboardInterrupt: the run was stopped by Ctrl-C.
    """
    pipeline = loading.load_pipeline()
    known = pipeline.resolve_asset_graph().executable_asset_keys
    if not known:
        print(loading.NO_ASSETS)
        return 0
    with loading.open_instance() as instance:
        chosen = choosing.choose(choice, pipeline, instance)
        if not chosen.keys:
            print("The latest run left nothing to do.")
            return 0
        partition = choosing.partition_key(chosen.partition, chosen.keys, pipeline, instance)
        return execute(chosen.keys, partition, pipeline, instance, verbose)


def execute(
    keys: list[dg.AssetKey],
    partition: str | None,
    pipeline: dg.Definitions,
    instance: dg.DagsterInstance,
    verbose: bool,
) -> int:
    """Run the assets, print what happens, and return the exit status."""
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
            report.unblock_interrupts()
    if report.interrupted:
        raise KeyboardInterrupt
    return report.print_summary(result.success)
