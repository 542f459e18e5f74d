"""The numbered stream of changes that open pages follow."""

import asyncio
from datetime import timedelta

import orjson
import pytest

from backend.contract.messages import Problem, Status
from backend.devices import Sighting
from backend.firmware import FirmwareInfo
from backend.models import UpdateState
from skiclock_ui.components.fleet import feed as feed_module
from skiclock_ui.components.fleet.feed import FIELDS, REMOVALS_KEPT, UPDATE_FIELDS, Delta
from tests.ui.fleet_parts import NOW, Parts, make_clock, make_update


@pytest.fixture
def parts() -> Parts:
    return Parts()


def row_of(message: dict, device_id: str) -> dict:
    rows = [dict(zip(FIELDS, row, strict=True)) for row in message["rows"]]
    return next(row for row in rows if row["device_id"] == device_id)


def sent(parts: Parts, delta: Delta) -> dict:
    """What a page gets for a delta, as it comes over the wire."""
    return orjson.loads(orjson.dumps(parts.feed.message(delta, now=NOW)))


def test_nothing_changed_is_no_delta(parts: Parts) -> None:
    assert parts.advance() is None
    assert parts.feed.seq == 0


def test_heartbeats_of_an_interval_become_one_numbered_delta(parts: Parts) -> None:
    parts.hear("a1", rssi_dbm=-70)
    parts.hear("a1", rssi_dbm=-71)
    parts.hear("b2")
    delta = parts.advance()
    assert delta is not None
    assert delta.seq == 1
    message = sent(parts, delta)
    assert sorted(row[0] for row in message["rows"]) == ["a1", "b2"]
    assert row_of(message, "a1")["rssi_dbm"] == -71
    assert row_of(message, "a1")["last_seen"] == NOW.timestamp()
    assert message["now"] == NOW.timestamp()
    assert message["removed"] == []
    assert "newest" not in message
    assert "health" not in message


def test_list_holds_every_clock_and_the_number_it_is_as_of(parts: Parts) -> None:
    parts.hear("a1")
    parts.hear("b2")
    parts.advance()
    listed = parts.list()
    assert listed["seq"] == 1
    assert listed["since"] is None
    assert {row[0] for row in listed["rows"]} == {"a1", "b2"}


def test_list_since_a_number_holds_only_what_changed_after_it(parts: Parts) -> None:
    parts.hear("a1")
    parts.advance()
    parts.hear("b2")
    parts.advance()
    parts.hear("c3")
    parts.advance()
    listed = parts.list(since=1)
    assert listed["since"] == 1
    assert listed["seq"] == 3
    assert {row[0] for row in listed["rows"]} == {"b2", "c3"}


def test_removed_clock_is_told_once_and_again_to_who_missed_it(parts: Parts) -> None:
    parts.hear("a1")
    parts.hear("b2")
    parts.advance()
    parts.fleet.forget("a1")
    delta = parts.advance()
    assert delta is not None
    assert sent(parts, delta)["removed"] == ["a1"]
    assert parts.list(since=1)["removed"] == ["a1"]
    assert parts.list(since=2)["removed"] == []


def test_removed_clock_that_speaks_again_is_not_listed_as_removed(parts: Parts) -> None:
    parts.hear("a1")
    parts.advance()
    parts.fleet.forget("a1")
    parts.advance()
    parts.hear("a1")
    parts.advance()
    listed = parts.list(since=1)
    assert listed["removed"] == []
    assert [row[0] for row in listed["rows"]] == ["a1"]


def test_clock_that_came_and_went_in_one_interval_leaves_no_row(parts: Parts) -> None:
    parts.hear("a1")
    parts.fleet.forget("a1")
    delta = parts.advance()
    assert delta is not None
    message = sent(parts, delta)
    assert message["rows"] == []
    assert message["removed"] == ["a1"]


def test_number_of_another_life_or_from_too_long_ago_gets_the_whole_list(parts: Parts) -> None:
    parts.hear("stays")
    parts.advance()
    for number in range(REMOVALS_KEPT + 1):
        parts.hear(f"{number:x}")
        parts.fleet.forget(f"{number:x}")
        parts.advance()
    assert parts.list(since=0)["since"] is None
    assert parts.list(since=parts.feed.seq + 1)["since"] is None
    assert parts.list(since=-1)["since"] is None
    assert parts.list(since=parts.feed.seq)["rows"] == []


def test_published_firmware_is_told_once_for_all_clocks(parts: Parts) -> None:
    parts.hear("a1")
    parts.advance()
    parts.catalogue.add(
        FirmwareInfo(1, "esp32", "2026.11.2.1", (1, 2026, 11, 2, 1), "f", 1, "0" * 64, NOW, "ci")
    )
    delta = parts.advance()
    assert delta is not None
    message = sent(parts, delta)
    assert message["newest"] == {"esp32": "2026.11.2.1"}
    assert message["rows"] == []
    assert parts.list()["newest"] == {"esp32": "2026.11.2.1"}
    assert parts.advance() is None


def test_lost_broker_is_told_with_its_time(parts: Parts) -> None:
    parts.health.set_broker(ok=True, now=NOW)
    parts.advance()
    parts.health.set_broker(ok=False, detail="refused", now=NOW + timedelta(seconds=5))
    delta = parts.advance()
    assert delta is not None
    assert sent(parts, delta)["health"]["broker"] == [False, int(NOW.timestamp()) + 5]


def test_running_update_is_in_the_row(parts: Parts) -> None:
    parts.hear("a1")
    update = make_update(UpdateState.DOWNLOADING, progress_percent=40)
    parts.fleet.apply([], [], [update])
    update_row = row_of(parts.list(), "a1")["update"]
    assert dict(zip(UPDATE_FIELDS, update_row, strict=True)) == {
        "state": "downloading",
        "progress_percent": 40,
        "new_version": "2026.11.2.1",
        "error": None,
        "at": int(NOW.timestamp()),
    }


def test_update_that_succeeded_is_not_told(parts: Parts) -> None:
    parts.hear("a1")
    parts.fleet.apply([], [], [make_update(UpdateState.SUCCESS, completed_at=NOW)])
    assert row_of(parts.list(), "a1")["update"] is None


@pytest.mark.parametrize(
    ("problem", "damaged"),
    [(Problem.WRONG_FIELD, 1), (Problem.OVERSIZED, 1), (Problem.SALVAGED, 0)],
)
def test_damaged_heartbeats_mark_the_clock_but_an_unescaped_ssid_does_not(
    parts: Parts, problem: Problem, damaged: int
) -> None:
    parts.hear("a1")
    parts.advance()
    parts.diagnostics.note("heartbeat", problem, "a1", b"{", NOW)
    parts.advance()
    assert row_of(parts.list(), "a1")["damaged"] == damaged


def test_mark_of_damaged_heartbeats_goes_after_a_while(parts: Parts) -> None:
    parts.hear("a1")
    parts.diagnostics.note("heartbeat", Problem.WRONG_FIELD, "a1", b"{", NOW)
    parts.advance()
    delta = parts.advance(now=NOW + timedelta(minutes=11))
    assert delta is not None
    assert row_of(sent(parts, delta), "a1")["damaged"] == 0


async def test_feed_sends_changes_soon_and_a_sign_of_life_when_there_are_none(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "LOOK_S", 0.02)
    monkeypatch.setattr(feed_module, "INTERVAL_S", 0.01)
    monkeypatch.setattr(feed_module, "PULSE_S", 0.05)
    deltas: asyncio.Queue[Delta] = asyncio.Queue()
    task = asyncio.create_task(parts.feed.run(deltas.put))
    try:
        async with asyncio.timeout(5):
            pulse = await deltas.get()
            assert pulse == Delta(0)
            parts.hear("a1")
            while not (delta := await deltas.get()).changed:
                assert delta.seq == 0
            assert delta == Delta(1, frozenset({"a1"}))
    finally:
        task.cancel()


async def test_after_a_large_delta_the_next_one_waits_longer(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "INTERVAL_S", 0.01)
    monkeypatch.setattr(feed_module, "BUSY_INTERVAL_S", 1)
    monkeypatch.setattr(feed_module, "BUSY_ROWS", 3)
    deltas: asyncio.Queue[Delta] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(parts.feed.run(deltas.put))
    try:
        async with asyncio.timeout(20):
            await asyncio.sleep(0)  # lets the feed begin to watch
            parts.fleet.apply([make_clock(name) for name in ("a1", "b2", "c3")], [], [])
            assert len((await deltas.get()).changed) == 3
            began = loop.time()
            parts.hear("a1")
            assert (await deltas.get()).changed == {"a1"}
            assert loop.time() - began > 0.9
    finally:
        task.cancel()


async def test_feed_outlives_an_error_and_makes_every_page_start_anew(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "INTERVAL_S", 0.01)
    epoch = parts.feed.epoch
    sent_again = asyncio.Event()

    async def send(delta: Delta) -> None:
        if parts.feed.epoch == epoch:
            raise RuntimeError("a row that cannot be encoded")
        sent_again.set()

    task = asyncio.create_task(parts.feed.run(send))
    try:
        async with asyncio.timeout(5):
            while not sent_again.is_set():
                parts.hear("a1")
                await asyncio.sleep(0.01)
        assert parts.feed.epoch != epoch
    finally:
        task.cancel()


def test_clock_that_says_that_it_ends_is_gone_until_it_is_heard_again(parts: Parts) -> None:
    parts.hear("a1")
    parts.advance()
    parts.fleet.apply_reports([(Status(device_id="a1", online=False), NOW)])
    delta = parts.advance()
    assert delta is not None
    assert row_of(sent(parts, delta), "a1")["gone"] == 1
    later = NOW + timedelta(seconds=1)
    parts.fleet.apply([], [Sighting("a1", later, later)], [])
    delta = parts.advance()
    assert delta is not None
    assert row_of(sent(parts, delta), "a1")["gone"] == 0


def test_whoever_sees_some_groups_is_told_of_those_clocks_and_of_no_other(parts: Parts) -> None:
    slalom = frozenset({"Slalom"})
    for device_id, group in (("a1", "Slalom"), ("b2", "Jump"), ("c3", None)):
        parts.hear(device_id)
        parts.fleet.regroup(device_id, group)
    delta = parts.advance()
    assert delta is not None
    message = parts.feed.message(delta, now=NOW, groups=slalom)
    assert [row[0] for row in orjson.loads(orjson.dumps(message))["rows"]] == ["a1"]
    listed = orjson.loads(parts.feed.list_json(groups=slalom))
    assert [row[0] for row in listed["rows"]] == ["a1"]
    assert listed["epoch"] == message["epoch"] == parts.feed.epoch_of(slalom)
    assert len({parts.feed.epoch, listed["epoch"], parts.feed.epoch_of(frozenset({"Jump"}))}) == 3


def test_a_clock_that_changes_its_group_leaves_one_list_and_comes_into_the_other(
    parts: Parts,
) -> None:
    slalom, jump = frozenset({"Slalom"}), frozenset({"Jump"})
    parts.hear("a1")
    parts.fleet.regroup("a1", "Slalom")
    parts.advance()
    parts.fleet.regroup("a1", "Jump")
    delta = parts.advance()
    assert delta is not None

    def told(groups: frozenset[str] | None) -> tuple[list[str], list[str]]:
        message = orjson.loads(orjson.dumps(parts.feed.message(delta, now=NOW, groups=groups)))
        listed = orjson.loads(parts.feed.list_json(since=1, groups=groups))
        for one in (message, listed):
            assert [row[0] for row in one["rows"]] == [row[0] for row in message["rows"]]
            assert one["removed"] == message["removed"]
        return [row[0] for row in message["rows"]], message["removed"]

    assert told(slalom) == ([], ["a1"])
    assert told(jump) == (["a1"], [])
    assert told(None) == (["a1"], [])
    parts.fleet.forget("a1")
    delta = parts.advance()
    assert delta is not None
    assert parts.feed.message(delta, now=NOW, groups=slalom)["removed"] == []
    assert parts.feed.message(delta, now=NOW, groups=jump)["removed"] == ["a1"]
