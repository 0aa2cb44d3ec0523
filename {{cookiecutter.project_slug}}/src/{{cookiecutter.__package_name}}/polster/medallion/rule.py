"""The rule: bronze <- nothing, silver <- bronze, gold <- silver."""

# Each layer, and the only layer that its assets may depend on.
UPSTREAM: dict[str, str | None] = {"bronze": None, "silver": "bronze", "gold": "silver"}
SOURCE = "source"  # stands for the layer of an external source, which bronze may depend on


def dependency_error(key: str, layer: str, upstream: str, upstream_layer: str) -> str | None:
    """Say why `key` may not depend on `upstream`, or return None if it may."""
    allowed = UPSTREAM[layer]
    if upstream_layer == (allowed or SOURCE):
        return None
    if allowed is None:
        rule = f"{layer} may depend on nothing but external sources."
        fix = f"Remove the dependency, or move {key} to silver."
    else:
        rule = f"{layer} may depend only on {allowed}."
        fix = f"Depend on a {allowed} asset instead, or move {key} to another layer."
    return f"{key} ({layer}) depends on {upstream} ({upstream_layer}): {rule} {fix}"
