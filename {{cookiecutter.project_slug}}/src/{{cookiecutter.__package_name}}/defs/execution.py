"""How the steps of a run are executed."""

import dagster as dg


@dg.definitions
def execution() -> dg.Definitions:
    """Run the steps one after the other in the run's own process.

    Polars uses every core for each step, and starting a process for each would take about two
    seconds of CPU. dg.multiprocess_executor helps if many slow sources are read at the same time.
    """
    return dg.Definitions(executor=dg.in_process_executor)
