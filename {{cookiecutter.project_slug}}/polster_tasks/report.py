"""Findings and assets as text: for people, for programs, for GitHub and for a README."""

from .catalog import Asset
from .findings import Finding
from .layers import LAYERS


def findings_text(findings: list[Finding], assets: int) -> str:
    """Return a line a finding, `path:line:col: CODE name: sentence`, and one that counts."""
    lines = [f"{f.path}:{f.line}:{f.column}: {f.code} {f.name}: {f.message}" for f in findings]
    errors = sum(finding.severity == "error" for finding in findings)
    counts = f"{_count(errors, 'error')} and {_count(len(findings) - errors, 'warning')}"
    return "\n".join([*map(_line, lines), f"{counts} in {_count(assets, 'asset')}."])


def findings_json(findings: list[Finding], assets: int) -> str:
    """Return the documented JSON: `{"findings": [...], "assets": N}`."""
    import json

    return json.dumps({"findings": [f._asdict() for f in findings], "assets": assets}, indent=2)


def findings_github(findings: list[Finding], assets: int) -> str:
    """Return GitHub's annotation commands, one a finding, and the line that counts."""
    lines = [
        f"::{f.severity} file={_escape(f.path, True)},line={f.line},col={f.column},"
        f"title={f.code} {f.name}::{_escape(f.message)}"
        for f in findings
    ]
    return "\n".join([*lines, findings_text(findings, assets).rpartition("\n")[2]])


def assets_table(assets: tuple[Asset, ...]) -> str:
    """Return the table of `list-assets`: name, layer, dependencies, description, file."""
    if not assets:
        return "No assets yet. Add one: nox -s add_asset -- --layer bronze --name raw_orders"
    rows = [("name", "layer", "dependencies", "description", "file")]
    for asset in assets:
        about = " ".join((asset.description or "").split())
        rows.append(
            (
                asset.name,
                asset.layer or "none",
                ", ".join(dependency.key for dependency in asset.dependencies)
                + (" (and what cannot be read)" if asset.unresolved else ""),
                about if len(about) <= 60 else f"{about[:57]}...",
                f"{asset.path}:{asset.line}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        _line("  ".join([*(c.ljust(w) for c, w in zip(row[:4], widths, strict=True)), row[4]]))
        for row in rows
    )


def assets_json(assets: tuple[Asset, ...]) -> str:
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
            "unresolved": list(asset.unresolved),
        }
        for asset in assets
    ]
    return json.dumps({"assets": records}, indent=2)


def assets_mermaid(assets: tuple[Asset, ...]) -> str:
    """Return a Mermaid flowchart of the lineage, layer by layer."""
    numbers = {asset.key: f"a{index}" for index, asset in enumerate(assets)}
    lines = ["flowchart LR"]
    for layer in (*LAYERS, None):
        inside = [asset for asset in assets if asset.layer == layer]
        if inside:
            lines.append(f"    subgraph {layer or 'no layer'}")
            lines += [f'        {numbers[one.key]}["{_label(one.key)}"]' for one in inside]
            lines.append("    end")
    for asset in assets:
        for dependency in asset.dependencies:
            if dependency.key not in numbers:  # a source, or an asset of a layer not shown
                numbers[dependency.key] = f"a{len(numbers)}"
                lines.append(f'    {numbers[dependency.key]}(["{_label(dependency.key)}"])')
            lines.append(f"    {numbers[dependency.key]} --> {numbers[asset.key]}")
    return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _line(text: str) -> str:
    """Return one line without what would break it, or command a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _escape(text: str, attribute: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if attribute else text


def _label(key: str) -> str:
    return (
        key.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
    )
