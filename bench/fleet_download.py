"""A thousand clocks that download 600 kB at once over slow networks, while heartbeats come in."""

import asyncio
import json
from asyncio.subprocess import PIPE

from bench.ingest import BAR_LAG_MS, keep_commit_times
from bench.load import committed, lag_ms, load_of, register, sending, sent_by
from bench.process import ROOT, python, resident_mb, running
from bench.product import running_product
from bench.row import Row, at_least, at_most
from bench.sitting import Sitting
from tests.backend.images import esp_image

BAR_MB = 250
CLOCKS = 1000
IMAGE_BYTES = 600_000
BYTES_PER_S = 40_000
HEARTBEATS_PER_S = 170


async def measure(sitting: Sitting) -> list[Row]:
    """Return who got a whole image, the lag of the others' heartbeats, and memory."""
    clocks_bytes_per_s = BYTES_PER_S * (2 if sitting.is_quick else 1)
    async with running_product() as product:
        await keep_commit_times(product)
        await product.upload("esp32", "2026.11.24.1", esp_image("esp32", size_bytes=IMAGE_BYTES))
        await register(product)
        key = product.secrets["download_api_key"]
        arguments = (str(product.port), key, str(CLOCKS), str(clocks_bytes_per_s))
        seconds = IMAGE_BYTES / clocks_bytes_per_s + 3
        load = load_of(product, rate_per_s=HEARTBEATS_PER_S, seconds=seconds)
        most_mb = resident_mb(product.pid)
        async with (
            sending(load) as heartbeats,
            running(*python("bench.slow_clocks", *arguments), stdout=PIPE, cwd=ROOT) as clocks,
        ):
            downloads = asyncio.create_task(clocks.communicate())
            while not downloads.done():
                most_mb = max(most_mb, resident_mb(product.pid))
                await asyncio.sleep(0.2)
            said = json.loads(downloads.result()[0])
            sent = await sent_by(heartbeats, load)
        async with product.database() as database:
            await committed(database, sent)
            lag = await lag_ms(database, sent, 0.99)
    reasons = "; ".join(said["failures"])[:60]
    took = f"{said['seconds']:.0f} s for the last; {seconds - 3:.0f} s at their rate"
    return [
        at_least(
            f"{CLOCKS:,} slow clocks download, complete",
            said["complete"],
            CLOCKS,
            "",
            reasons or took,
        ),
        at_most("  commit lag p99 meanwhile", lag, BAR_LAG_MS, "ms"),
        at_most("  server memory meanwhile", most_mb, BAR_MB, "MB"),
    ]
