"""Whether a page that stays open for an hour grows, and the server with it."""

import asyncio
import statistics
import time

from bench.browser import chromium, heap_mb, open_fleets
from bench.load import load_of, register, sending
from bench.process import resident_mb
from bench.product import running_product
from bench.row import Row, at_most, for_information
from bench.sitting import Sitting

BAR_HEAP_MB = 40
BAR_GROWTH_MB = 1
HEARTBEATS_PER_S = 170
_SAMPLES = 60


async def measure(sitting: Sitting) -> list[Row]:
    """Return the heap at the end, and what it and the server grew by in the second half."""
    seconds = sitting.seconds(3600, 30)
    heaps_mb, servers_mb = [], []
    async with running_product() as product, chromium() as browser:
        await register(product)
        (page,) = await open_fleets(browser, product, 1)
        began = time.monotonic()
        load = load_of(product, rate_per_s=HEARTBEATS_PER_S, seconds=seconds + 60)
        async with sending(load):
            for number in range(1, _SAMPLES + 1):
                await asyncio.sleep(began + number * seconds / _SAMPLES - time.monotonic())
                heaps_mb.append(await heap_mb(page))
                servers_mb.append(resident_mb(product.pid))
    minutes = f"{seconds / 60:.3g} min at {HEARTBEATS_PER_S} heartbeats/s"
    text = f"{min(heaps_mb):.1f} to {max(heaps_mb):.1f} MB"
    grown = _growth_mb(servers_mb)
    return [
        at_most(f"browser heap after {minutes}", heaps_mb[-1], BAR_HEAP_MB, "MB", text),
        at_most("  its growth in the second half", _growth_mb(heaps_mb), BAR_GROWTH_MB, "MB"),
        for_information("  the server's", grown, "MB", f"{servers_mb[-1]:.0f} MB at the end"),
    ]


def _growth_mb(samples_mb: list[float]) -> float:
    """Return by how much the last quarter lies above the one before the middle."""
    quarter = len(samples_mb) // 4
    before = statistics.median(samples_mb[quarter : 2 * quarter])
    return statistics.median(samples_mb[-quarter:]) - before
