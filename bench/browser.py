"""Chromium with pages of a signed-in person, and what can be measured in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from bench.process import find_program
from bench.product import COOKIE, Product

CARD = ".fleet-card[data-device]"
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Several pages are open at once; each is to work as the one in front does.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Give a browser: the system's Chromium, else playwright's."""
    path = next(filter(None, map(find_program, ("chromium", "chromium-browser"))), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


async def signed_in(
    browser: Browser, product: Product, cookie: str | None = None
) -> BrowserContext:
    """Return a new profile that is signed in."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    cookie = cookie or await product.cookie()
    await context.add_cookies([{"name": COOKIE, "value": cookie, "url": product.url}])
    return context


async def open_fleets(browser: Browser, product: Product, count: int) -> list[Page]:
    """Open the fleet page so many times, each in a window of its own.

    In one window all tabs but the front one are painted three times a second.
    """
    cookie = await product.cookie()
    contexts = [await signed_in(browser, product, cookie) for _ in range(count)]
    return [await open_fleet(context, product) for context in contexts]


async def open_fleet(context: BrowserContext, product: Product) -> Page:
    """Open the fleet page; returns when its cards are there."""
    page = await context.new_page()
    await page.goto(f"{product.url}/")
    await page.wait_for_selector(CARD)
    return page


async def heap_mb(page: Page) -> float:
    """Return the JavaScript heap of a page after a collection."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.enable")
    await session.send("HeapProfiler.collectGarbage")
    used = await session.send("Runtime.getHeapUsage")
    await session.detach()
    return float(used["usedSize"]) / 1e6
