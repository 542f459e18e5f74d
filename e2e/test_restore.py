"""A server that is lost comes back elsewhere from one file, and its clocks carry on there."""

import asyncio
import json
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import aiomqtt
from sqlalchemy import text

from backend import clock_credentials
from backend.clock_keys import ClockKeys, mqtt_username
from backend.db import Database
from backend.embedded.postgres import database_url
from e2e.conftest import EMAIL, Product
from tests.backend.images import esp_image

OLD_CLOCK, NEW_CLOCK = "01d5c10c", "0e35c10c"
VERSION = "2026.12.24.1"
PLATFORM = "esp12f"  # no other test that shares the product publishes for it


async def claim(product: Product, device_id: str) -> None:
    """Give a clock credentials of its own, as the flash page does."""
    database = Database(database_url(product.data / "postgres" / "socket"))
    async with database.session() as session:
        await clock_credentials.claim(
            session,
            device_id,
            platform="esp32c3",
            mac=None,
            name="Finish",
            now=datetime.now(UTC),
            actor=EMAIL,
            address=None,
        )
    await database.close()


async def newest_states(product: Product, device_id: str) -> list[str]:
    """Return the states of a clock's updates, newest first."""
    database = Database(database_url(product.data / "postgres" / "socket"))
    async with database.session() as session:
        sql = text("SELECT state FROM updates WHERE device_id = :id ORDER BY id DESC")
        found = list(await session.scalars(sql, {"id": device_id}))
    await database.close()
    return found


async def test_clocks_carry_on_where_the_backup_is_restored(
    product: Product, tmp_path: Path
) -> None:
    file = tmp_path / "club.skiclock"
    image = esp_image(PLATFORM, fill=12)
    assert (await product.upload(PLATFORM, VERSION, image)).status_code == 201
    await claim(product, NEW_CLOCK)
    async with product.clock(OLD_CLOCK) as clock:
        clock.platform, clock.board = PLATFORM, "ESP-12F"
        await clock.heartbeat()
        answer = json.loads(await clock.ask_version())
        versions = {"old_version": clock.version, "new_version": VERSION}
        session_id = answer["session_id"]
        await clock.send("ota/start", session_id=session_id, platform=PLATFORM, **versions)
        await until(lambda: newest_states(product, OLD_CLOCK), ["started"])
    code, said = await product.run("backup", str(file))
    assert code == 0, said
    assert "images" in said
    assert product.secrets["clock_key"] not in said

    with tempfile.TemporaryDirectory(prefix="skiclock-", ignore_cleanup_errors=True) as folder:
        other = Product(Path(folder))
        code, said = await other.run("restore", str(file))
        assert code == 0, said
        await other.start()
        try:
            assert other.secrets == product.secrets
            await carries_on(other, session_id, image)
        finally:
            await other.stop()


async def carries_on(other: Product, session_id: str, image: bytes) -> None:
    """An old clock ends the update that it began elsewhere; a new one is let in as itself."""
    async with other.clock(OLD_CLOCK) as clock:
        clock.platform, clock.board = PLATFORM, "ESP-12F"
        assert (await clock.download()).content == image
        await clock.send("ota/complete", session_id=session_id, success=True)
        clock.version = VERSION
        await clock.heartbeat(uptime=5)
        await until(lambda: newest_states(other, OLD_CLOCK), ["success"])
    keys = ClockKeys(other.secrets["clock_key"])
    trust = ssl.create_default_context(cafile=str(other.data / "tls" / "ca.pem"))
    async with aiomqtt.Client(
        "localhost",
        other.mqtt_tls_port,
        username=mqtt_username(NEW_CLOCK, 1),
        password=keys.mqtt_password(NEW_CLOCK, 1),
        identifier=f"SkiClock-{NEW_CLOCK}",
        tls_context=trust,
    ) as client:
        await client.subscribe(f"skiclock/command/{NEW_CLOCK}", 1)


async def until(look: Callable[[], Awaitable[list[str]]], wanted: list[str]) -> None:
    async with asyncio.timeout(30):
        while await look() != wanted:
            await asyncio.sleep(0.05)
