"""Ask on a terminal for what the command line left out; without one, it is an error."""

from argparse import Namespace
from functools import partial

from .changing.adding import NewAsset, asset_name, available
from .changing.change import Change
from .layers import LAYERS
from .project import Project, Refusal, UsageError
from .streams import say
from .terminal import Choice, ask, choose, need_terminal, split_names

FEW = 3  # assets that a plain yes removes


def complete_asset(project: Project, arguments: Namespace) -> NewAsset:
    """Return what is to be added, and ask for what is missing."""
    layer = arguments.layer
    name = arguments.name
    description = arguments.description
    asked = not layer or not name
    if not layer:
        need_terminal("--layer")
        layer = ask(f"Layer ({', '.join(LAYERS)}):", _read_layer)
    if not name:
        need_terminal("--name")
        name = ask("Name of the asset:", partial(asset_name, layer))
    name = asset_name(layer, name)
    dependencies = split_names(arguments.dependencies or "")
    if LAYERS[layer].upstream and not dependencies:
        need_terminal("--dependencies")
        dependencies = _choose_dependencies(project, layer)
    if description is None and asked:
        description = ask("Description (empty for none):", str)
    return NewAsset(layer, name, dependencies, description or "", arguments.template)


def choose_assets(project: Project, layer: str | None) -> Choice:
    """Let a person choose the assets to remove, by their keys."""
    from .reading.assets import read_catalog

    need_terminal("--name (or --undo)")
    assets = read_catalog(project).assets
    keys = [asset.key for asset in assets if layer in (None, asset.layer)]
    if not keys:
        raise Refusal("There are no assets to remove.")
    return choose("Assets:", "Select assets (1,3 or 2-4 or all):", keys)


def confirm_removal(change: Change, everything: bool) -> None:
    """Let a person confirm a removal.

    Raises:
        Refusal: it was declined.
    """
    need_terminal("--yes (or --force)")
    say("\n  ".join(["This will remove:", *change.files]))
    if everything:
        confirmed = _type_word("REMOVE_ALL_ASSETS")
    elif len(change.keys) > FEW:
        confirmed = _type_word("CONFIRM")
    else:
        answer = ask(f"Remove {', '.join(change.keys)}? [y/N]", str)
        confirmed = answer.lower() in ("y", "yes")
    if not confirmed:
        raise Refusal("Declined; nothing was changed.")


def _type_word(word: str) -> bool:
    return ask(f"Type {word} to go on:", str) == word


def _choose_dependencies(project: Project, layer: str) -> list[str]:
    from .reading.assets import read_catalog

    below = LAYERS[layer].upstream
    keys = available(project, read_catalog(project), layer)
    names = [key.removeprefix(f"{below}_") for key in keys]
    title = f"Available {below.title()} assets to depend on:"
    return choose(title, "Select dependencies (comma-separated numbers):", names).items


def _read_layer(answer: str) -> str:
    if answer not in LAYERS:
        raise UsageError(f"{answer!r} is not a layer.")
    return answer
