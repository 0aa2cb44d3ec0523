"""Find and parse the project's Python files; whatever is wrong with one becomes a Spot."""

import ast
import os
import warnings
from collections.abc import Iterator
from io import FileIO

from .module import Module, Spot
from .project import Project
from .source import Reader

Problem = tuple[str, Spot]  # a path, and what is wrong with the file
_YAML = ("defs.yaml", "defs.yml", "component.yaml")


def read_modules(project: Project) -> tuple[list[Module], list[Problem]]:
    """Return every module of the package, by path, and what could not be read."""
    modules: list[Module] = []
    problems: list[Problem] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for file, path in _files(project, problems):
            module = _read(project, file, path, problems)
            if module:
                modules.append(module)
    return modules, problems


def _files(project: Project, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    """Yield every Python file under src/<package>, with its path relative to the root."""
    folders, seen = [f"src/{project.package}"], {os.path.realpath(project.source)}
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(project.root / folder), key=lambda entry: entry.name)
        except OSError as error:
            problems.append((folder, Spot("unreadable", 1, 1, error.strerror or str(error))))
            continue
        for entry in entries:
            name, path = entry.name, f"{folder}/{entry.name}"
            if name.startswith(".") or name == "__pycache__":
                continue
            if name.endswith(".py"):
                if entry.is_file():
                    yield entry.path, path
                else:
                    problems.append((path, Spot("unreadable", 1, 1, "it is no file")))
            elif name in _YAML and path.startswith(f"src/{project.package}/defs/"):
                problems.append((path, Spot("unresolved", 1, 1, "what this component defines")))
            elif entry.is_dir() and (real := os.path.realpath(entry.path)) not in seen:
                seen.add(real)  # links may go in circles
                folders.append(path)


def _read(project: Project, file: str, path: str, problems: list[Problem]) -> Module | None:
    """Read one file, or say in one Spot why it cannot be read."""
    try:
        with FileIO(file) as opened:  # in half the time that `open` takes
            source = opened.readall()
        tree = compile(source, file, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        name = path[4:-3].removesuffix("/__init__").replace("/", ".")
        return Reader(name, path, project.package).read(tree, source)
    except SyntaxError as error:
        spot = Spot("syntax", error.lineno or 1, max(error.offset or 1, 1), str(error.msg))
    except OSError as error:
        spot = Spot("unreadable", 1, 1, error.strerror or str(error))
    except (RecursionError, MemoryError):
        spot = Spot("unreadable", 1, 1, "its code is nested too deeply")
    except ValueError as error:
        line = source.count(b"\n", 0, source.find(b"\0")) + 1 if b"\0" in source else 1
        spot = Spot("syntax", line, 1, str(error))
    problems.append((path, spot))
    return None
