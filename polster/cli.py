"""The command line: arguments in, one call, an exit status out."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click

from polster.errors import Refusal
from polster.handover import RUN_COMMANDS, TASK_COMMANDS, find_project, hand_over
from polster.template import version
from polster.terminal import Output

STARTERS = ("standard", "ecommerce", "minimal")
CI = ("github", "gitlab", "azure", "none")
EPILOG = """\
add-asset, list-assets, remove-asset, validate, run, ui and status are the project's own:
inside a project, `polster COMMAND --help` shows their options.

Completion: eval "$(_POLSTER_COMPLETE=bash_source polster)", or zsh_source; in fish,
_POLSTER_COMPLETE=fish_source polster | source."""


class Options(NamedTuple):
    """The options before a command.

    Attributes:
        start: Where to look for the project.
        verbose: Show more.
        bundled: Run this package's polster_tasks instead of the project's.
    """

    start: Path | None
    verbose: bool
    bundled: bool


class HandOver(click.Command):
    """A command of the project: nothing of its arguments is parsed, not even --help."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the arguments as they came."""
        ctx.args = list(args)
        return []

    def invoke(self, ctx: click.Context) -> Callable[[], int]:
        """Return what is to be done once click, which has its own way with signals, is gone."""
        return partial(self.take_over, ctx, ctx.obj)

    def take_over(self, ctx: click.Context, options: Options) -> int:
        """Hand over; outside a project, --help is this command's own."""
        asked_for_help = ctx.args[:1] in (["--help"], ["-h"])
        try:
            find_project(options.start)
        except Refusal:
            if not asked_for_help:
                raise
            click.echo(ctx.get_help())
            return 0
        return hand_over(
            str(self.name),
            ctx.args,
            options.start,
            verbose=options.verbose,
            bundled=options.bundled,
        )


def show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Print the version and end."""
    if wanted and not ctx.resilient_parsing:
        click.echo(f"polster {version()}")
        ctx.exit()


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_version,
    help="Show the version and exit.",
)
@click.option(
    "--project",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="The project's folder, or one in it  [default: the current folder]",
)
@click.option("--verbose", is_flag=True, help="Show more, tracebacks included.")
@click.option(
    "--bundled",
    is_flag=True,
    help="Use the polster_tasks of this polster: no code of the project runs.",
)
@click.pass_context
def cli(ctx: click.Context, project: Path | None, verbose: bool, bundled: bool) -> None:
    """Make and keep Dagster + Polars projects whose Medallion Architecture is enforced."""
    ctx.obj = Options(project, verbose, bundled)


@cli.command()
@click.argument("name", required=False)
@click.option("--template", "starter", type=click.Choice(STARTERS), help="What to start from.")
@click.option("--ci", type=click.Choice(CI), help="Continuous integration.")
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where to make the project's folder  [default: the current folder]",
)
@click.option("--description", help="One sentence about the pipeline.")
@click.option("--no-input", is_flag=True, help="Ask nothing, also on a terminal.")
@click.option("--git/--no-git", default=False, help="Make it a git repository  [default: no]")
@click.option("--dry-run", is_flag=True, help="List the files, write nothing.")
@click.pass_obj
def init(obj, name, output_dir, no_input, git, dry_run, **given):
    """Make a project in ./NAME from the template."""
    from polster.create import ask, create

    answers = {key: value for key, value in given.items() if value is not None}
    if name is not None:
        answers |= {"project_name": name, "project_slug": name}
    if not no_input and sys.stdin.isatty() and sys.stdout.isatty():
        questions = {"project_name", "project_slug", *given} - answers.keys()
        answers |= ask(questions) if questions else {}
    elif name is None:
        raise Refusal("The project needs a name: `polster init my_project`.", 2)
    target, files = create(answers, output_dir, git, dry_run, obj.verbose)
    output = Output()
    if dry_run:
        output.show(f"Would make {target} with {len(files)} files:")
        for file in files:
            output.show(f"  {file}")
    else:
        for line in next_steps(target, files):
            output.show(line)
    output.check()


def next_steps(target: Path, files: Iterable[str]) -> Iterator[str]:
    """Yield what was made and the next three commands, as they work here."""
    from polster.door import own_command, quoted

    polster = own_command()
    folder = os.path.relpath(target) if os.name != "nt" else str(target)
    has_assets = any(file.startswith("tests/bronze/") for file in files)
    second = "list-assets" if has_assets else "add-asset --layer bronze --name raw_orders"

    yield f"Made {target}. Next:"
    yield ""
    yield f"  cd {quoted(folder)}"
    yield f"  {polster} {second}"
    yield f"  {polster} ui"
    yield ""


@cli.command()
@click.argument("paths", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Show what would change, write nothing.")
@click.option("--verbose", is_flag=True, help="Show the lines that change.")
@click.option(
    "--force",
    is_flag=True,
    help="Also replace files that you edited, bring back those that you deleted, and accept an "
    "earlier release; with PATHS, only these files or folders.",
)
@click.option("--undo", is_flag=True, help="Take the last upgrade back; again, the one before it.")
@click.pass_obj
def upgrade(obj, paths, dry_run, verbose, force, undo):
    """Bring the project's files to this release of the template.

    Files that you edited or deleted stay as they are, and the new text of an edited one is laid
    under .polster/upgrade/. Your assets and their tests are never touched. All or nothing; what
    was replaced is kept for --undo.
    """
    from polster.upgrading import upgrade as upgrading
    from polster.upgrading.plan import Force, ForcedPath

    if undo and (force or paths):
        raise Refusal("--undo takes back all of the last upgrade: leave --force and PATHS out.", 2)
    if paths and not force:
        raise Refusal("PATHS go with --force: give both, or neither.", 2)
    root = find_project(obj.start)
    output = Output()
    if undo:
        upgrading.undo(root, dry_run=dry_run, say=output.show)
        output.check()
        return
    verbose = verbose or obj.verbose
    wanted = Force(force, tuple(ForcedPath.typed(path, root) for path in paths))
    upgrading.upgrade(root, wanted, dry_run=dry_run, verbose=verbose, say=output.show)
    output.check()


for _name, _help in TASK_COMMANDS.items():
    cli.add_command(HandOver(_name, help=_help))
for _name, (_help, _) in RUN_COMMANDS.items():
    cli.add_command(HandOver(_name, help=_help))
