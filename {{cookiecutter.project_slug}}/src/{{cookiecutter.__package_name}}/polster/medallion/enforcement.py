"""Apply the rule to the loaded definitions: a project with a wrong dependency does not load."""

from collections.abc import Mapping

import dagster as dg

from .defaults import LayerDefaults, table_problem, with_defaults
from .dependencies import dependency_problems, layers_by_folder, unique


class MedallionError(dg.DagsterInvalidDefinitionError):
    """The definitions break the Medallion Architecture; the message has a line for each problem."""


def enforce(defs: dg.Definitions, defaults: Mapping[str, LayerDefaults]) -> dg.Definitions:
    """Check every dependency, then give each asset its layer's defaults.

    Args:
        defs: the definitions loaded from the `defs/` folder.
        defaults: what each layer gives its assets (`layers.py`).

    Returns:
        The same definitions, each asset with its layer's defaults.

    Raises:
        MedallionError: an asset is outside the three folders, or depends on what its layer may not;
            or the table of `layers.py` lacks a layer, has an unknown one, or holds a wrong type.
    """
    problem = table_problem(defaults)
    if problem:
        raise MedallionError(f"layers.py: {problem}")
    layers = layers_by_folder(defs)
    problems = list(dependency_problems(defs, layers))
    if problems:
        raise MedallionError("\n".join(problems))

    def complete(asset: object) -> object:
        if not isinstance(asset, dg.AssetsDefinition) or not asset.is_executable:
            return asset
        return asset.map_asset_specs(
            lambda spec: with_defaults(spec, layers[spec.key], defaults[layers[spec.key]])
        )

    return dg.Definitions(
        assets=[complete(asset) for asset in unique(defs.assets)],
        asset_checks=list(unique(defs.asset_checks)),
        schedules=defs.schedules,
        sensors=defs.sensors,
        jobs=defs.jobs,
        resources=defs.resources,
        executor=defs.executor,
        loggers=defs.loggers,
        metadata=defs.metadata,
        component_tree=defs.component_tree,
    )
