"""Why a step failed is one line, which does not repeat what is shown beside it."""

from types import SimpleNamespace

import dagster as dg
import pytest


@pytest.fixture
def first_cause(engine):
    return engine.polster.first_cause


def recorded(kind: str, message: str, cause: object = None) -> SimpleNamespace:
    """Return an error as Dagster records it."""
    return SimpleNamespace(cls_name=kind, message=f"{message}\n", cause=cause)


@pytest.mark.parametrize(
    ("message", "step", "expected"),
    [
        ("dagster.Failure: silver_x: 1 of 1 row breaks", "silver_x", "1 of 1 row breaks"),
        ("dagster.Failure: silver_x: 1 of 1 row breaks", "", "silver_x: 1 of 1 row breaks"),
        ("dagster.Failure: silver_xy: it broke", "silver_x", "silver_xy: it broke"),
        ("dagster.Failure: There is no file x", "silver_x", "There is no file x"),
        ("dagster.Failure: two\n  lines", "silver_x", "two lines"),
    ],
)
def test_the_sentence_of_a_failure_is_the_reason_without_the_steps_name(
    first_cause, message: str, step: str, expected: str
) -> None:
    assert first_cause(recorded("Failure", message), step) == expected


def test_any_other_error_is_the_first_of_its_chain(first_cause) -> None:
    first = recorded("ValueError", "ValueError: not a number")
    last = recorded("DagsterExecutionStepExecutionError", "it broke", first)
    assert first_cause(last, "silver_x") == "ValueError: not a number"


def test_a_failure_is_the_reason_although_something_caused_it(first_cause) -> None:
    cause = recorded("OSError", "OSError: disk")
    assert first_cause(recorded("Failure", "dagster.Failure: no space", cause)) == "no space"


def test_a_run_shows_the_assets_name_once(materialize, first_cause) -> None:
    @dg.asset
    def bronze_wrong():
        return 3

    [event] = [e for e in materialize(bronze_wrong).all_events if e.is_step_failure]
    error = event.step_failure_data.error
    assert first_cause(error, event.step_key).startswith("the asset returned a value of type int.")
