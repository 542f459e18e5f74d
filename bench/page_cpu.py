"""What ten open pages cost the server at 1,000 changes/s, ingest apart."""

import asyncio

from bench.browser import chromium, open_fleets
from bench.load import load_of, register, sending
from bench.process import cpu_s
from bench.product import Product, running_product
from bench.row import Row, at_most
from bench.sitting import Sitting

BAR_PERCENT = 5
PAGES = 10
CHANGES_PER_S = 1000
_SETTLE_S = 3


async def measure(sitting: Sitting) -> list[Row]:
    """Return the difference between runs with and without pages."""
    seconds = sitting.seconds(20, 6)
    async with running_product() as product, chromium() as browser:
        await register(product)
        without = [await _cpu_percent(product, seconds)]
        pages = await open_fleets(browser, product, PAGES)
        beside = await _cpu_percent(product, seconds)
        for page in pages:
            await page.close()
        without.append(await _cpu_percent(product, seconds))
    alone = sum(without) / len(without)
    name = f"server CPU of {PAGES} pages at {CHANGES_PER_S:,} changes/s"
    text = f"{beside:.1f} % with, {alone:.1f} % without pages"
    return [at_most(name, beside - alone, BAR_PERCENT, "% of a core", text)]


async def _cpu_percent(product: Product, seconds: float) -> float:
    load = load_of(product, rate_per_s=CHANGES_PER_S, seconds=seconds + 2 * _SETTLE_S)
    async with sending(load):
        await asyncio.sleep(_SETTLE_S)
        used_s = cpu_s(product.pid)
        await asyncio.sleep(seconds)
        return 100 * (cpu_s(product.pid) - used_s) / seconds
