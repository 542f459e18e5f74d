"""The routes that renew and revoke a clock's own credentials."""

from datetime import UTC, datetime

from sqlalchemy import text

from backend import clock_credentials
from backend.clock_keys import Claimed
from tests.backend.api.conftest import Site

ID = "a1b2c3"


async def claim(site: Site, *, used: bool = False) -> None:
    now = datetime.now(UTC)
    async with site.server.database.session() as session:
        row = await clock_credentials.claim(
            session, ID, platform="esp01", mac=None, actor="test", address=None, now=now
        )
        if used:
            await clock_credentials.mark_used(session, Claimed(ID, row.generation), now=now)
            await session.execute(text("UPDATE devices SET protocol = 2"))


async def test_credentials_are_renewed_once_and_then_waited_for(site: Site) -> None:
    await claim(site, used=True)
    person = await site.signed_in("technician")
    path = f"/api/devices/{ID}/credentials/rotate"
    answer = await person.post(path)
    assert (answer.status_code, answer.json()) == (200, {"device_id": ID, "generation": 2})
    answer = await person.post(path)
    assert (answer.status_code, answer.json()["code"]) == (409, "rotation_waits")
    async with site.server.database.session() as session:
        states = {row.generation: row.state for row in await clock_credentials.load_valid(session)}
    assert states == {1: "retiring", 2: "current"}


async def test_credentials_are_revoked_at_once_and_only_where_there_are_some(site: Site) -> None:
    person = await site.signed_in("technician")
    path = f"/api/devices/{ID}/credentials"
    answer = await person.delete(path)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_credentials")
    answer = await person.post(f"{path}/rotate")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_credentials")
    await claim(site)
    answer = await person.delete(path)
    assert (answer.status_code, answer.json()) == (200, {"device_id": ID, "revoked": [1]})
    async with site.server.database.session() as session:
        assert await clock_credentials.load_valid(session) == []
        actor = await session.scalar(
            text("SELECT actor FROM audit_log WHERE action = 'clock.revoke'")
        )
    assert actor == "technician@example.org"
