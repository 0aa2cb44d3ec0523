"""layers.py is edited by people: what is wrong with its table is one sentence that names it."""

import dagster as dg
import pytest


@pytest.fixture
def table(engine) -> dict:
    return {layer: engine.polster.LayerDefaults() for layer in ("bronze", "silver", "gold")}


def refusal(engine, table: object) -> str:
    with pytest.raises(dg.DagsterInvalidDefinitionError) as caught:
        engine.polster.enforce(dg.Definitions(), table)
    sentence = str(caught.value)
    assert sentence.startswith("layers.py: ")
    assert "\n" not in sentence
    return sentence


def test_a_complete_table_is_accepted(engine, table) -> None:
    assert engine.polster.enforce(dg.Definitions(), table).assets == []


@pytest.mark.parametrize("missing", ["bronze", "silver", "gold"])
def test_a_layer_that_is_missing_is_named(engine, table, missing) -> None:
    del table[missing]
    assert f"LAYERS lacks {missing}: " in refusal(engine, table)


def test_an_empty_table_lacks_them_all(engine) -> None:
    assert "LAYERS lacks bronze, silver, gold: " in refusal(engine, {})


@pytest.mark.parametrize("unknown", ["platinum", "Gold", "", 1, None])
def test_a_layer_that_does_not_exist_is_named(engine, table, unknown) -> None:
    table[unknown] = table["gold"]
    assert f"has an entry for {unknown!r}: the only layers are bronze" in refusal(engine, table)


@pytest.mark.parametrize("wrong", [None, {}, "daily", ("team:data",), dg.AssetSpec("x")], ids=str)
def test_an_entry_of_another_type_is_named(engine, table, wrong) -> None:
    table["silver"] = wrong
    expected = (
        f"the entry for silver in LAYERS is of type {type(wrong).__name__}: make it a LayerDefaults"
    )
    assert expected in refusal(engine, table)


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("freshness", "daily", "dg.FreshnessPolicy"),
        ("freshness", 26, "dg.FreshnessPolicy"),
        ("automation", "eager", "dg.AutomationCondition"),
        ("automation", dg.AutomationCondition.eager, "dg.AutomationCondition"),
        ("owners", "team:data", "a tuple of strings"),
        ("owners", None, "a tuple of strings"),
        ("owners", (1,), "a tuple of strings"),
    ],
)
def test_a_default_of_a_wrong_type_is_named(engine, table, field, value, named) -> None:
    table["gold"] = table["gold"]._replace(**{field: value})
    sentence = refusal(engine, table)
    assert "the entry for gold in LAYERS has" in sentence
    assert field in sentence
    assert named in sentence


@pytest.mark.parametrize("table", [None, [], "bronze", 3], ids=str)
def test_a_table_that_is_no_table_is_said(engine, table) -> None:
    assert f"LAYERS is of type {type(table).__name__}: make it a dict" in refusal(engine, table)
