"""Update statistics and the log over millions of updates."""

import time

import asyncpg
import httpx

from bench.product import Product, running_product
from bench.row import Row, at_most, for_information
from bench.sitting import Sitting, quantile

BAR_MS = 50
UPDATES, UPDATES_QUICK = 10_000_000, 1_000_000
_STATEMENT_ROWS = 500_000
_CLOCKS = 20_000

# One in twelve failed, one in forty fell silent; three years, a minute of work each.
_INSERT = """
    INSERT INTO updates (session_id, device_id, platform, old_version, new_version, state,
        progress_percent, offered_at, started_at, heard_at, completed_at, error_message)
    SELECT gen_random_uuid(), to_hex(255086697 * 65536::bigint + n % $3::bigint), 'esp32',
        '2026.1.1.' || n / 20000, '2026.1.1.' || n / 20000 + 1, state,
        CASE state WHEN 'success' THEN 100 ELSE 40 END, at, at, at + '60 s', at + '60 s',
        CASE state WHEN 'failed' THEN 'Connection lost' END
    FROM (
        SELECT n, now() - ($4::bigint - n) * (interval '1095 days' / $4::bigint) AS at,
            CASE WHEN n % 12 = 0 THEN 'failed' WHEN n % 40 = 1 THEN 'silent' ELSE 'success' END
                AS state
        FROM generate_series($1::bigint, $2::bigint) AS n
    ) AS made
"""


async def measure(sitting: Sitting) -> list[Row]:
    """Return the p95 of each question that the pages and scripts ask."""
    updates = UPDATES_QUICK if sitting.is_quick else UPDATES
    async with running_product() as product:
        async with product.database() as database:
            took_s = await _fill(database, updates)
        key = await product.add_key("read")
        clock = f"{255086697 * 65536 + 77:x}"
        questions = {
            "update statistics": "/api/ota-stats",
            "log, newest 100": "/api/ota-logs?limit=100",
            "log, failed ones": "/api/ota-logs?status=failed&limit=100",
            "log of one clock": f"/api/ota-logs?device_id={clock}&limit=100",
            "failed ones of one clock": f"/api/ota-logs?device_id={clock}&status=failed&limit=100",
        }
        times = 20 if sitting.is_quick else 60
        rows = []
        for name, path in questions.items():
            value = await _p95_ms(product, key, path, times)
            rows.append(at_most(f"{name}, {updates // 1_000_000} million", value, BAR_MS, "ms"))
    return [*rows, for_information("  (time to fill the log)", took_s, "s")]


async def _fill(database: asyncpg.Connection, updates: int) -> float:
    """Write the log in large statements, so that the triggers keep the totals as in life."""
    began = time.perf_counter()
    for first in range(1, updates + 1, _STATEMENT_ROWS):
        last = first + _STATEMENT_ROWS - 1
        await database.execute(_INSERT, first, last, _CLOCKS, updates, timeout=600)
    await database.execute("VACUUM ANALYZE updates, update_totals", timeout=600)
    counted = await database.fetchval("SELECT sum(updates) FROM update_totals")
    if counted != updates:
        raise RuntimeError(f"the totals say {counted} of {updates}")
    return time.perf_counter() - began


async def _p95_ms(product: Product, key: str, path: str, times: int) -> float:
    took_ms = []
    async with httpx.AsyncClient(base_url=product.url, headers={"X-API-Key": key}) as client:
        for _ in range(times):
            began = time.perf_counter()
            answer = await client.get(path)
            took_ms.append(1000 * (time.perf_counter() - began))
            answer.raise_for_status()
    return quantile(took_ms, 0.95)
