"""A clock's own key: opens its own platform's firmware, until it is revoked or replaced."""

from datetime import UTC, datetime

import httpx

from backend import clock_credentials
from tests.backend.api.conftest import Site

ID = "a1b2c3"
WHO = {"actor": "anna@example.org", "address": None}


async def claim(site: Site) -> str:
    async with site.server.database.session() as session:
        row = await clock_credentials.claim(
            session, ID, platform="esp01", mac=None, now=datetime.now(UTC), **WHO
        )
    return site.server.clock_keys.device_key(ID, row.generation)


async def revoke(site: Site) -> None:
    async with site.server.database.session() as session:
        await clock_credentials.revoke(session, ID, now=datetime.now(UTC), **WHO)


async def ask(site: Site, key: str, path: str = "/api/firmware/esp01") -> httpx.Response:
    return await site.client().get(path, headers={"x-api-key": key})


async def test_own_key_opens_firmware_of_its_platform_and_nothing_else(site: Site) -> None:
    await site.publish("esp01")
    await site.publish("esp32")
    key = await claim(site)
    assert (await ask(site, key)).status_code == 200
    assert (await ask(site, key, "/api/version?platform=esp01")).status_code == 200
    for path in ("/api/firmware/esp32", "/api/version?platform=esp32"):
        answer = await ask(site, key, path)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    for path in ("/api/devices", "/api/status", "/metrics"):
        answer = await ask(site, key, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "wrong_key")
    answer = await site.client().post("/api/upload", headers={"x-api-key": key})
    assert answer.status_code == 401


async def test_forged_key_is_refused(site: Site) -> None:
    await site.publish("esp01")
    key = await claim(site)
    for forged in (key[:-1] + ("A" if key[-1] != "A" else "B"), key.replace("_1_", "_2_"), "skd_"):
        assert (await ask(site, forged)).status_code == 401


async def test_first_use_of_a_new_key_retires_the_old_one(site: Site) -> None:
    await site.publish("esp01")
    old = await claim(site)
    assert (await ask(site, old)).status_code == 200
    new = await claim(site)
    assert (await ask(site, old)).status_code == 200
    assert (await ask(site, new)).status_code == 200
    async with site.server.database.session() as session:
        rows = await clock_credentials.history_of(session, ID)
    assert [row.state for row in rows] == ["current", "revoked"]
    assert all(row.first_used_at is not None for row in rows)


async def test_revoked_key_opens_nothing_that_was_not_opened_just_before(site: Site) -> None:
    await site.publish("esp01")
    key = await claim(site)
    await revoke(site)
    answer = await ask(site, key)
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_key")
