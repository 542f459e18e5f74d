"""Heartbeats received and committed, with a page open, against a bare loop."""

import asyncio
import time

import asyncpg

from bench.blast import Load
from bench.browser import chromium, open_fleet, signed_in
from bench.load import (
    committed,
    lag_ms,
    load_of,
    register,
    send,
    send_as_committed,
)
from bench.parts import PASSWORD, USERNAME, running_broker, running_database
from bench.process import ROOT, cpu_s, python, running
from bench.product import Product, running_product
from bench.row import Row, at_least, at_most, for_information
from bench.sitting import Sitting

BAR_PER_S = 10_000
BAR_OF_REFERENCE = 0.7
BAR_LAG_MS = 500


async def measure(sitting: Sitting) -> list[Row]:
    """Return the rates, the lag at the bar's rate, and whether anything was lost."""
    reference = await _reference(sitting.seconds(20, 6))
    async with running_product() as product, chromium() as browser:
        await keep_commit_times(product)
        await register(product)
        await open_fleet(await signed_in(browser, product), product)
        async with product.database() as database:
            seconds = sitting.seconds(60, 8)
            used_s = cpu_s(product.pid)
            sent = await send_as_committed(load_of(product, seconds=seconds), database)
            rate = await committed(database, sent) / sent.seconds
            core = (cpu_s(product.pid) - used_s) / sent.seconds
            seconds = sitting.seconds(20, 6)
            sent = await send(load_of(product, rate_per_s=BAR_PER_S, seconds=seconds))
            arrived = await committed(database, sent)
            p99, p50 = await lag_ms(database, sent, 0.99), await lag_ms(database, sent, 0.5)
    text = f"{reference:,.0f}/s (bare loop)"
    ratio = rate / reference
    return [
        at_least("heartbeats committed, page open", rate, BAR_PER_S, "/s"),
        Row(
            "  of the bare loop",
            f"{ratio:.2f}",
            f">= {BAR_OF_REFERENCE}",
            text,
            ratio,
            ratio >= BAR_OF_REFERENCE,
        ),
        for_information("  server CPU at that rate", 100 * core, "% of a core"),
        at_most(
            f"commit lag p99 at {BAR_PER_S:,}/s",
            p99,
            BAR_LAG_MS,
            "ms",
            reference=f"p50 {p50:.0f} ms",
        ),
        at_most("  of these lost", sent.heartbeats - arrived, 0, f"of {sent.heartbeats:,}"),
    ]


async def _reference(seconds: float) -> float:
    """Return the committed heartbeats per s of the bare loop."""
    async with running_broker() as broker, running_database() as url:
        arguments = (str(broker.port), USERNAME, PASSWORD, url)
        program = python("bench.reference_ingest", *arguments)
        async with running(*program, stdout=asyncio.subprocess.PIPE, cwd=ROOT) as process:
            assert process.stdout is not None
            await process.stdout.readline()
            database = await asyncpg.connect(url)
            load = Load(broker.port, USERNAME, PASSWORD, time.time(), seconds=3)
            await send_as_committed(load, database)  # registers the clocks
            load = Load(broker.port, USERNAME, PASSWORD, time.time(), seconds=seconds)
            sent = await send_as_committed(load, database)
            rate = await committed(database, sent) / sent.seconds
            await database.close()
            return rate


async def keep_commit_times(product: Product) -> None:
    """Let PostgreSQL note when each transaction committed; wants a restart."""
    async with product.database() as database:
        await database.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    await product.stop()
    await product.start()
