"""Memory of the server and of a page with 10,000 clocks."""

import asyncio

from bench.browser import chromium, heap_mb, open_fleets
from bench.load import load_of, register, send
from bench.process import children_mb, resident_mb
from bench.product import running_product
from bench.row import Row, at_most, for_information
from bench.sitting import Sitting

BAR_SERVER_MB, BAR_PAGE_MB, BAR_HEAP_MB = 200, 0.3, 40
PAGES, FURTHER_PAGES = 10, 20


async def measure(sitting: Sitting) -> list[Row]:
    """Return memory under the field's load of 10,000 clocks (170 heartbeats/s)."""
    seconds = sitting.seconds(20, 5)
    async with running_product() as product, chromium() as browser:
        await register(product)
        pages = await open_fleets(browser, product, PAGES)
        await send(load_of(product, rate_per_s=170, seconds=seconds))
        server_mb, around_mb = resident_mb(product.pid), children_mb(product.pid)
        first_mb = await heap_mb(pages[0])
        await send(load_of(product, rate_per_s=1000, seconds=seconds))
        last_mb = await heap_mb(pages[0])
        before_mb = resident_mb(product.pid)
        pages += await open_fleets(browser, product, FURTHER_PAGES)
        await asyncio.sleep(2)
        further_mb = (resident_mb(product.pid) - before_mb) / FURTHER_PAGES
    text = ", ".join(f"{name} {mb:.0f} MB" for name, mb in sorted(around_mb.items()))
    growth = f"{last_mb - first_mb:+.1f} MB after {1000 * seconds:,.0f} more changes"
    return [
        at_most("server memory, 10,000 clocks, 10 pages", server_mb, BAR_SERVER_MB, "MB"),
        for_information("  its children", sum(around_mb.values()), "MB", text),
        at_most("  a further page", further_mb, BAR_PAGE_MB, "MB"),
        at_most("browser heap of the page", last_mb, BAR_HEAP_MB, "MB", growth),
    ]
