"""The two lanes of ingest: neither waits for the other, and every message keeps its place."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest_asyncio

from backend import heartbeats
from backend.contract.messages import (
    Heartbeat,
    OtaComplete,
    OtaProgress,
    OtaStart,
    VersionRequest,
)
from backend.db import Database
from backend.models import UpdateState
from tests.backend.ingest_parts import NEW, NOW, OLD, Bench, Published, until

SESSION = UUID(int=7)


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database: Database) -> AsyncIterator[Bench]:
    async with database.session() as session:
        await heartbeats.ensure_partitions(session, now=NOW)
    bench = Bench(database)
    bench.newest["esp32"] = Published(NEW)
    task = asyncio.create_task(bench.ingest.run())
    yield bench
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def states(bench: Bench) -> list[tuple[object, ...]]:
    return await bench.rows("SELECT device_id, state FROM updates ORDER BY id")


async def test_offer_does_not_wait_for_heartbeats(bench: Bench) -> None:
    async with bench.held("devices"):
        for number in range(1, 500):
            bench.put(Heartbeat(f"{number:x}", "ESP32", OLD))
        bench.put(VersionRequest("a1", "esp32", OLD))
        await until(lambda: bool(bench.answers))
        assert bench.answers[0][1].update_available
        assert await states(bench) == [("a1", "offered")]
        assert not bench.fleet.clocks
    await bench.written()
    assert bench.fleet.clocks["a1"].platform == "esp32"


async def test_heartbeats_do_not_wait_for_updates(bench: Bench) -> None:
    async with bench.held("updates"):
        bench.put(OtaStart("a1", "esp32", OLD, NEW))
        bench.put(Heartbeat("b1", "ESP32", OLD))
        await until(lambda: {"a1", "b1"} <= bench.fleet.clocks.keys())
        assert bench.ingest.depth == 1
    await bench.written()


async def test_heartbeat_from_before_a_start_does_not_end_it_however_late_it_is_written(
    bench: Bench,
) -> None:
    async with bench.held("devices"):
        bench.put(Heartbeat("a1", "ESP32", OLD, 5))
        bench.put(OtaStart("a1", "esp32", OLD, NEW, SESSION), 1)
        await until(lambda: bool(bench.fleet.updates.of("a1")))
    await bench.written()
    assert await states(bench) == [("a1", "started")]


async def test_heartbeat_after_a_start_that_still_waits_decides_about_it(bench: Bench) -> None:
    async with bench.held("updates"):
        bench.put(OtaStart("a1", "esp32", OLD, NEW, SESSION))
        bench.put(OtaComplete("a1", success=True, session_id=SESSION), 20)
        bench.put(Heartbeat("a1", "ESP32", NEW, 3), 40)
        bench.put(OtaStart("b1", "esp32", OLD, NEW))
        bench.put(Heartbeat("b1", "ESP32", OLD, 3), 40)
        await until(lambda: {"a1", "b1"} <= bench.fleet.clocks.keys())
    await bench.written()
    assert await states(bench) == [("a1", "success"), ("b1", "failed")]


async def test_request_after_a_start_that_still_waits_is_answered_in_its_turn(
    bench: Bench,
) -> None:
    async with bench.held("updates"):
        bench.put(OtaStart("a1", "esp32", OLD, NEW, SESSION))
        bench.put(VersionRequest("a1", "esp32", NEW), 40)
        await until(lambda: "a1" in bench.fleet.clocks)
        assert not bench.answers
    await bench.written()
    assert [answer.update_available for _, answer in bench.answers] == [False]
    assert await states(bench) == [("a1", "success")]


async def test_heartbeat_from_before_the_load_decides_after_it(database: Database) -> None:
    async with database.session() as session:
        await heartbeats.ensure_partitions(session, now=NOW)
    before = Bench(database)
    before.health.set_database(ok=True, now=NOW)
    before.put(OtaStart("a1", "esp32", OLD, NEW, SESSION))
    await before.ingest.drain()

    bench = Bench(database)
    bench.health.set_database(ok=True, now=NOW)
    bench.ingest.is_answering = False
    bench.put(Heartbeat("a1", "ESP32", NEW, 3), 40)
    await bench.load()
    bench.ingest.is_answering = True
    await bench.ingest.drain()
    assert await states(bench) == [("a1", "success")]


async def test_acknowledgements_come_in_the_order_of_arrival(bench: Bench) -> None:
    async with bench.held("updates"):
        bench.put(Heartbeat("b1"), mark="first")
        bench.put(OtaProgress("a1", 10), mark="fits nothing")
        await until(lambda: "first" in bench.acknowledged)
        bench.put(OtaStart("a1", "esp32", OLD, NEW), mark="start")
        bench.put(Heartbeat("b1"), 1, mark="heartbeat")
        await until(lambda: bench.ingest.figures.heartbeats_committed == 2)
        assert "heartbeat" not in bench.acknowledged
    await bench.written()
    assert bench.acknowledged == ["first", "fits nothing", "start", "heartbeat"]


async def test_update_of_a_clock_that_is_still_being_registered_is_shown(bench: Bench) -> None:
    async with bench.held("devices"):
        bench.put(OtaStart("a1", "esp32", OLD, NEW, SESSION))
        bench.put(OtaComplete("a1", success=False, error="no room", session_id=SESSION), 5)
        await until(lambda: bench.ingest._updates.depth == 0)
    await bench.written()
    shown = bench.fleet.clocks["a1"].last_update
    assert shown is not None
    assert (shown.state, shown.error_message) == (UpdateState.FAILED, "no room")


async def test_heartbeats_that_decide_nothing_stay_out_of_the_way_of_offers(bench: Bench) -> None:
    bench.put(VersionRequest("a1", "esp32", OLD))
    await bench.written()
    async with bench.held("devices"):
        bench.put(Heartbeat("a1", "ESP32", OLD, 60), 60)
        assert bench.ingest._updates.depth == 0
        bench.put(Heartbeat("a1", "ESP32", NEW, 60), 120)
        assert bench.ingest._updates.depth == 1
    await bench.written()
    assert await states(bench) == [("a1", "success")]
