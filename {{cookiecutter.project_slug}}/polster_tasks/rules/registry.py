"""Check a project against the rules, leave out what is ignored, explain a rule."""

from collections.abc import Sequence
from typing import NamedTuple

from ..project import Project, UsageError
from ..reading.catalog import Catalog
from . import dependencies, habits, imports, naming, structure
from .matching import matching_rules
from .rule import ERROR, RULES, Rule

FAMILIES = (structure, naming, dependencies, imports, habits)  # importing them fills RULES


class Finding(NamedTuple):
    """One thing to put right, and its place."""

    code: str
    name: str
    severity: str
    path: str  # relative to the project's root, with slashes
    line: int
    column: int
    message: str


def check(project: Project, catalog: Catalog) -> list[Finding]:
    """Return every finding, by place."""
    findings = {
        Finding(rule.code, rule.name, rule.severity, *breach)
        for rule in RULES.values()
        for breach in rule.check(project, catalog)
    }
    return sorted(
        findings, key=lambda finding: (finding.path, finding.line, finding.column, finding)
    )


def filter_findings(
    project: Project,
    findings: list[Finding],
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> list[Finding]:
    """Leave out the warnings that are ignored or not selected; errors always stay.

    Args:
        project: Its [tool.polster] may ignore some warnings as well.
        findings: What `check` returned.
        select: Codes, beginnings of codes, or names of rules; empty means all.
        ignore: The same.

    Raises:
        UsageError: There is no such rule, or `ignore` names an error.
    """
    shown = {rule.code for word in select for rule in _rules_called(word)} or set(RULES)
    for word in ignore:
        for rule in _rules_called(word):
            if rule.is_error:
                raise UsageError(
                    f"{word} cannot be ignored: {rule.code} {rule.name} is an error, and errors "
                    "are what the project enforces. Only warnings can be ignored."
                )
    for word in (*project.ignore, *ignore):
        shown -= {rule.code for rule in matching_rules(word)}
    return [finding for finding in findings if finding.severity == ERROR or finding.code in shown]


def explain(word: str) -> str:
    """Return the explanation of a rule, or of each rule of a family.

    Raises:
        UsageError: There is no such rule.
    """
    entries = []
    for rule in _rules_called(word):
        explanation = rule.explanation.replace("\n\n", "\n").replace("\n", "\n  ")
        entries.append(f"{rule.code} {rule.name} ({rule.severity}): {explanation}")
    return "\n\n".join(entries)


def _rules_called(word: str) -> list[Rule]:
    """Return the rules that a word on the command line means."""
    rules = matching_rules(word)
    if rules:
        return rules
    from difflib import get_close_matches

    close = get_close_matches(word.lower(), [rule.name for rule in RULES.values()], 1)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise UsageError(f"There is no rule {word!r}.{hint} `validate --explain POL` shows all rules.")
