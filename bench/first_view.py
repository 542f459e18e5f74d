"""The fleet page's first view with 10,000 clocks: from the address bar to a page that answers."""

import statistics

from playwright.async_api import Browser, BrowserContext

from bench.browser import CARD, chromium, signed_in
from bench.load import register
from bench.ports import until_listening
from bench.process import ROOT, python, running
from bench.product import free_ports, running_product
from bench.row import Row, at_most, for_information
from bench.sitting import Sitting

BAR_S = 1
_READY = """
(card) => new Promise((resolve) => {
  const look = () => {
    // A card is painted, and the page has had time for a frame and an idle moment after it.
    if (!document.querySelector(card)) return requestAnimationFrame(look);
    requestAnimationFrame(() => requestIdleCallback(() => resolve(performance.now())));
  };
  look();
})
"""


async def measure(sitting: Sitting) -> list[Row]:
    """Return the median over fresh browser profiles, as a person's first visit is."""
    times = 3 if sitting.is_quick else 7
    async with chromium() as browser:
        async with running_product() as product:
            await register(product)
            contexts = [await signed_in(browser, product) for _ in range(times)]
            first_s = [await _view_s(one, product.url) for one in contexts]
            again_s = [await _view_s(one, product.url) for one in contexts]
            for one in contexts:
                await one.close()
        empty_s = await _empty_s(browser, times)
    text = f"{empty_s:.2g} s (empty NiceGUI page)"
    value = statistics.median(first_s)
    row = at_most("first view of 10,000 clocks, empty cache", value, BAR_S, "s")
    return [
        Row(row.name, row.value, row.bar, text, value / empty_s, row.is_ok),
        for_information("  the same, second visit", statistics.median(again_s), "s"),
    ]


async def _view_s(context: BrowserContext, url: str) -> float:
    page = await context.new_page()
    await page.goto(url, wait_until="commit")
    ready_ms = await page.evaluate(_READY, CARD)
    await page.close()
    return float(ready_ms) / 1000


async def _empty_s(browser: Browser, times: int) -> float:
    port = free_ports(1)[0]
    async with running(*python("bench.empty_page", str(port)), cwd=ROOT):
        await until_listening(port)
        found = []
        for _ in range(times):
            context = await browser.new_context(viewport={"width": 1280, "height": 900})
            found.append(await _view_s(context, f"http://127.0.0.1:{port}/"))
            await context.close()
        return statistics.median(found)
