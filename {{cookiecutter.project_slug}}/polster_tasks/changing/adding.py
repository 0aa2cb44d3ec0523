"""Plan a new asset: its name, its dependencies, its files. Nothing is written here."""

import keyword
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..advice import command_line, run_command
from ..layers import LAYERS, dependency_error, layer_of_name
from ..project import Project, Refusal, UsageError, leads_outside
from .change import Change, Move
from .paths import STAGE, leads_through_link
from .rendering import render

if TYPE_CHECKING:  # the usual case reads no catalog, and does not wait for its import
    from ..reading.catalog import Catalog

LONGEST = 60  # characters in a name: file systems, tables and graphs stay readable
SAMPLE = "id,note\n" + "".join(f'{n},"sample row, replace this file"\n' for n in (1, 2, 3))

_NAME = re.compile("[a-z][a-z0-9_]*")
_WINDOWS_DEVICE = re.compile(r"aux|con|nul|prn|(com|lpt)\d")
_SURROGATE = re.compile("[\ud800-\udfff]")  # a byte that the terminal could not decode


class NewAsset(NamedTuple):
    """What a person wants to add, as it was typed."""

    layer: str
    name: str  # with or without the layer's prefix
    dependencies: Sequence[str] = ()  # names of assets in the layer below, likewise
    description: str = ""  # empty: the words of the name
    template: str = "default"


def asset_name(layer: str, text: str) -> str:
    """Return an asset's name without its layer's prefix, `orders` for `bronze_orders`.

    Raises:
        UsageError: the text cannot name an asset.
    """
    name = text.removeprefix(f"{layer}_")
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise UsageError(
            f"{text!r} is not a name for an asset: use lowercase letters, digits and underscores, "
            f"a letter first, at most {LONGEST} characters."
        )
    prefix = layer_of_name(name)
    if prefix:
        advice = f"leave {prefix}_ out, or choose --layer {prefix}"
        raise UsageError(f"{name!r} begins with a layer's name: {advice}.")
    if keyword.iskeyword(name):
        raise UsageError(f"{name!r} is a keyword of Python: choose another, such as {name}_data.")
    if _WINDOWS_DEVICE.fullmatch(name):
        raise UsageError(f"{name!r} is reserved on Windows: choose another, such as {name}_data.")
    return name


def available(project: Project, catalog: "Catalog", layer: str) -> list[str]:
    """Return the keys that an asset of a layer may depend on.

    Raises:
        Refusal: there are none.
    """
    below = LAYERS[layer].upstream
    # A parameter's name is the dependency, so only a key that can be one is of use.
    keys = [asset.key for asset in catalog.in_layer(below) if asset.key.isidentifier()]
    if not keys:
        command = command_line(project, f"add-asset --layer {below} --name NAME")
        raise Refusal(f"There is no {below} asset yet. Add one first: {command}")
    return sorted(keys)


def plan_add(project: Project, wanted: NewAsset) -> Change:
    """Plan an asset's file, its test and, for bronze, a sample of landing data.

    Raises:
        UsageError: the command line alone is unacceptable.
        Refusal: the asset exists, or may not depend on what it names.
    """
    layer = wanted.layer
    name = asset_name(layer, wanted.name)
    key = f"{layer}_{name}"
    upstreams = _find_upstreams(project, wanted, key)
    if _SURROGATE.search(wanted.description):
        raise UsageError("The description is not text: the terminal could not decode it.")
    _refuse_existing(project, layer, name)

    description = wanted.description or name.replace("_", " ").capitalize() + "."
    rendered = render(project, wanted.template, layer, name, upstreams, description)
    files: dict[Path, str] = {}
    notes: list[str] = []
    if layer == "bronze":
        files[project.landing_path(name)] = SAMPLE
    files[project.test_path(layer, name)] = rendered.test
    files[project.asset_path(layer, name)] = rendered.asset  # last: it commits the change

    moves: list[Move] = []
    contents: dict[str, str] = {}
    for file, text in files.items():
        path = project.relative(file)
        if os.path.lexists(file):
            notes.append(f"{path} was there already, so it stays as it is.")
        elif text is SAMPLE and leads_through_link(project.root, path):
            folder = project.relative(file.parent)
            notes.append(f"{folder} is a link, so no sample was written: put {file.name} there.")
        else:
            staged = f"{STAGE}/{len(moves)}"
            moves.append(Move(staged, path))
            contents[staged] = text
    return Change(
        action="add",
        keys=(key,),
        moves=tuple(moves),
        contents=contents,
        notes=tuple(notes),
        advice=f"Next: edit {moves[-1].target}, then run it:\n  {run_command(key)}",
    )


def _refuse_existing(project: Project, layer: str, name: str) -> None:
    """Refuse a name whose file, or whose folder of the same name, is there already."""
    file = project.asset_path(layer, name)
    package = file.with_suffix("")
    if os.path.lexists(file):
        command = command_line(project, f"remove-asset --layer {layer} --name {name}")
        raise Refusal(
            f"{layer}_{name} exists already: {project.relative(file)}. "
            f"Choose another name, or remove it first: {command}"
        )
    if package.is_dir():
        raise Refusal(
            f"{project.relative(package)}/ is in the way of {file.name}. Choose another name."
        )


def _find_upstreams(project: Project, wanted: NewAsset, key: str) -> list[str]:
    """Return the keys of the dependencies, each once, in the order in which they were typed."""
    upstreams: list[str] = []
    for dependency in wanted.dependencies:
        upstream = _find_upstream(project, wanted.layer, key, dependency)
        if upstream not in upstreams:
            upstreams.append(upstream)
    if LAYERS[wanted.layer].upstream and not upstreams:
        raise UsageError(f"A {wanted.layer} asset needs a dependency: --dependencies NAME,NAME.")
    return upstreams


def _find_upstream(project: Project, layer: str, key: str, name: str) -> str:
    """Return the key that a typed dependency means, or refuse it with the reason."""
    below = LAYERS[layer].upstream
    if not below:
        rule = f"{layer} may depend on nothing but external sources"
        raise Refusal(f"{key} cannot depend on {name}: {rule}. Leave --dependencies out.")
    short = name.removeprefix(f"{below}_")
    full = f"{below}_{short}"
    if _is_defined_in_its_file(project, below, short):
        return full

    from ..reading.assets import read_catalog

    catalog = read_catalog(project)
    keys = available(project, catalog, layer)
    for candidate in (full, name, *(f"{other}_{name}" for other in LAYERS)):
        if candidate in keys:
            return candidate
        found = catalog.find(candidate)
        reason = found and found.layer and dependency_error(key, layer, found.key, found.layer)
        if reason:
            raise Refusal(reason)
    command = command_line(project, f"list-assets --layer {below}")
    raise Refusal(f"There is no {below} asset {name!r}. To list them: {command}")


def _is_defined_in_its_file(project: Project, layer: str, name: str) -> bool:
    """Tell, from the one file in which it usually is, whether an asset exists."""
    key = f"{layer}_{name}"
    if not key.isidentifier():
        return False
    file = project.asset_path(layer, name)
    if leads_outside(project.root, file):
        return False
    return file.is_file() and f"\ndef {key}(".encode() in file.read_bytes()
