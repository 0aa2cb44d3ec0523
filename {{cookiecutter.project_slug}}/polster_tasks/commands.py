"""add-asset and remove-asset as conversations: ask for what is missing, show the plan, apply it."""

import argparse
import sys

from .journal import Change, apply, locked
from .layers import LAYERS
from .project import Project, UsageError
from .selection import ask, ask_until, choose, interactive


def add_asset(project: Project, arguments: argparse.Namespace) -> int:
    """Add one asset, asking on a terminal for what is missing."""
    from .scaffold import plan_add, split_names

    if arguments.template == "list":
        return list_templates(project, arguments.layer)
    layer, name, dependencies, description = _complete(project, arguments)

    def plan() -> Change:
        names = split_names(dependencies or "")
        return plan_add(project, layer, name, names, description, arguments.template)

    change = plan()
    if arguments.dry_run:
        print("Would write:", *(f"  {file}" for file in change.files), sep="\n")
    else:
        with locked(project):
            change = plan()
            apply(project, change)
        print(f"Added {change.keys[0]}:", *(f"  {file}" for file in change.files), sep="\n")
    if arguments.verbose:
        for path, text in change.writes:
            print(f"\n--- {path}\n{text}", end="")
    for note in change.notes:
        print(note, file=sys.stderr)
    if not arguments.dry_run:
        print(
            f"Next: edit {change.files[-1]}, then run it: python run_polster.py --asset {change.keys[0]}"
        )
    return 0


def list_templates(project: Project, layer: str | None) -> int:
    """Print the templates of a layer, or of all, one line each."""
    from .rendering import templates

    for each in [layer] if layer else LAYERS:
        for template in templates(project, each).values():
            print(f"{each:8}{template.name:16}{template.summary}")
    return 0


def _complete(
    project: Project, arguments: argparse.Namespace
) -> tuple[str, str, str | None, str | None]:
    """Return layer, name, dependencies and description, asking for what is missing.

    Raises:
        UsageError: something is missing and nobody can be asked.
    """
    from .scaffold import asset_name, available

    layer, name, dependencies = arguments.layer, arguments.name, arguments.dependencies
    description = arguments.description
    missing = [f"--{x}" for x in ("layer", "name") if getattr(arguments, x) is None]
    if layer and LAYERS[layer].upstream and dependencies is None:
        missing.append("--dependencies")
    if not missing:
        return layer, name, dependencies, description
    if not interactive():
        raise UsageError(f"add-asset needs {' and '.join(missing)}.")
    if not layer:
        chosen, _ = choose("Layers:", "Select a layer:", list(LAYERS), one=True)
        layer = list(LAYERS)[chosen[0]]
    if name is None:
        name = ask_until("Name of the asset:", lambda answer: asset_name(layer, answer.strip()))
    upstream = LAYERS[layer].upstream
    if upstream and dependencies is None:
        offered = available(project, layer)
        if offered:
            chosen, _ = choose(
                f"Available {upstream.title()} assets to depend on:",
                "Select dependencies (comma-separated numbers):",
                [short for short, _ in offered],
            )
            dependencies = ",".join(offered[index][1] for index in chosen)
    if description is None and (arguments.layer is None or arguments.name is None):
        description = ask("Description (empty for none):") or None
    return layer, name, dependencies, description
