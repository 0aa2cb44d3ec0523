"""What is checked: each rule one small function, its docstring the explanation."""

from typing import NamedTuple

from .catalog import Catalog
from .layers import edge_error
from .project import Project, UsageError


class Finding(NamedTuple):
    """One thing to put right and its place."""

    code: str
    name: str
    severity: str  # error or warning
    path: str
    line: int
    column: int
    message: str


def check(project: Project, catalog: Catalog) -> list[Finding]:
    """Return every finding, by place."""
    findings = []
    for asset in catalog.assets:
        for dependency in asset.dependencies:
            upstream = catalog.find(dependency.key)
            if upstream and asset.layer and upstream.layer:
                message = edge_error(asset.key, asset.layer, upstream.key, upstream.layer)
                if message:
                    findings.append(
                        Finding(
                            "POL201", "wrong-layer", "error", asset.path,
                            dependency.line, dependency.column, message,
                        )
                    )
    return findings


def filter_findings(
    project: Project,
    findings: list[Finding],
    select: tuple[str, ...] = (),
    ignore: tuple[str, ...] = (),
) -> list[Finding]:
    """Leave out the warnings that are ignored or not selected; errors always stay.

    Args:
        project: its [tool.polster] ignore counts as well.
        findings: what `check` returned.
        select: codes, code prefixes or names of the warnings to keep; empty keeps all.
        ignore: codes, code prefixes or names of the warnings to leave out.

    Raises:
        UsageError: no rule is called so, or it is an error, which cannot be ignored.
    """
    return findings


def explain(code_or_name: str) -> str:
    """Return a rule's explanation with a bad and a good example.

    Raises:
        UsageError: there is no such rule.
    """
    raise UsageError(f"There is no rule {code_or_name!r}.")
