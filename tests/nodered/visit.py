"""Goes through a dashboard as a person would: starts, looks, stops. For simulated testers only: it stops all.

    python -m tests.nodered.visit http://127.0.0.1:1880/dashboard simulated 1,2,3 --pictures DIR

The first channel is started and stopped by itself, the last one is charged in a closed loop, those between
are stopped with all others. With `--pictures` each page is kept at the width of a desktop and of a phone.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

from tests.nodered.browsing import DESKTOP, PHONE, chromium, look, picture, until, until_at_least

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

SIZES = {"desktop": DESKTOP, "phone": PHONE}


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Visit:
    """One dashboard, seen in a window for each size; the first one is clicked."""

    def __init__(self, browser: Browser, url: str, cycler: str, channels: list[int], folder: str) -> None:
        self._browser = browser
        self._url = url
        self._cycler = cycler
        self._channels = channels
        self._folder = folder
        self._pages: dict[str, Page] = {}

    def place(self, channel: int) -> str:
        return f"{self._cycler}/{channel}"

    async def go(self, path: str) -> Page:
        """All windows at a page; the one that is clicked."""
        for name, size in SIZES.items():
            if name in self._pages:
                await self._pages[name].goto(f"{self._url}/{path}")
            else:
                self._pages[name] = await look(self._browser, f"{self._url}/{path}", size)
        return self._pages["desktop"]

    async def keep(self, name: str, *, of: str = "") -> None:
        """Pictures of all windows; `of` is what has to be there first."""
        for size, page in self._pages.items():
            if of:
                await page.wait_for_selector(of)
            await picture(page, self._folder, f"{name}-{size}")

    async def start(self) -> None:
        page = await self.go("batch")
        lines = [
            f"{self._cycler},{number},CCCV_1C,visit {time.time():.0f} {number},2.5"
            for number in self._channels[:-1]
        ]
        await page.locator(".batch-text textarea").first.fill(
            "\n".join(["cycler,channel,procedure,test_name,c_rate_ah", *lines])
        )
        await page.click(".dry")
        await page.click(".batch .start:enabled")
        for number in self._channels[:-1]:
            await until(page, f'[data-row="{self.place(number)}"] .started', "done")
        say(f"started by a click: {', '.join(map(self.place, self._channels[:-1]))}")
        await self.keep("batch", of=".batch-rows .started.done")

    async def charge(self) -> None:
        page = await self.go("charge")
        await page.fill(".f-cycler input", self._cycler)
        await page.fill(".f-channel input", str(self._channels[-1]))
        await page.click(".charge .start")
        await until(page, ".charge-says", "start_direct: done")
        await until_at_least(page, ".charge-now .n", 20)
        await self.keep("charge", of=".charge-now")
        say(f"charged in a closed loop: {self.place(self._channels[-1])}")

    async def look_at_the_rack(self) -> None:
        page = await self.go("rack")
        for size in self._pages.values():
            await size.wait_for_selector(
                f'[data-channel="{self.place(self._channels[0])}"][data-look="charge"]'
            )
        await self.keep("rack")
        for size in self._pages.values():
            await size.click(f'[data-channel="{self.place(self._channels[0])}"]')
            await until(size, ".rack-details", "visit")
        await asyncio.sleep(0.5)  # until the dialog has faded in; only for the picture
        await self.keep("channel")
        await page.click(".suspend")
        await until(page, ".rack-answer", "Stop: done")
        say(f"stopped by a click: {self.place(self._channels[0])}")

    async def stop_all(self) -> None:
        page = await self.go("rack")
        await page.wait_for_selector(
            f'[data-channel="{self.place(self._channels[0])}"][data-look="suspended"]'
        )
        for size in self._pages.values():
            await size.click(".stop-all")
        await asyncio.sleep(0.5)  # as above
        await self.keep("stop-all")
        await page.click(".stop-confirm")
        await until(page, ".outcome", "Everything is confirmed as stopped")
        say("stopped all by a click and its confirmation")


async def visit(url: str, cycler: str, channels: str, folder: str = "") -> None:
    async with chromium() as browser:
        say(f"Chromium {browser.version}")
        guest = Visit(browser, url, cycler, [int(number) for number in channels.split(",")], folder)
        await guest.start()
        await guest.charge()
        await guest.look_at_the_rack()
        await guest.stop_all()


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--pictures"]
    asyncio.run(visit(*words))
