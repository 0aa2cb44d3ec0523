"""add-asset and remove-asset as conversations: ask for what is missing, show, apply."""

import sys
from argparse import Namespace
from collections.abc import Callable, Iterable

from .journal import Change, apply, locked
from .layers import LAYERS
from .project import Project, Refusal, UsageError
from .selection import ask, choose, interactive

_DONE = {"add": "Added", "remove": "Removed", "undo": "Restored"}


def add_asset(project: Project, arguments: Namespace) -> int:
    """Add one asset, asking on a terminal for what is missing."""
    from .rendering import template_list
    from .scaffold import plan_add

    if arguments.template == "list":
        print(template_list(project.root, arguments.layer), end="")
        return 0
    wanted = _complete(project, arguments)
    change = _carry_out(project, arguments, lambda: plan_add(project, *wanted, arguments.template))
    if arguments.verbose:
        for path, text in zip(change.files, change.texts, strict=True):
            print(f"\n--- {path}\n{text}", end="")
    if not arguments.dry_run:
        run = f"python run_polster.py --asset {change.keys[0]}"
        print(f"Next: edit {change.files[-1]}, then run it:\n  {run}", file=sys.stderr)
    return 0


def remove_asset(project: Project, arguments: Namespace) -> int:
    """Remove assets with their tests, after confirmation; or put the last ones back."""
    from .building import read_catalog
    from .removal import find_keys, plan_remove, plan_undo

    keys, everything, layer = None, False, arguments.layer
    if arguments.undo and arguments.name:
        raise UsageError("--undo puts back all of the last removal: leave --name out.")
    if arguments.name is None and not arguments.undo:
        if not interactive():
            raise UsageError("remove-asset needs --name, or --undo.")
        known = [
            asset.key for asset in read_catalog(project).assets if layer in (None, asset.layer)
        ]
        if not known:
            raise Refusal("There are no assets to remove.")
        keys, everything = choose("Assets:", "Select assets (1,3 or 2-4 or all):", known)

    def plan() -> Change:
        catalog = read_catalog(project)
        if arguments.undo:
            return plan_undo(project, catalog, force=arguments.force)
        chosen = keys or find_keys(catalog, layer, arguments.name)
        return plan_remove(project, catalog, chosen, force=arguments.force)

    if not (arguments.undo or arguments.dry_run or arguments.yes or arguments.force):
        _confirm(plan(), everything)
    change = _carry_out(project, arguments, plan)
    if change.broken:
        verb = "would no longer load" if arguments.dry_run else "no longer loads"
        print(f"The project {verb}:\n{_indented(change.broken)}", file=sys.stderr)
    if not (arguments.undo or arguments.dry_run):
        print("To put it back: remove-asset --undo", file=sys.stderr)
    return 0


def _carry_out(project: Project, arguments: Namespace, plan: Callable[[], Change]) -> Change:
    """Plan; apply unless it is a dry run; say what was done.

    What is applied is planned under the lock: while a person reads, the project may change.
    """
    if arguments.dry_run:
        change = plan()
    else:
        with locked(project):
            change = plan()
            apply(project, change)
    verb = f"Would {change.action}" if arguments.dry_run else _DONE[change.action]
    print(f"{verb} {', '.join(change.keys)}:\n{_indented(change.files)}")
    for note in change.notes:
        print(note, file=sys.stderr)
    return change


def _indented(lines: Iterable[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)


def _complete(project: Project, arguments: Namespace) -> tuple[str, str, list[str], str]:
    """Return layer, name, dependencies and description, asking for what is missing."""
    from .scaffold import asset_name, available, split_names

    layer, name, dependencies = arguments.layer, arguments.name, arguments.dependencies
    description = arguments.description
    wanted = {"--layer": layer, "--name": name}
    if layer and LAYERS[layer].upstream:
        wanted["--dependencies"] = dependencies
    missing = [option for option, value in wanted.items() if value is None]
    if missing and not interactive():
        raise UsageError(f"add-asset needs {' and '.join(missing)}.")
    layer = layer or ask(f"Layer ({', '.join(LAYERS)}):", _layer)
    if name is None:
        name = ask("Name of the asset:", lambda answer: asset_name(layer, answer))
    name, below = asset_name(layer, name), LAYERS[layer].upstream
    if below and dependencies is None:
        chosen, _ = choose(
            f"Available {below.title()} assets to depend on:",
            "Select dependencies (comma-separated numbers):",
            [key.removeprefix(f"{below}_") for key in available(project, layer)],
        )
        dependencies = ",".join(chosen)
    if {"--layer", "--name"} & {*missing} and description is None:
        description = ask("Description (empty for none):", str)
    return layer, name, split_names(dependencies or ""), description or ""


def _layer(answer: str) -> str:
    if answer not in LAYERS:
        raise UsageError(f"{answer!r} is no layer.")
    return answer


def _confirm(change: Change, everything: bool) -> None:
    """Let a person confirm a removal, or refuse it."""
    if not interactive():
        raise UsageError(
            "Off a terminal a removal needs --yes, or --force to skip the dependency checks too."
        )
    print(f"This will remove:\n{_indented(change.files)}", file=sys.stderr)
    word = "REMOVE_ALL_ASSETS" if everything else "CONFIRM" if len(change.keys) > 3 else None
    question = f"Type {word} to go on:" if word else f"Remove {', '.join(change.keys)}? [y/N]"
    answer = ask(question, str)
    if answer != word if word else answer.lower() not in ("y", "yes"):
        raise Refusal("Declined; nothing was changed.")
