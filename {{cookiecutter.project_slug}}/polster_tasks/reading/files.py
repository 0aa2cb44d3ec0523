"""Find and parse the project's Python files; what cannot be read becomes an Observation."""

import ast
import os
import sys
import warnings
from collections.abc import Iterator
from io import FileIO
from typing import NamedTuple

from ..project import Project, leads_outside
from .module import Kind, Module, Observation
from .statements import read_module

_COMPONENT_FILES = ("defs.yaml", "defs.yml", "component.yaml")


class _File(NamedTuple):
    """A Python file: where it is, and how it is shown."""

    full_path: str
    path: str  # relative to the project's root, with slashes

    @property
    def module_name(self) -> str:
        """The dotted name that it is imported by."""
        inside = self.path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__")
        return inside.replace("/", ".")


def read_modules(project: Project) -> tuple[list[Module], list[Observation]]:
    """Return every module of the package, by path, and what cannot be read."""
    modules: list[Module] = []
    problems: list[Observation] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an invalid escape in the code that is parsed
        for file in _python_files(project, problems):
            try:
                modules.append(_read(file, project.package))
            except (SyntaxError, ValueError, OSError, RecursionError, MemoryError) as error:
                problems.append(_problem(file.path, error))
    return modules, problems


def _python_files(project: Project, problems: list[Observation]) -> Iterator[_File]:
    """Yield every Python file under src/<package> that lies in the project."""
    package = f"src/{project.package}"
    if leads_outside(project.root, package):
        problems.append(_outside_link(package))
        return
    folders = [package]
    seen = {os.path.realpath(project.source)}  # links may go in circles
    while folders:
        folder = folders.pop()
        for entry in _entries(project, folder, problems):
            path = f"{folder}/{entry.name}"
            is_python = entry.name.endswith(".py")
            if entry.name in _COMPONENT_FILES and path.startswith(f"{package}/defs/"):
                what = "what this component defines"
                problems.append(Observation(Kind.UNRESOLVED, path, 1, 1, what))
                continue
            if not is_python and not _is_folder(entry):
                continue
            problem = _why_not_read(project, entry, path)
            if problem:
                problems.append(problem)
                continue
            if is_python:
                yield _File(entry.path, path)
                continue
            real_path = os.path.realpath(entry.path)
            if real_path not in seen:
                seen.add(real_path)
                folders.append(path)


def _entries(project: Project, folder: str, problems: list[Observation]) -> list[os.DirEntry[str]]:
    """Return what is in a folder, by name, without what is hidden."""
    try:
        entries = sorted(os.scandir(project.root / folder), key=lambda entry: entry.name)
    except OSError as error:
        problems.append(_problem(folder, error))
        return []
    return [
        entry for entry in entries if not entry.name.startswith(".") and entry.name != "__pycache__"
    ]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself: no folder, and Python imports nothing from it
        return False


def _why_not_read(project: Project, entry: os.DirEntry[str], path: str) -> Observation | None:
    """Say why a folder, or what has the name of a Python file, is not read."""
    if _is_link(entry) and leads_outside(project.root, path):
        return _outside_link(path)
    try:
        if entry.name.endswith(".py") and not entry.is_file():
            return _problem(path, OSError("it is not a file"))
    except OSError as error:  # a link that leads to itself
        return _problem(path, error)
    return None


def _is_link(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a link or, on Windows, a junction, at no cost for what is none."""
    if entry.is_symlink():
        return True
    if sys.platform != "win32":
        return False
    return entry.stat(follow_symlinks=False).st_reparse_tag != 0


def _read(file: _File, package: str) -> Module:
    """Parse and read one file."""
    with FileIO(file.full_path) as opened:  # takes half the time of `open`
        source = opened.readall()
    tree = compile(source, file.full_path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    return read_module(tree, file.module_name, file.path, package)


def _outside_link(path: str) -> Observation:
    what = "it is a link that leads out of the project"
    return Observation(Kind.OUTSIDE_LINK, path, 1, 1, what)


def _problem(path: str, error: Exception) -> Observation:
    """Say why a file or a folder cannot be read."""
    if isinstance(error, SyntaxError):
        line, column = error.lineno or 1, max(error.offset or 1, 1)
        return Observation(Kind.SYNTAX_ERROR, path, line, column, error.msg)
    if isinstance(error, ValueError):  # null bytes
        return Observation(Kind.SYNTAX_ERROR, path, 1, 1, str(error))
    if isinstance(error, OSError):
        return Observation(Kind.UNREADABLE, path, 1, 1, error.strerror or str(error))
    return Observation(Kind.UNREADABLE, path, 1, 1, "its code is nested too deeply")
