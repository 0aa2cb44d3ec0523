"""The four commands: each takes the project and its arguments, and returns the exit status.

Their docstrings are what `--help` shows.
"""

import sys
from argparse import Namespace
from collections.abc import Callable
from functools import partial

from .changing.journal import Change, apply, locked
from .layers import LAYERS
from .project import Project, Refusal, UsageError
from .terminal import ask, choose, need_terminal, split_names

DONE = {"add": "Added", "remove": "Removed", "undo": "Restored"}


def add_asset(project: Project, arguments: Namespace) -> int:
    """Write an asset, its test and, for bronze, a sample.

    On a terminal, what is missing is asked for; off a terminal it is an error. For example:
    add-asset --layer silver --name orders --dependencies raw_orders --description "Clean orders"
    """
    from .changing.adding import plan_add
    from .changing.rendering import template_list

    if arguments.template == "list":
        print(template_list(project.root, arguments.layer), end="")
        return 0
    wanted = _complete(project, arguments)
    return _carry_out(project, arguments, partial(plan_add, project, *wanted, arguments.template))


def remove_asset(project: Project, arguments: Namespace) -> int:
    """Remove assets with their tests, or put the last ones back.

    Landing files and materialized data stay. Refused while others depend on what would go. On a
    terminal it asks: more than 3 assets need CONFIRM typed, `all` needs REMOVE_ALL_ASSETS. Off a
    terminal it needs --yes or --force.
    """
    from .changing.removing import plan_remove, plan_undo

    force, layer, names, everything = arguments.force, arguments.layer, arguments.name, False
    if arguments.undo and names:
        raise UsageError("--undo puts back all of the last removal: leave --name out.")
    if arguments.undo:
        return _carry_out(project, arguments, partial(plan_undo, project, force=force))
    if names is None:
        names, everything = _choose_assets(project, layer)
    plan = partial(plan_remove, project, layer, names, force=force)
    if not (arguments.dry_run or arguments.yes or force):
        _confirm(plan(), everything)
    return _carry_out(project, arguments, plan)


def list_assets(project: Project, arguments: Namespace) -> int:
    """Show the assets."""
    from . import report
    from .reading.assets import read_catalog

    found = read_catalog(project)
    for sentence in found.unreadable:
        print(sentence, file=sys.stderr)
    shown = tuple(asset for asset in found.assets if arguments.layer in (None, asset.layer))
    print(getattr(report, f"assets_{arguments.format}")(shown))
    return 0


def validate(project: Project, arguments: Namespace) -> int:
    """Check names, layers, dependencies, imports and habits."""
    from . import report
    from .reading.assets import read_catalog
    from .rules import registry

    if arguments.explain:
        print(registry.explain(arguments.explain))
        return 0
    found = read_catalog(project)
    select, ignore = (split_names(text) for text in (arguments.select, arguments.ignore))
    findings = registry.filter_findings(project, registry.check(project, found), select, ignore)
    print(getattr(report, f"findings_{arguments.format}")(findings, len(found.assets)))
    return int(any(arguments.strict or finding.severity == "error" for finding in findings))


def _carry_out(project: Project, arguments: Namespace, plan: Callable[[], Change]) -> int:
    """Plan; apply unless it is a dry run; say what was done.

    What is applied is planned under the lock: while a person reads, the project may change.
    """
    if arguments.dry_run:
        change = plan()
    else:
        with locked(project):
            change = plan()
            apply(project, change)
    verb = f"Would {change.action}" if arguments.dry_run else DONE[change.action]
    print(f"{verb} {', '.join(change.keys)}:", *change.files, sep="\n  ")
    if arguments.verbose:
        for path, text in zip(change.files, change.texts, strict=False):
            print(f"\n--- {path}\n{text}", end="")
    said = change.notes if arguments.dry_run else [*change.notes, change.advice]
    for sentence in filter(None, said):
        print(sentence, file=sys.stderr)
    return 0


def _complete(project: Project, arguments: Namespace) -> tuple[str, str, list[str], str]:
    """Return layer, name, dependencies and description; what is missing is asked for."""
    from .changing.adding import asset_name, available
    from .reading.assets import read_catalog

    layer, name, dependencies = arguments.layer, arguments.name, arguments.dependencies
    if not layer:
        need_terminal("--layer")
        layer = ask(f"Layer ({', '.join(LAYERS)}):", _layer)
    if not name:
        need_terminal("--name")
        name = ask("Name of the asset:", partial(asset_name, layer))
    name, below = asset_name(layer, name), LAYERS[layer].upstream
    if below and not dependencies:
        need_terminal("--dependencies")
        known = available(read_catalog(project), layer)
        keys = [key.removeprefix(f"{below}_") for key in known]
        title = f"Available {below.title()} assets to depend on:"
        chosen, _ = choose(title, "Select dependencies (comma-separated numbers):", keys)
        dependencies = ",".join(chosen)
    about = arguments.description
    if about is None and not (arguments.layer and arguments.name):
        about = ask("Description (empty for none):")
    return layer, name, split_names(dependencies or ""), about or ""


def _layer(answer: str) -> str:
    if answer not in LAYERS:
        raise UsageError(f"{answer!r} is no layer.")
    return answer


def _choose_assets(project: Project, layer: str | None) -> tuple[str, bool]:
    """Let a person choose what to remove; return the keys, and whether the answer was `all`."""
    from .reading.assets import read_catalog

    need_terminal("--name (or --undo)")
    assets = read_catalog(project).assets
    keys = [asset.key for asset in assets if layer in (None, asset.layer)]
    if not keys:
        raise Refusal("There are no assets to remove.")
    chosen, everything = choose("Assets:", "Select assets (1,3 or 2-4 or all):", keys)
    return ",".join(chosen), everything


def _confirm(change: Change, everything: bool) -> None:
    """Let a person confirm a removal, or refuse it."""
    need_terminal("--yes (or --force)")
    print("This will remove:", *change.files, sep="\n  ", file=sys.stderr)
    word = "REMOVE_ALL_ASSETS" if everything else "CONFIRM" if len(change.keys) > 3 else None
    question = f"Type {word} to go on:" if word else f"Remove {', '.join(change.keys)}? [y/N]"
    answer = ask(question)
    if answer != word if word else answer.lower() not in ("y", "yes"):
        raise Refusal("Declined; nothing was changed.")
