"""How the steps of a run are executed."""

import dagster as dg


@dg.definitions
def execution() -> dg.Definitions:
    """Run the steps one after the other in the run's own process.

    Polars uses every core for each of them, and a process of its own would cost each step some
    two seconds of CPU. dg.multiprocess_executor pays where many slow sources are waited for.
    """
    return dg.Definitions(executor=dg.in_process_executor)
