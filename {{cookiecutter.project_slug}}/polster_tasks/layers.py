"""The medallion rule, stated once: bronze <- nothing, silver <- bronze, gold <- silver."""

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
SOURCE = "source"  # the layer, so to speak, of a declared external asset


def edge_error(key: str, layer: str, upstream: str, upstream_layer: str) -> str | None:
    """Say why an asset may not depend on another, by their keys and layers; None if it may.

    The layer of an external asset is `SOURCE`. The sentence names both assets, the rule and
    what to do.
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
