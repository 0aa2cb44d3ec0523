"""Why a step failed, in one line."""


def first_cause(error: object) -> str:
    """Return why a step failed, on one line: the sentence of a Failure, else the first error.

    Args:
        error: what Dagster recorded (`step_failure_data.error`): a message, and perhaps a cause.
    """
    while error.cause and error.cls_name != "Failure":
        error = error.cause
    kind, _, message = " ".join(error.message.split()).partition(": ")
    short = kind.rpartition(".")[2]
    return message if short == "Failure" else f"{short}: {message}" if message else short
