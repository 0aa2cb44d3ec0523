"""The pipeline as a whole: it loads, and both checks of the layer rule agree."""

import itertools

import dagster as dg
import pytest

import polster_tasks.layers
from {{ cookiecutter.__package_name }}.definitions import defs
from {{ cookiecutter.__package_name }}.polster.medallion import rule


def test_the_pipeline_loads() -> None:
    dg.Definitions.validate_loadable(defs())


def test_every_asset_is_in_the_group_of_a_layer() -> None:
    graph = defs().resolve_asset_graph()
    groups = {graph.get(key).group_name for key in graph.executable_asset_keys}
    assert groups <= set(rule.UPSTREAM)


@pytest.mark.parametrize(
    ("layer", "upstream"), list(itertools.product(rule.UPSTREAM, rule.UPSTREAM))
)
def test_loading_and_validate_state_the_same_rule(layer: str, upstream: str) -> None:
    """One speaks when the project loads, the other when CI reads its source."""
    dependency = (f"{layer}_a", layer, f"{upstream}_b", upstream)
    assert rule.dependency_error(*dependency) == polster_tasks.layers.dependency_error(*dependency)
