"""Findings and assets as text: for people, for programs, for GitHub and for a README."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .advice import command_line
from .layers import LAYERS
from .project import Project
from .streams import one_line

if TYPE_CHECKING:  # the command line needs the names of the formats, and waits for no rules
    from .reading.catalog import Asset
    from .rules.registry import Finding

# What GitHub's commands, and the labels of Mermaid, would take for their own.
_IN_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_IN_PROPERTY = _IN_DATA | str.maketrans({":": "%3A", ",": "%2C"})
_IN_LABEL = str.maketrans({"&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;"})

_LONGEST_DESCRIPTION = 60


def findings_text(findings: "Sequence[Finding]", assets: int) -> str:
    """Return one line for each finding, `path:line:column: CODE name: message`, and a summary."""
    lines = []
    for finding in findings:
        place = f"{finding.path}:{finding.line}:{finding.column}"
        lines.append(one_line(f"{place}: {finding.code} {finding.name}: {finding.message}"))
    return "\n".join([*lines, _summary(findings, assets)])


def findings_json(findings: "Sequence[Finding]", assets: int) -> str:
    """Return the documented JSON: `{"findings": [...], "assets": N}`."""
    import json

    records = [finding._asdict() for finding in findings]
    return json.dumps({"findings": records, "assets": assets}, indent=2)


def findings_github(findings: "Sequence[Finding]", assets: int) -> str:
    """Return one of GitHub's annotation commands for each finding, and a summary."""
    lines = []
    for finding in findings:
        properties = (
            f"file={finding.path.translate(_IN_PROPERTY)},line={finding.line},"
            f"col={finding.column},title={finding.code} {finding.name}"
        )
        message = finding.message.translate(_IN_DATA)
        lines.append(one_line(f"::{finding.severity} {properties}::{message}"))
    return "\n".join([*lines, _summary(findings, assets)])


# What `validate --format` takes.
FINDING_FORMATS: "dict[str, Callable[[Sequence[Finding], int], str]]" = {
    "text": findings_text,
    "json": findings_json,
    "github": findings_github,
}


def no_assets(project: Project, layer: str | None) -> str:
    """Return what `list-assets` shows instead of an empty table."""
    options = "--layer bronze --name raw_orders"
    if layer not in (None, "bronze"):
        options = f"--layer {layer}"
    what = f"{layer} assets" if layer else "assets"
    return f"No {what} yet. Add one: {command_line(project, f'add-asset {options}')}"


def assets_table(assets: "Sequence[Asset]") -> str:
    """Return the table of `list-assets`: name, layer, dependencies, description, file."""
    rows = [("name", "layer", "dependencies", "description", "file")]
    rows += [_row(asset) for asset in assets]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append(one_line("  ".join(cells).rstrip()))
    return "\n".join(lines)


def assets_json(assets: "Sequence[Asset]") -> str:
    """Return the documented JSON: `{"assets": [{"key", "name", "layer", "dependencies", ...}]}`."""
    import json

    records = [
        {
            "key": asset.key,
            "name": asset.name,
            "layer": asset.layer,
            "dependencies": [dependency.key for dependency in asset.dependencies],
            "description": asset.description,
            "path": asset.path,
            "line": asset.line,
            "unresolved": asset.unresolved,
        }
        for asset in assets
    ]
    return json.dumps({"assets": records}, indent=2)


def assets_mermaid(assets: "Sequence[Asset]") -> str:
    """Return a Mermaid flowchart of the lineage, layer by layer."""
    ids = {asset.key: f"a{index}" for index, asset in enumerate(assets)}
    lines = ["flowchart LR"]
    for layer in (*LAYERS, None):
        keys = [asset.key for asset in assets if asset.layer == layer]
        if keys:
            lines.append(f"    subgraph {layer or 'no layer'}")
            lines += [f'        {ids[key]}["{_label(key)}"]' for key in keys]
            lines.append("    end")
    for asset in assets:
        for dependency in asset.dependencies:
            key = dependency.key
            if key not in ids:  # a source, or an asset of a layer that is not shown
                ids[key] = f"a{len(ids)}"
                lines.append(f'    {ids[key]}(["{_label(key)}"])')
            lines.append(f"    {ids[key]} --> {ids[asset.key]}")
    return "\n".join(lines)


# What `list-assets --format` takes.
ASSET_FORMATS: "dict[str, Callable[[Sequence[Asset]], str]]" = {
    "table": assets_table,
    "json": assets_json,
    "mermaid": assets_mermaid,
}


def _label(key: str) -> str:
    """Return a key as the label of a Mermaid node."""
    return one_line(key.translate(_IN_LABEL))


def _row(asset: "Asset") -> tuple[str, str, str, str, str]:
    """Return an asset's line of the table."""
    dependencies = ", ".join(dependency.key for dependency in asset.dependencies)
    if asset.unresolved:
        dependencies += " (and what cannot be read)"
    description = " ".join((asset.description or "").split())
    if len(description) > _LONGEST_DESCRIPTION:
        description = f"{description[: _LONGEST_DESCRIPTION - 3]}..."
    place = f"{asset.path}:{asset.line}"
    return asset.name, asset.layer or "none", dependencies, description, place


def _summary(findings: "Sequence[Finding]", assets: int) -> str:
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    found = f"{_count(errors, 'error')} and {_count(warnings, 'warning')}"
    return f"{found} in {_count(assets, 'asset')}."


def _count(number: int, noun: str) -> str:
    """Return "1 asset", "2 assets"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
