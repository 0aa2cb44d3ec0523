"""Check a project against every rule, leave out what is ignored, explain a rule."""

from . import rules_files, rules_graph, rules_habits, rules_imports  # noqa: F401
from .catalog import Catalog
from .findings import RULES, Finding, Rule, View
from .project import Project, UsageError
from .rules_files import matching
from .source import without_indentation

__all__ = ["RULES", "Finding", "check", "explain", "filter_findings"]


def check(project: Project, catalog: Catalog) -> list[Finding]:
    """Return every finding, by place."""
    view = View(
        project,
        catalog,
        {asset.key: asset for asset in reversed(catalog.assets)},
        {source.key: source for source in catalog.sources},
        frozenset(
            dependency.key
            for one in (*catalog.assets, *catalog.checks)
            for dependency in one.dependencies
            if dependency.how != "asset"
        ),
    )
    findings = {
        Finding(rule.code, rule.name, rule.severity, *place)
        for rule in RULES.values()
        for place in rule.find(view)
    }
    return sorted(findings, key=lambda one: one[3:6] + one[:1] + one[6:])


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
        select: codes, beginnings of codes, or names of the warnings to keep; empty keeps all.
        ignore: the same of the warnings to leave out.

    Raises:
        UsageError: no rule is called so, or `ignore` names an error.
    """
    kept = {code for word in select for code in _named(word)} or set(RULES)
    dropped: set[str] = set()
    for word in ignore:
        codes = _named(word)
        errors = [code for code in codes if RULES[code].severity == "error"]
        if errors:
            raise UsageError(
                f"{word} cannot be ignored: {errors[0]} {RULES[errors[0]].name} is an error, and "
                f"errors are what the project enforces. Only warnings can be ignored."
            )
        dropped.update(codes)
    for word in project.ignore:
        dropped.update(code for code in matching(word) if RULES[code].severity == "warning")
    return [
        one
        for one in findings
        if one.severity == "error" or (one.code in kept and one.code not in dropped)
    ]


def explain(code_or_name: str) -> str:
    """Return a rule's explanation with a bad and a good example.

    Raises:
        UsageError: there is no such rule.
    """
    return "\n\n".join(_explanation(RULES[code]) for code in _named(code_or_name))


def _explanation(rule: Rule) -> str:
    text = without_indentation(rule.find.__doc__ or "")
    return f"{rule.code} {rule.name} ({rule.severity})\n\n{text}"


def _named(word: str) -> list[str]:
    codes = matching(word)
    if not codes:
        known = ", ".join(f"{rule.code} {rule.name}" for rule in RULES.values())
        raise UsageError(f"There is no rule {word!r}. There are: {known}.")
    return codes
