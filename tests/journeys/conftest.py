"""A real Chromium. Where none is found the journeys through the browser are skipped, and say so.

TOMEISHI_BROWSER=required makes that a failure.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

PICTURES = Path(__file__).parents[2] / "journey-pictures"
"""Pictures of every page, for people to look at; ignored by git."""

QUIET = (
    "--no-sandbox",  # tests also run as root in a container, and load pages of our own alone
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


def chromium() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        if os.environ.get("TOMEISHI_BROWSER") == "required":
            pytest.fail("no Chromium is installed, and this run demands one")
        pytest.skip(
            "no Chromium is installed (Debian: apt install chromium): journeys through the browser are left out"
        )
    expect.set_options(timeout=60_000)  # patience for a busy machine; nothing is measured by it
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Any]:
    """Opens a page for an address, and fails at the end if one of the pages wrote an error."""
    contexts, errors = [], list[str]()

    def opened(address: str, *, language: str = "en", scheme: str = "light", width: int = 1440) -> Page:
        context = browser.new_context(
            base_url=address,
            locale=language,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": 860 if width > 500 else 844},
            timezone_id="Asia/Tokyo",
        )
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not errors
