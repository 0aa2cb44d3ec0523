"""Failures of a step: raise one that a retry cannot cure, and say in one line why one happened."""

import dagster as dg


def permanent_failure(sentence: str) -> dg.Failure:
    """Return a failure that a retry cannot cure, so that Dagster does not try."""
    return dg.Failure(sentence, allow_retries=False)


def first_cause(error: object, step: str = "") -> str:
    """Return why a step failed, on one line: the sentence of a Failure, or else the first error.

    Args:
        error: what Dagster recorded (`step_failure_data.error`): a message, and perhaps a cause.
        step: the step's name, where it is shown anyway: a sentence that begins with it is
            returned without it.
    """
    while error.cause and error.cls_name != "Failure":
        error = error.cause
    kind, _, message = " ".join(error.message.split()).partition(": ")
    error_type = kind.rpartition(".")[2]
    if error_type == "Failure":
        return message.removeprefix(f"{step}: ") if step else message
    return f"{error_type}: {message}" if message else error_type
