"""`/api/devices` with 10,000 clocks against orjson alone."""

import time

import httpx
import orjson

from bench.load import register
from bench.product import running_product
from bench.row import Row, at_most
from bench.sitting import Sitting, quantile

BAR_MS = 150


async def measure(sitting: Sitting) -> list[Row]:
    """Return the p95 of sequential requests."""
    times = 20 if sitting.is_quick else 100
    async with running_product() as product:
        await register(product)
        headers = {"X-API-Key": await product.add_key("read"), "Accept-Encoding": "identity"}
        took_ms = []
        async with httpx.AsyncClient(base_url=product.url, headers=headers) as client:
            for _ in range(times):
                began = time.perf_counter()
                answer = await client.get("/api/devices")
                took_ms.append(1000 * (time.perf_counter() - began))
                answer.raise_for_status()
    found = answer.json()
    if found["count"] < 10_000:
        raise RuntimeError(f"only {found['count']} clocks")
    encode_ms = []
    for _ in range(20):
        began = time.perf_counter()
        orjson.dumps(found)
        encode_ms.append(1000 * (time.perf_counter() - began))
    reference = quantile(encode_ms, 0.5)
    value = quantile(took_ms, 0.95)
    row = at_most("/api/devices with 10,000 clocks p95", value, BAR_MS, "ms")
    text = f"{reference:.1f} ms (orjson of the same)"
    return [Row(row.name, row.value, row.bar, text, value / reference, row.is_ok)]
