"""Find the rules that a word means, on the command line or in pyproject.toml."""

from .rule import RULES, Rule

_PREFIX = "POL"


def matching_rules(word: str) -> list[Rule]:
    """Return the rules of a code, of the beginning of a code (POL4), or of a name."""
    start, name = word.strip().upper(), word.strip().lower()
    in_order = sorted(RULES.values())
    if start.startswith(_PREFIX):
        return [rule for rule in in_order if rule.code.startswith(start)]
    return [rule for rule in in_order if rule.name == name]
