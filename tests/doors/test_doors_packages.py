"""Every way in which Python's installers deliver the `polster` command gives the same project."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import executable, find_uv, make_environment
from polster.template import version
from tests.doors.conftest import BUILD

Run = Callable[..., subprocess.CompletedProcess[str]]
Holds = Callable[[Path], None]
TEMPLATE_FOLDER = "{{cookiecutter.project_slug}}"
PYTHONS = ("3.11", "3.12", "3.13")


def find_python(wanted: str) -> Path:
    """Return an interpreter of that version: this one, of pyenv or on the PATH; else skip."""
    if wanted == f"{sys.version_info.major}.{sys.version_info.minor}":
        return Path(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [*pyenv.glob(f"versions/{wanted}.*/bin/python"), shutil.which(f"python{wanted}")]
    for candidate in filter(None, candidates):
        show = [str(candidate), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(show, capture_output=True, text=True)
        if done.stdout.strip() == wanted:
            return Path(candidate)
    pytest.skip(f"NOT TESTED under Python {wanted}: there is none here")


def template_files(names: list[str], prefix: str) -> set[str]:
    """Return the names below `prefix`, relative to it."""
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def test_wheel_and_sdist_hold_every_file_of_the_template(
    checkout: Path, distributions: tuple[Path, Path]
) -> None:
    wanted = {
        path.relative_to(checkout).as_posix()
        for folder in (TEMPLATE_FOLDER, "hooks")
        for path in (checkout / folder).rglob("*")
        if path.is_file()
    } | {"cookiecutter.json"}
    assert f"{TEMPLATE_FOLDER}/.gitignore" in wanted
    sdist, wheel = distributions
    with zipfile.ZipFile(wheel) as archive:
        assert template_files(archive.namelist(), "polster/template/") == wanted
    with tarfile.open(sdist) as archive:
        names = [member.name for member in archive.getmembers() if member.isfile()]
        links = [member.name for member in archive.getmembers() if member.issym()]
    assert wanted <= template_files(names, f"polster-{version()}/")
    assert links == []


def test_the_wheel_is_the_same_with_and_without_the_sdist(
    checkout: Path, distributions: tuple[Path, Path], run_in: Run, tmp_path: Path
) -> None:
    run_in(checkout, *BUILD, "--wheel", "--outdir", tmp_path)
    (direct,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(direct) as one, zipfile.ZipFile(distributions[1]) as other:
        assert {i.filename: i.CRC for i in one.infolist()} == {
            i.filename: i.CRC for i in other.infolist()
        }


def test_a_leftover_in_the_template_is_not_shipped(
    checkout: Path, run_in: Run, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(checkout, copy, symlinks=True)
    cache = copy / TEMPLATE_FOLDER / "polster_tasks" / "__pycache__"
    cache.mkdir()
    (cache / "layers.cpython-311.pyc").write_bytes(b"")
    run_in(copy, *BUILD, "--outdir", tmp_path / "dist")
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if "__pycache__" in name]


def test_twine_and_check_wheel_contents_find_nothing(
    checkout: Path, distributions: tuple[Path, Path], run_in: Run
) -> None:
    run_in(checkout, sys.executable, "-m", "twine", "check", "--strict", *distributions)
    scripts = Path(sys.executable).parent
    check = shutil.which("check-wheel-contents", path=str(scripts)) or "check-wheel-contents"
    run_in(checkout, check, distributions[1])


def test_the_metadata_are_complete(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[1]) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode()
    for line in (
        f"Version: {version()}",
        "License-Expression: MIT",
        "License-File: LICENSE",
        "Requires-Python: >=3.11",
        "Description-Content-Type: text/markdown",
        "Requires-Dist: cookiecutter",
        "Requires-Dist: nox",
    ):
        assert line in metadata, line


@pytest.mark.slow
def test_pip_from_the_wheel(installed: Path, run_in: Run, holds: Holds, tmp_path: Path) -> None:
    assert list(installed.rglob("template/**/__pycache__"))  # what pip compiled must not be baked
    run_in(tmp_path, executable(installed, "polster"), "init", "shop")
    holds(tmp_path / "shop")
    shown = run_in(tmp_path, executable(installed, "polster"), "--version").stdout
    assert shown == f"polster {version()}\n"


@pytest.mark.slow
def test_the_installed_template_may_be_read_only_and_home_missing(
    installed: Path, run_in: Run, holds: Holds, tmp_path: Path
) -> None:
    (template,) = installed.rglob("polster/template")
    files = [path for path in template.rglob("*") if path.is_file()]
    modes = {path: path.stat().st_mode for path in files}
    for path in files:
        path.chmod(0o444)
    try:
        extra = {"HOME": str(tmp_path / "nowhere"), "PYTHONSAFEPATH": "1"}
        run_in(tmp_path, executable(installed, "polster"), "init", "shop", **extra)
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    holds(tmp_path / "shop")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.slow
def test_completion_works_in_bash(installed: Path, run_in: Run, tmp_path: Path) -> None:
    if not shutil.which("bash"):
        pytest.skip("NOT TESTED: there is no bash here")
    script = """
        eval "$(_POLSTER_COMPLETE=bash_source polster)"
        COMP_WORDS=(polster init --template ""); COMP_CWORD=3
        _polster_completion polster; echo "${COMPREPLY[@]}"
        COMPREPLY=(); COMP_WORDS=(polster up); COMP_CWORD=1
        _polster_completion polster; echo "${COMPREPLY[@]}"
    """
    path = os.pathsep.join((str(executable(installed, "polster").parent), os.environ["PATH"]))
    done = run_in(tmp_path, "bash", "--norc", "-c", script, PATH=path)
    assert done.stdout == "standard ecommerce minimal\nupgrade\n"


@pytest.mark.slow
def test_pip_from_the_sdist(
    distributions: tuple[Path, Path],
    pip_install: Callable[[Path, Path], Path],
    run_in: Run,
    holds: Holds,
    tmp_path: Path,
) -> None:
    venv = pip_install(tmp_path / "venv", distributions[0])
    run_in(tmp_path, executable(venv, "polster"), "init", "shop")
    holds(tmp_path / "shop")


@pytest.mark.slow
def test_editable(checkout: Path, run_in: Run, holds: Holds, tmp_path: Path) -> None:
    """The template and version are the checkout's; its polster_tasks gets in nobody's way."""
    venv = make_environment(tmp_path / "venv", "--editable", checkout)
    polster = executable(venv, "polster")
    run_in(tmp_path, polster, "init", "shop")
    assert run_in(tmp_path, polster, "--version").stdout == f"polster {version()}\n"
    marker = "raise SystemExit(42)\n"
    main = tmp_path / "shop/polster_tasks/__main__.py"
    own = main.read_text(encoding="utf-8")
    main.write_text(marker, encoding="utf-8")
    done = run_in(tmp_path / "shop", polster, "validate", check=False, PYTHONSAFEPATH="1")
    assert done.returncode == 42
    main.write_text(own, encoding="utf-8", newline="\n")
    shutil.rmtree(tmp_path / "shop/polster_tasks/__pycache__", ignore_errors=True)
    holds(tmp_path / "shop")


@pytest.mark.slow
@pytest.mark.parametrize("spec", ["wheel", "checkout"])
def test_pipx_run(
    spec: str,
    checkout: Path,
    distributions: tuple[Path, Path],
    run_in: Run,
    holds: Holds,
    tmp_path: Path,
) -> None:
    source = {"wheel": distributions[1], "checkout": checkout}[spec]
    pipx = (sys.executable, "-m", "pipx", "run", "--spec", source, "polster")
    run_in(tmp_path, *pipx, "init", "shop")
    holds(tmp_path / "shop")
    run_in(tmp_path / "shop", *pipx, "validate", "--format", "json")


@pytest.mark.slow
@pytest.mark.parametrize("spec", ["wheel", "sdist", "checkout", "git"])
def test_uvx(
    spec: str,
    checkout: Path,
    repository: Path,
    distributions: tuple[Path, Path],
    run_in: Run,
    holds: Holds,
    tmp_path: Path,
) -> None:
    source = {
        "wheel": str(distributions[1]),
        "sdist": str(distributions[0]),
        "checkout": str(checkout),
        "git": f"polster @ git+{repository.as_uri()}@v1",
    }[spec]
    uvx = (find_uv(), "tool", "run", "--python", sys.executable, "--from", source, "polster")
    run_in(tmp_path, *uvx, "init", "shop")
    holds(tmp_path / "shop")
    run_in(tmp_path / "shop", *uvx, "validate")


@pytest.mark.slow
@pytest.mark.parametrize("wanted", PYTHONS)
def test_under_each_supported_python(
    wanted: str, distributions: tuple[Path, Path], run_in: Run, holds: Holds, tmp_path: Path
) -> None:
    python = find_python(wanted)
    venv = make_environment(tmp_path / "venv", distributions[1], python=python)
    polster = executable(venv, "polster")
    run_in(tmp_path, polster, "init", "shop", PYTHONWARNINGS="error::SyntaxWarning")
    inside = tmp_path / "shop" / "src"
    for line in (
        "add-asset --layer bronze --name ingest_sales",
        "add-asset --layer silver --name clean_sales --dependencies ingest_sales",
        "add-asset --layer gold --name sales_metrics --dependencies clean_sales",
        "list-assets",
        "validate",
        "remove-asset --layer gold --name sales_metrics --force",
        "upgrade",
    ):
        done = run_in(inside, polster, *line.split())
        assert "Warning" not in done.stderr
    direct = executable(venv, "python"), "-m", "polster_tasks", "list-assets", "--format", "json"
    assert len(json.loads(run_in(tmp_path / "shop", *direct).stdout)) >= 1
