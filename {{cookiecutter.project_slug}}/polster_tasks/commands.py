"""add-asset and remove-asset as conversations: ask for what is missing, show, apply."""

import argparse
import sys
from collections.abc import Callable, Iterable

from .journal import Change, apply, locked
from .layers import LAYERS
from .project import Project, Refusal, UsageError
from .selection import ask, ask_until, choose, interactive


def add_asset(project: Project, arguments: argparse.Namespace) -> int:
    """Add one asset, asking on a terminal for what is missing."""
    from .rendering import template_list
    from .scaffold import plan_add, split_names

    if arguments.template == "list":
        print(template_list(project.root, arguments.layer), end="")
        return 0
    layer, name, dependencies, description = _complete(project, arguments)
    names = split_names(dependencies or "")

    def plan() -> Change:
        return plan_add(project, layer, name, names, description, arguments.template)

    change = _carry_out(project, arguments, plan, ("Would write", "Added"))
    if arguments.verbose:
        for path, text in change.writes:
            print(f"\n--- {path}\n{text}", end="")
    if not arguments.dry_run:
        sample = f"put your data into {change.files[0]}, " if len(change.files) > 2 else ""
        print(f"Next: {sample}edit {change.files[-1]}, then run it:", file=sys.stderr)
        print(f"  python run_polster.py --asset {change.keys[0]}", file=sys.stderr)
    return 0


def remove_asset(project: Project, arguments: argparse.Namespace) -> int:
    """Remove assets with their tests, after confirmation."""
    from .catalog import read_catalog
    from .removal import find_keys, plan_remove

    force, keys, everything = arguments.force, None, False
    if arguments.name is None:
        keys, everything = _choose_targets(project, arguments.layer)

    def plan() -> Change:
        catalog = read_catalog(project)
        chosen = keys or find_keys(catalog, arguments.layer, arguments.name)
        return plan_remove(project, catalog, chosen, force=force)

    confirm = None if arguments.yes or force else lambda change: _confirm(change, everything)
    change = _carry_out(project, arguments, plan, ("Would remove", "Removed"), confirm)
    if change.broken:
        verb = "would no longer load" if arguments.dry_run else "no longer loads"
        print(f"The project {verb}:\n{_indented(change.broken)}", file=sys.stderr)
    if not arguments.dry_run:
        print("To put it back: remove-asset --undo", file=sys.stderr)
    return 0


def undo_removal(project: Project, arguments: argparse.Namespace) -> int:
    """Put back the last removal."""
    from .catalog import read_catalog
    from .removal import plan_undo

    def plan() -> Change:
        return plan_undo(project, read_catalog(project), force=arguments.force)

    _carry_out(project, arguments, plan, ("Would restore", "Restored"))
    return 0


def _carry_out(
    project: Project,
    arguments: argparse.Namespace,
    plan: Callable[[], Change],
    verbs: tuple[str, str],
    confirm: Callable[[Change], None] | None = None,
) -> Change:
    """Plan; unless it is a dry run, confirm and apply; say what was done.

    What is applied is planned under the lock: while a person reads, the project may change.
    """
    if arguments.dry_run:
        change = plan()
    else:
        if confirm:
            confirm(plan())
        with locked(project):
            change = plan()
            apply(project, change)
    print(f"{verbs[not arguments.dry_run]} {', '.join(change.keys)}:\n{_indented(change.files)}")
    for note in change.notes:
        print(note, file=sys.stderr)
    return change


def _indented(lines: Iterable[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)


def _complete(
    project: Project, arguments: argparse.Namespace
) -> tuple[str, str, str | None, str | None]:
    """Return layer, name, dependencies and description, asking for what is missing."""
    from .scaffold import asset_name, available

    layer, name, dependencies = arguments.layer, arguments.name, arguments.dependencies
    description = arguments.description
    guided = layer is None or name is None
    missing = [f"--{option}" for option in ("layer", "name") if getattr(arguments, option) is None]
    if layer and LAYERS[layer].upstream and dependencies is None:
        missing.append("--dependencies")
    if layer and name is not None:
        name = asset_name(layer, name)
    if missing and not interactive():
        raise UsageError(f"add-asset needs {' and '.join(missing)}.")
    if layer is None:
        [index], _ = choose("Layers:", "Select a layer:", list(LAYERS), one=True)
        layer = list(LAYERS)[index]
    if name is None:
        name = ask_until("Name of the asset:", lambda answer: asset_name(layer, answer.strip()))
    upstream = LAYERS[layer].upstream
    if upstream and dependencies is None:
        offered = available(project, layer)
        chosen, _ = choose(
            f"Available {upstream.title()} assets to depend on:",
            "Select dependencies (comma-separated numbers):",
            [key.removeprefix(f"{upstream}_") for key in offered],
        )
        dependencies = ",".join(offered[index] for index in chosen)
    if guided and description is None:
        description = ask("Description (empty for none):") or None
    return layer, name, dependencies, description


def _choose_targets(project: Project, layer: str | None) -> tuple[list[str], bool]:
    """Let a person choose what to remove; say also whether the answer was `all`."""
    from .catalog import read_catalog

    if not interactive():
        raise UsageError("remove-asset needs --name, or --undo.")
    keys = [asset.key for asset in read_catalog(project).assets if layer in (None, asset.layer)]
    if not keys:
        raise Refusal("There are no assets to remove.")
    chosen, everything = choose("Assets:", "Select assets to remove (1,3 or 2-4 or all):", keys)
    return [keys[index] for index in chosen], everything


def _confirm(change: Change, everything: bool) -> None:
    """Let a person confirm a removal, or refuse it."""
    if not interactive():
        raise UsageError(
            "Off a terminal a removal needs --yes, or --force to skip the dependency checks too."
        )
    print(f"This will remove:\n{_indented(change.files)}", file=sys.stderr)
    word = "REMOVE_ALL_ASSETS" if everything else "CONFIRM" if len(change.keys) > 3 else None
    question = f"Type {word} to go on:" if word else f"Remove {', '.join(change.keys)}? [y/N]"
    answer = ask(question).strip()
    if answer != word if word else answer.lower() not in ("y", "yes"):
        raise Refusal("Declined; nothing was changed.")
