"""A dashboard in a headless Chromium, as a person sees it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

CHROMIUM = os.environ.get("MACNET_CHROMIUM") or shutil.which("chromium") or ""
DESKTOP = (1280, 800)
PHONE = (390, 844)
WAIT_MS = 40_000
"""For one thing to appear; a slow machine needs a part of it."""

needs_chromium = pytest.mark.skipif(
    not CHROMIUM or find_spec("playwright") is None,
    reason="needs chromium on the PATH, or where MACNET_CHROMIUM says, and the package playwright",
)

# It talks to nobody but the page.
_QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser with a profile of its own that is gone afterwards."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=_QUIET.split(), timeout=WAIT_MS
        )
        try:
            yield browser
        finally:
            await browser.close()


async def look(browser: Browser, url: str, size: tuple[int, int] = DESKTOP) -> Page:
    """A new window with a page; what its scripts complain about fails the test that is at it."""
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = await context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.set_default_navigation_timeout(WAIT_MS)
    await page.goto(url)
    return page


async def until(page: Page, selector: str, text: str) -> None:
    """Wait until something on the page says a text."""
    from playwright.async_api import expect

    await expect(page.locator(selector)).to_contain_text(text, timeout=WAIT_MS)


async def until_at_least(page: Page, selector: str, number: int) -> None:
    """Wait until a number on the page has become so large; it may skip this one."""
    await page.wait_for_function(
        "([selector, least]) => Number(document.querySelector(selector)?.textContent) >= least",
        arg=[selector, number],
    )


async def picture(page: Page, folder: str, name: str) -> None:
    """Keep what the page looks like, where a folder is given."""
    if folder:
        await page.screenshot(path=Path(folder) / f"{name}.png")
