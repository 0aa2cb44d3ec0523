"""Why a step failed, in one line."""


def first_cause(error: object) -> str:
    """Return the message of the error that a step's failure began with, on one line.

    Args:
        error: what Dagster recorded (`step_failure_data.error`): a message, and perhaps a cause.
    """
    while error.cause:
        error = error.cause
    kind, _, message = " ".join(error.message.split()).partition(": ")
    short = kind.rpartition(".")[2]
    return message if short == "Failure" else f"{short}: {message}" if message else short
