"""What tests of several rooms share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from botocore.loaders import create_loader

from demarcate.estate.sources.aws import clients

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

models = cache(create_loader)
"""botocore's loader of service models, which remembers what it read."""


@pytest.fixture(scope="session", autouse=True)
def remembered() -> Iterator[None]:
    """Service models stay in memory from one test to the next: to forget and read them is most of a small run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clients, "create_loader", models)
        patch.setattr(clients, "gc", SimpleNamespace(collect=lambda: 0))
        yield


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium, one for each worker: the system's, or the one that playwright keeps."""
    pytest.importorskip("playwright", reason="playwright is not installed: nothing is tested in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        kept = playwright.chromium.executable_path
        found = next((path for name in NAMES if (path := shutil.which(name))), None)
        path = found or (kept if Path(kept).is_file() else None)
        if path is None:
            pytest.skip("no Chromium is installed: nothing is tested in a browser")
        launched = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield launched
        launched.close()
