"""Runs the heartbeat generator against a broker, and reads from the database what arrived."""

import asyncio
import json
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import asyncpg

from bench.blast import MARKER, STAMP_BASE, Load
from bench.process import ROOT, python, running
from bench.product import Product

_ARRIVES_WITHIN_S = 30
_ACKNOWLEDGE_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Sent:
    """What a generator said that it sent, in how many s, from which database time on."""

    heartbeats: int
    seconds: float
    epoch_s: float


def load_of(product: Product, **more: float | bool) -> Load:
    """Return a load that speaks to a product's broker as its v1 clocks do."""
    load = Load(product.mqtt_port, "skiclock", product.secrets["mqtt_password"], time.time())
    return replace(load, **more)  # type: ignore[arg-type]


async def register(product: Product, devices: int = 10_000) -> None:
    """Let so many clocks be heard once; returns when they are in the database."""
    async with product.database() as database:
        # In pieces: 10,000 clocks do not register within a second in the field.
        await send(load_of(product, devices=devices, rate_per_s=5000, once=True))
        await _until(database, "SELECT count(*) FROM devices", devices)


async def send(load: Load) -> Sent:
    """Run a generator at its rate to its end."""
    async with sending(load) as process:
        return await sent_by(process, load)


@asynccontextmanager
async def sending(load: Load) -> AsyncIterator[Process]:
    """Run a generator beside a block."""
    program = python("bench.blast", load.command())
    async with running(*program, stdin=PIPE, stdout=PIPE, cwd=ROOT) as process:
        yield process


async def sent_by(process: Process, load: Load) -> Sent:
    """Wait for the end of a generator."""
    assert process.stdout is not None
    said = json.loads(await process.stdout.read())
    await process.wait()
    return Sent(said["sent"] + said["markers"], said["seconds"], load.epoch_s)


async def send_as_committed(load: Load, database: asyncpg.Connection) -> Sent:
    """Run a generator as fast as the database gets them: it never has more than its window open."""
    async with sending(load) as process:
        telling = asyncio.create_task(_tell_committed(process, database, load.epoch_s))
        try:
            return await sent_by(process, load)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)


async def committed(database: asyncpg.Connection, sent: Sent) -> int:
    """Return how many of a generator's heartbeats are in the history; waits for the last ones."""
    query = f"SELECT count(*) FROM heartbeats WHERE received_at >= to_timestamp({sent.epoch_s})"
    return await _until(database, query, sent.heartbeats)


async def lag_ms(database: asyncpg.Connection, sent: Sent, share: float) -> float:
    """Return the quantile of the time from sending to commit (wants track_commit_timestamp)."""
    value = await database.fetchval(
        """
        SELECT percentile_cont($1::float8) WITHIN GROUP (ORDER BY 1000 * (
            extract(epoch FROM pg_xact_commit_timestamp(xmin)) - $2::float8)
            - (uptime_s - $3::bigint))
        FROM heartbeats WHERE received_at >= to_timestamp($2)
        """,
        share,
        sent.epoch_s,
        STAMP_BASE,
    )
    return float(value)


async def _tell_committed(process: Process, database: asyncpg.Connection, epoch_s: float) -> None:
    assert process.stdin is not None
    while process.returncode is None:
        count = await database.fetchval(
            "SELECT free_heap_bytes FROM devices"
            " WHERE device_id = $1 AND last_seen >= to_timestamp($2)",
            MARKER,
            epoch_s,
        )
        process.stdin.write(b"%d\n" % (count or 0))
        await process.stdin.drain()
        await asyncio.sleep(_ACKNOWLEDGE_EVERY_S)


async def _until(database: asyncpg.Connection, query: str, count: int) -> int:
    """Ask until a count is reached; return the last one when it is not in time."""
    deadline = time.monotonic() + _ARRIVES_WITHIN_S
    found = 0
    while time.monotonic() < deadline:
        found = int(await database.fetchval(query))
        if found >= count:
            break
        await asyncio.sleep(0.2)
    return found
