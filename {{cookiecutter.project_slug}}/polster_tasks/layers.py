"""The rule of the layers: bronze <- nothing, silver <- bronze, gold <- silver."""

from typing import NamedTuple


class Layer(NamedTuple):
    """A layer and the only layer that it may depend on (None: external sources only)."""

    name: str
    upstream: str | None


LAYERS: dict[str, Layer] = {
    "bronze": Layer("bronze", None),
    "silver": Layer("silver", "bronze"),
    "gold": Layer("gold", "silver"),
}
SOURCE = "source"  # stands for the layer of an external source, which bronze may depend on


def dependency_error(key: str, layer: str, upstream: str, upstream_layer: str) -> str | None:
    """Say why an asset may not depend on another, or return None if it may.

    Args:
        key: The asset's key.
        layer: Its layer.
        upstream: The key of the asset that it depends on.
        upstream_layer: The layer of that one, `SOURCE` for an external source.

    Returns:
        A sentence that names both assets, the rule and what to do.
    """
    allowed = LAYERS[layer].upstream
    if upstream_layer == (allowed or SOURCE):
        return None
    if allowed is None:
        rule = f"{layer} may depend on nothing but external sources."
        fix = f"Remove the dependency, or move {key} to silver."
    else:
        rule = f"{layer} may depend only on {allowed}."
        fix = f"Depend on a {allowed} asset instead, or move {key} to another layer."
    return f"{key} ({layer}) depends on {upstream} ({upstream_layer}): {rule} {fix}"


def layer_of_name(name: str) -> str | None:
    """Return the layer whose prefix a name carries: `gold` for `gold_revenue`."""
    prefix, underscore, _ = name.partition("_")
    return prefix if prefix in LAYERS and underscore else None
