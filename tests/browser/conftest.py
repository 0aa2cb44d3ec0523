"""A real browser, if this machine has one, and the place where its pictures go."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "msedge")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--pictures FOLDER`: keep the screenshots there."""
    parser.addoption("--pictures", type=Path, help="keep the screenshots in this folder")


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the folder for the screenshots: the one asked for, or one that is thrown away."""
    folder = request.config.getoption("--pictures", None) or tmp_path / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def page() -> Iterator:
    """Return an empty page of a fresh headless Chromium; skip aloud where there is none."""
    reason = "the UI was NOT seen in a browser: "
    sync_api = pytest.importorskip("playwright.sync_api", reason=f"{reason}no playwright (pip)")
    found = [path for name in BROWSERS if (path := shutil.which(name))]
    with sync_api.sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        if os.path.exists(own):
            found.append(own)
        if not found:
            pytest.skip(f"{reason}no Chromium here (apt-get install chromium)")
        browser = playwright.chromium.launch(executable_path=found[0], args=FLAGS)
        yield browser.new_page(viewport={"width": 1500, "height": 1000}, device_scale_factor=1)
        browser.close()
