"""The four commands: each takes the project and its arguments, and returns the exit status."""

from argparse import Namespace
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from . import report
from .changing.interrupted import note_interrupted
from .project import Project, UsageError
from .streams import printable, say, show
from .terminal import split_names

if TYPE_CHECKING:  # commands that change nothing do not wait for these imports
    from .changing.change import Action, Change

DONE: "dict[Action, str]" = {"add": "Added", "remove": "Removed", "undo": "Restored"}
PLANNED: "dict[Action, str]" = {
    "add": "Would add",
    "remove": "Would remove",
    "undo": "Would restore",
}


def add_asset(project: Project, arguments: Namespace) -> int:
    """Write an asset, its test and, for bronze, a sample of landing data."""
    from .changing.adding import plan_add
    from .changing.rendering import template_list
    from .questions import complete_asset

    if arguments.template == "list":
        show(printable(template_list(project.root, arguments.layer).rstrip("\n")))
        return 0
    _begin(project, arguments)
    wanted = complete_asset(project, arguments)
    return _carry_out(project, arguments, partial(plan_add, project, wanted))


def remove_asset(project: Project, arguments: Namespace) -> int:
    """Remove assets with their tests, or put the last removal back."""
    from .changing.removing import plan_remove, plan_undo
    from .questions import choose_assets, confirm_removal

    names = arguments.name
    if arguments.undo and (names is not None or arguments.layer is not None):
        raise UsageError(
            "--undo puts back the whole of the last removal: give no --name or --layer."
        )
    _begin(project, arguments)
    if arguments.undo:
        plan = partial(plan_undo, project, force=arguments.force)
        return _carry_out(project, arguments, plan)

    everything = False
    if names is None:
        choice = choose_assets(project, arguments.layer)
        names = ",".join(choice.items)
        everything = choice.everything
    plan = partial(plan_remove, project, arguments.layer, names, force=arguments.force)
    if not (arguments.dry_run or arguments.yes or arguments.force):
        confirm_removal(plan(), everything)
    return _carry_out(project, arguments, plan)


def list_assets(project: Project, arguments: Namespace) -> int:
    """Show the assets and what they depend on."""
    from .reading.assets import read_catalog

    _note_interrupted(project)
    found = read_catalog(project)
    for sentence in found.unreadable:
        say(sentence)
    shown = tuple(asset for asset in found.assets if arguments.layer in (None, asset.layer))
    if not shown and arguments.format == "table":
        show(report.no_assets(project, arguments.layer))
    else:
        show(report.ASSET_FORMATS[arguments.format](shown))
    return 0


def validate(project: Project, arguments: Namespace) -> int:
    """Check names, layers, dependencies, imports and habits."""
    from .reading.assets import read_catalog
    from .rules import registry

    if arguments.explain:
        show(registry.explain(arguments.explain))
        return 0
    _note_interrupted(project)
    found = read_catalog(project)
    select, ignore = split_names(arguments.select), split_names(arguments.ignore)
    findings = registry.filter_findings(project, registry.check(project, found), select, ignore)
    show(report.FINDING_FORMATS[arguments.format](findings, len(found.assets)))
    return int(any(arguments.strict or finding.severity == "error" for finding in findings))


def _begin(project: Project, arguments: Namespace) -> None:
    """Complete what an interrupted command left; a dry run only says that there is something."""
    if arguments.dry_run:
        _note_interrupted(project)
        return
    from .changing.journal import complete_interrupted

    complete_interrupted(project)


def _note_interrupted(project: Project) -> None:
    note = note_interrupted(project)
    if note:
        say(note)


def _carry_out(project: Project, arguments: Namespace, plan: "Callable[[], Change]") -> int:
    """Plan, apply unless it is a dry run, and say what was done.

    What is applied is planned under the lock: while a person reads, the project may change.
    """
    from .changing.journal import apply, check, ready_to_change

    if arguments.dry_run:
        change = plan()
        check(project, change)
        heading = PLANNED[change.action]
    else:
        with ready_to_change(project):
            change = plan()
            apply(project, change)
        heading = DONE[change.action]
    files = "".join(f"\n  {path}" for path in change.files)
    show(printable(f"{heading} {', '.join(change.keys)}:{files}"))
    if arguments.verbose:
        _show_contents(change)
    for note in change.notes:
        say(note)
    if change.advice and not arguments.dry_run:
        say(change.advice)
    return 0


def _show_contents(change: "Change") -> None:
    for move in change.moves:
        if move.source in change.contents:
            show(f"\n--- {move.target}", change.contents[move.source].rstrip("\n"))
