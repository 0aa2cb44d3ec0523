"""Findings and assets as text: for people, for programs, for GitHub and for a README."""

from collections.abc import Sequence

from .layers import LAYERS
from .reading.catalog import Asset
from .rules.registry import Finding

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})  # in GitHub's commands
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})
_LABEL = str.maketrans({"&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;"})  # in Mermaid


def findings_text(findings: Sequence[Finding], assets: int) -> str:
    """Return a line a finding, `path:line:col: CODE name: sentence`, and one that counts."""
    lines = [f"{f.path}:{f.line}:{f.column}: {f.code} {f.name}: {f.message}" for f in findings]
    return "\n".join([*map(_line, lines), _counts(findings, assets)])


def findings_json(findings: Sequence[Finding], assets: int) -> str:
    """Return the documented JSON: `{"findings": [...], "assets": N}`."""
    import json

    return json.dumps({"findings": [f._asdict() for f in findings], "assets": assets}, indent=2)


def findings_github(findings: Sequence[Finding], assets: int) -> str:
    """Return GitHub's annotation commands, one a finding, and the line that counts."""
    lines = [
        f"::{f.severity} file={f.path.translate(_PROPERTY)},line={f.line},col={f.column},"
        f"title={f.code} {f.name}::{f.message.translate(_DATA)}"
        for f in findings
    ]
    return "\n".join([*lines, _counts(findings, assets)])


def assets_table(assets: Sequence[Asset]) -> str:
    """Return the table of `list-assets`: name, layer, dependencies, description, file."""
    if not assets:
        return "No assets yet. Add one: nox -s add_asset -- --layer bronze --name raw_orders"
    rows = [("name", "layer", "dependencies", "description", "file")]
    for asset in assets:
        below = ", ".join(dependency.key for dependency in asset.dependencies)
        below += " (and what cannot be read)" if asset.unresolved else ""
        about = " ".join((asset.description or "").split())
        about = about if len(about) <= 60 else f"{about[:57]}..."
        rows.append((asset.name, asset.layer or "none", below, about, f"{asset.path}:{asset.line}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    cells = ([cell.ljust(w) for cell, w in zip(row, widths, strict=True)] for row in rows)
    return "\n".join(_line("  ".join(row).rstrip()) for row in cells)


def assets_json(assets: Sequence[Asset]) -> str:
    """Return the documented JSON: `{"assets": [{"key", "name", "layer", "dependencies", ...}]}`."""
    import json

    fields = ("key", "name", "layer", "dependencies", "description", "path", "line", "unresolved")
    records = [{field: getattr(asset, field) for field in fields} for asset in assets]
    for record in records:
        record["dependencies"] = [dependency.key for dependency in record["dependencies"]]
    return json.dumps({"assets": records}, indent=2)


def assets_mermaid(assets: Sequence[Asset]) -> str:
    """Return a Mermaid flowchart of the lineage, layer by layer."""
    numbers = {asset.key: f"a{index}" for index, asset in enumerate(assets)}
    lines = ["flowchart LR"]
    for layer in (*LAYERS, None):
        inside = [asset.key for asset in assets if asset.layer == layer]
        if inside:
            lines.append(f"    subgraph {layer or 'no layer'}")
            lines += [f'        {numbers[key]}["{key.translate(_LABEL)}"]' for key in inside]
            lines.append("    end")
    for asset in assets:
        for key in (dependency.key for dependency in asset.dependencies):
            if key not in numbers:  # a source, or an asset of a layer not shown
                numbers[key] = f"a{len(numbers)}"
                lines.append(f'    {numbers[key]}(["{key.translate(_LABEL)}"])')
            lines.append(f"    {numbers[key]} --> {numbers[asset.key]}")
    return "\n".join(lines)


def _counts(findings: Sequence[Finding], assets: int) -> str:
    errors = sum(finding.severity == "error" for finding in findings)
    counts = {"error": errors, "warning": len(findings) - errors, "asset": assets}
    said = [f"{number} {noun}{'s'[: number != 1]}" for noun, number in counts.items()]
    return "{} and {} in {}.".format(*said)


def _line(text: str) -> str:
    """Return one line without what would break it, or command a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
