"""Version request to response, without and with an offer, alone and beside ingest."""

import asyncio
import json
from contextlib import AsyncExitStack

from bench.asker import Questions
from bench.load import load_of, register, sending
from bench.parts import PASSWORD, USERNAME, running_broker
from bench.process import ROOT, output_of, python, running
from bench.product import Product, running_product
from bench.row import Row, at_most, for_information
from bench.sitting import Sitting
from tests.backend.images import esp_image

BAR_MS = 50
RATE_PER_S = 1000
INGEST_PER_S = 5000
NEWEST, OLDER = "2026.11.24.1", "2026.11.1.1"


async def measure(sitting: Sitting) -> list[Row]:
    """Return the p99 of each case, and that of a bare echo."""
    seconds = sitting.seconds(10, 4)
    reference = await _echo(seconds)
    text = f"{reference['p99_ms']:.1f} ms (bare echo)"
    rows = []
    for version, what in ((NEWEST, "nothing to update"), (OLDER, "update offered")):
        for rate in (0, INGEST_PER_S):
            said = await _ask(version, rate, seconds)
            beside = f", beside {rate:,} heartbeats/s" if rate else ""
            row = at_most(f"version answer p99, {what}{beside}", said["p99_ms"], BAR_MS, "ms")
            ratio = said["p99_ms"] / reference["p99_ms"]
            is_whole = said["answered"] == said["asked"]
            offers = said["asked"] if version == OLDER else 0
            rows.append(Row(row.name, row.value, row.bar, text, ratio, row.is_ok))
            if not is_whole or said["offers"] != offers:
                name = f"  asked {said['asked']}, offers {said['offers']}, answered"
                rows.append(for_information(name, said["answered"], ""))
    return rows


async def _ask(version: str, ingest_per_s: float, seconds: float) -> dict[str, float]:
    async with AsyncExitStack() as stack:
        product = await stack.enter_async_context(running_product())
        await product.upload("esp32", NEWEST, esp_image("esp32"))
        await register(product)
        if ingest_per_s:
            load = load_of(product, rate_per_s=ingest_per_s, seconds=seconds + 10)
            await stack.enter_async_context(sending(load))
            await asyncio.sleep(1)  # lets the load begin
        return await _answers(product, version, seconds)


async def _answers(product: Product, version: str, seconds: float) -> dict[str, float]:
    password = product.secrets["mqtt_password"]
    questions = Questions(product.mqtt_port, "skiclock", password, version, RATE_PER_S, seconds)
    said: dict[str, float] = json.loads(
        await output_of(*python("bench.asker", questions.command()))
    )
    return said


async def _echo(seconds: float) -> dict[str, float]:
    async with running_broker() as broker:
        program = python("bench.echo", str(broker.port), USERNAME, PASSWORD)
        async with running(*program, stdout=asyncio.subprocess.PIPE, cwd=ROOT) as process:
            assert process.stdout is not None
            await process.stdout.readline()
            questions = Questions(broker.port, USERNAME, PASSWORD, OLDER, RATE_PER_S, seconds)
            said: dict[str, float] = json.loads(
                await output_of(*python("bench.asker", questions.command()))
            )
            return said
