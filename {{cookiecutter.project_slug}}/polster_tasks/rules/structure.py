"""POL0xx: The project and its files."""

from collections.abc import Iterator

from ..layers import LAYERS
from ..project import Project
from ..reading.catalog import Catalog
from ..reading.module import Kind
from .matching import matching_rules
from .rule import ERROR, Breach, breach, rule

# What a project cannot load, or be enforced, without; folders end with a slash.
_NEEDED = (
    "definitions.py",
    "layers.py",
    "polster/__init__.py",
    "polster/medallion/enforcement.py",
    *(f"defs/{layer}/" for layer in LAYERS),
)


@rule("POL001", "missing-file", ERROR)
def missing_file(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """A file or folder is missing that the project needs to load, or to enforce its layers.

    Bad:   src/my_pipeline/layers.py deleted
    Good:  definitions.py, layers.py, polster/ and defs/bronze, defs/silver, defs/gold in place
    """
    for needed in _NEEDED:
        full = project.source / needed
        is_there = full.is_dir() if needed.endswith("/") else full.is_file()
        if not is_there:
            path = f"src/{project.package}/{needed.rstrip('/')}"
            message = f"{path} is missing. Restore it, from git or from a fresh project."
            yield Breach(path, 1, 1, message)


@rule("POL002", "bad-setting", ERROR)
def bad_setting(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """[tool.polster] has a setting that does not exist, or ignores an error.

    Bad:   ignore = ["wrong-layer"]      an error: it cannot be ignored
    Good:  ignore = ["no-description"]   a warning
    """
    messages = [f"{problem} Correct it, or remove it." for problem in project.problems]
    for word in project.ignore:
        rules = matching_rules(word)
        if not rules or any(one.is_error for one in rules):
            fix = "Only warnings can be ignored: correct it, or remove it."
            messages.append(f"[tool.polster] ignores {word!r}, which is not a warning. {fix}")
    for message in messages:
        yield Breach("pyproject.toml", 1, 1, message)


@rule("POL003", "unreadable-file", ERROR)
def unreadable_file(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """A file that is not readable, valid Python cannot be checked.

    A link that leads out of the project is not followed: what lies there is not the project's.

    Bad:   def silver_orders(bronze_orders:      also a wrong encoding, a folder called orders.py
    Good:  def silver_orders(bronze_orders):
    """
    for seen in catalog.observed(Kind.UNREADABLE):
        fix = "Make it a readable Python file."
        yield breach(seen, f"This cannot be read: {seen.text}. {fix}")
    for seen in catalog.observed(Kind.OUTSIDE_LINK):
        fix = "Replace it with what it leads to."
        yield breach(seen, f"This is not read: {seen.text}. {fix}")
    for seen in catalog.observed(Kind.SYNTAX_ERROR):
        yield breach(seen, f"This is not valid Python: {seen.text}. Correct it.")


@rule("POL004", "outside-layers", ERROR)
def outside_layers(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """An asset outside the three layer folders has no layer.

    Bad:   src/my_pipeline/defs/orders.py defines bronze_orders
    Good:  src/my_pipeline/defs/bronze/orders.py defines it
    """
    folders = ", ".join(f"defs/{layer}" for layer in LAYERS)
    for asset in catalog.assets:
        if not asset.layer:
            where = f"is defined outside {folders}"
            yield breach(asset, f"{asset.key} {where}: move its file into its layer's folder.")
