"""A spare takes a broken clock's place."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text

from backend import clock_credentials, clock_settings, swap
from backend.clock_models import ClockSettings
from backend.contract.messages import Heartbeat
from backend.models import AuditEntry, Device
from tests.backend.api.conftest import Site

SETTINGS = {"brightness": 40, "panels": "4+4", "mqtt_password": "hush", "mqtt_username": "a1-1"}


def heartbeat(device_id: str, protocol: int | None) -> Heartbeat:
    return Heartbeat(device_id=device_id, board="ESP32", version="2026.11.1.1", protocol=protocol)


async def furnish(site: Site, *, spare_protocol: int | None = 2) -> None:
    """Make a1 with a name and settings, and the spare b2; each has been heard."""
    await site.hear(heartbeat("a1", 2), heartbeat("b2", spare_protocol), heartbeat("a1", 2))
    async with site.server.database.session() as session:
        await session.execute(
            text(
                "UPDATE devices SET name = 'Start', device_group = 'Slalom' WHERE device_id = 'a1'"
            )
        )
        version = await clock_settings.want(
            session,
            "a1",
            SETTINGS,
            topics=site.server.topics,
            actor="test",
            address=None,
            now=datetime.now(UTC),
        )
    site.server.fleet.rename("a1", "Start")
    site.server.fleet.want("a1", version)


async def heard(site: Site) -> dict[str, int]:
    async with site.server.database.session() as session:
        rows = await session.execute(
            text(
                "SELECT device_id, count(heartbeats.device) FROM devices"
                " LEFT JOIN heartbeats ON heartbeats.device = devices.id GROUP BY device_id"
            )
        )
        return {device_id: int(count) for device_id, count in rows}


async def ask(site: Site, old: str, spare: str, role: str = "admin") -> tuple[int, dict[str, Any]]:
    person = await site.signed_in(role)
    answer = await person.post(f"/api/devices/{old}/swap", json={"spare": spare})
    return answer.status_code, answer.json()


async def test_name_settings_and_history_move_and_who_the_chip_is_stays(site: Site) -> None:
    await furnish(site)
    status, body = await ask(site, "a1", "b2")
    assert status == 200
    assert body == {"device_id": "a1", "replaced_by": "b2", "name": "Start", "settings_moved": True}

    async with site.server.database.session() as session:
        names = dict((await session.execute(select(Device.device_id, Device.name))).all())
        wanted = await clock_settings.find_wanted(session, "b2")
        left = await session.scalar(select(ClockSettings).join(Device).where(Device.name.is_(None)))
        (done,) = await swap.find_swaps(session, "a1")
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "clock.swap"))
    assert names == {"a1": None, "b2": "Start"}
    assert wanted is not None
    assert wanted.settings == {"brightness": 40}
    assert left is None
    assert await heard(site) == {"a1": 0, "b2": 3}
    assert (done.old, done.new, done.by) == ("a1", "b2", "admin@example.org")
    assert entry is not None
    assert entry.after == {"replaced_by": "b2", "settings_version": wanted.version}
    clocks = site.server.fleet.clocks
    assert (clocks["a1"].name, clocks["b2"].name) == (None, "Start")
    assert clocks["b2"].device_group == "Slalom"
    assert (clocks["a1"].wanted_config, clocks["b2"].wanted_config) == (None, wanted.version)


async def test_spare_that_takes_no_settings_is_given_none(site: Site) -> None:
    await furnish(site, spare_protocol=None)
    status, body = await ask(site, "a1", "b2")
    assert (status, body["settings_moved"]) == (200, False)
    async with site.server.database.session() as session:
        kept = await clock_settings.find_wanted(session, "a1")
    assert kept is not None


async def test_clock_that_is_not_there_takes_no_place_and_nothing_changes(site: Site) -> None:
    await furnish(site)
    person = await site.signed_in()
    for old, spare in (("a1", "c3"), ("c3", "a1"), ("a1", "a1"), ("a1", "")):
        answer = await person.post(f"/api/devices/{old}/swap", json={"spare": spare})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_swap"), (old, spare)
    assert site.server.fleet.clocks["a1"].name == "Start"
    assert await heard(site) == {"a1": 2, "b2": 1}


async def test_viewer_swaps_nothing(site: Site) -> None:
    await furnish(site)
    status, body = await ask(site, "a1", "b2", "viewer")
    assert (status, body["code"]) == (403, "forbidden")
    assert await heard(site) == {"a1": 2, "b2": 1}


async def test_credentials_of_the_replaced_clock_are_revoked_and_the_spares_are_not(
    site: Site,
) -> None:
    await furnish(site)
    async with site.server.database.session() as session:
        for device_id in ("a1", "b2"):
            await clock_credentials.claim(
                session,
                device_id,
                platform="esp32",
                mac=None,
                actor="test",
                address=None,
                now=datetime.now(UTC),
            )
    assert (await ask(site, "a1", "b2"))[0] == 200
    async with site.server.database.session() as session:
        valid = await clock_credentials.load_valid(session)
    assert [row.device_id for row in valid] == ["b2"]
