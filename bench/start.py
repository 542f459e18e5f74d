"""Start of `serve` with an existing data folder, until /readyz says so."""

import statistics
import sys
import time

from bench.load import register
from bench.process import output_of
from bench.product import running_product
from bench.row import Row, at_most
from bench.sitting import Sitting

BAR_S = 3


async def measure(sitting: Sitting) -> list[Row]:
    """Return the median of some starts with 1,000 known clocks."""
    times_s = []
    async with running_product() as product:
        await register(product, 1000)
        for _ in range(2 if sitting.is_quick else 5):
            await product.stop()
            times_s.append(await product.start())
    value = statistics.median(times_s)
    reference = statistics.median([await _import_s() for _ in range(3)])
    text = f"{reference:.2g} s (import nicegui)"
    row = at_most("start of serve to /readyz", value, BAR_S, "s")
    return [Row(row.name, row.value, row.bar, text, value / reference, row.is_ok)]


async def _import_s() -> float:
    began = time.perf_counter()
    await output_of(sys.executable, "-c", "import nicegui")
    return time.perf_counter() - began
