"""Two servers side by side: one follows the other, and sends versions on to it."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import select

from backend.api_keys import Scope
from backend.config import Settings, load_settings
from backend.contract.flash_map import Part
from backend.contract.statement import statement
from backend.models import AuditEntry
from backend.production import Production
from backend.signatures import new_key, public_digits, sign
from backend.sync import Findings, Follower, list_runs, write_down
from tests.backend.api.conftest import Site, serve, until
from tests.backend.flash_images import factory_parts
from tests.backend.images import esp_image
from tests.backend.object_server import Line, line_to_port
from tests.conftest import Postgres

OLD, NEW = "2026.11.20.1", "2026.11.24.1"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SIGNING = new_key()


@dataclass
class Two:
    """A development server that follows a production server over a line that can break."""

    production: Site
    development: Site
    line: Line

    @property
    def follower(self) -> Follower:
        return self.development.server.follower

    async def runs(self) -> list[tuple[int, int, str | None]]:
        async with self.development.server.database.session() as session:
            return [(r.unchanged, r.looks, r.problem) for r in await list_runs(session, limit=50)]


@pytest_asyncio.fixture(loop_scope="session")
async def two(settings: Settings, postgres: Postgres, tmp_path: Path) -> AsyncIterator[Two]:
    name = await postgres.create_database("migrated")
    url = postgres.url(name).replace("postgresql://", "postgresql+asyncpg://", 1)
    (tmp_path / "development").mkdir()
    async with serve(settings) as production:
        await production.server.loaded.wait()
        async with line_to_port(production.address[1]) as line:
            ours = load_settings(data=tmp_path / "development", database_url=url, port=0)
            ours = ours.model_copy(
                update={
                    "production_api_url": f"http://127.0.0.1:{line.port}",
                    "production_api_key": SecretStr(
                        await production.key(Scope.READ, Scope.DOWNLOAD)
                    ),
                    "production_upload_key": SecretStr(await production.key(Scope.UPLOAD)),
                    "firmware_public_keys": "",
                }
            )
            async with serve(ours) as development:
                await until(lambda: development.server.follower.next_look_at is not None)
                yield Two(production, development, line)
    await postgres.drop_database(name)


async def test_new_versions_come_over_with_parts_and_signature(two: Two) -> None:
    image = esp_image("esp32", size_bytes=200_000)
    text = statement("esp32", NEW, len(image), hashlib.sha256(image).hexdigest())
    parts = factory_parts("esp32")
    info = await two.production.publish(
        version=NEW, image=image, parts=parts, signature=sign(SIGNING, text)
    )
    await two.production.publish("esp12f", OLD)
    found = await two.follower.look()
    assert (found.unchanged, found.refused, found.problem) == (0, [], None)
    assert sorted(found.taken) == [("esp12f", OLD), ("esp32", NEW)]

    ours = two.development.server.catalogue.newest("esp32")
    assert ours is not None
    assert (ours.sha256, ours.signature, ours.parts) == (info.sha256, info.signature, info.parts)
    assert ours.filename == info.filename
    assert ours.starts_blank_chip
    for sha256 in ours.files:
        assert await two.development.server.storage.exists(sha256)

    found = await two.follower.look()
    assert (found.unchanged, found.taken, found.refused) == (2, [], [])


async def test_what_is_here_is_never_replaced_and_an_older_version_comes_too(two: Two) -> None:
    own = await two.development.publish(version=NEW, image=esp_image("esp32", fill=1))
    await two.production.publish(version=OLD)
    await two.production.publish(version=NEW, image=esp_image("esp32", fill=2))
    found = await two.follower.look()
    assert found.taken == [("esp32", OLD)]
    ((_, version, reason),) = found.refused
    assert (version, "not replaced" in reason) == (NEW, True)
    catalogue = two.development.server.catalogue
    assert catalogue.newest("esp32") == own
    assert catalogue.find("esp32", OLD) is not None


async def test_a_break_in_the_middle_costs_only_the_rest(two: Two) -> None:
    image = esp_image("esp32", size_bytes=1_000_000)
    info = await two.production.publish(version=NEW, image=image)
    two.line.cuts_down_after = 500_000
    found = await two.follower.look()
    assert found.taken == [("esp32", NEW)]  # the second try fetched the other half
    assert two.line.connections < 6

    longer = await two.production.publish(
        version="2026.11.24.2", image=esp_image("esp32", size_bytes=1_000_000, fill=3)
    )
    two.line.cuts_down_after = 150_000
    found = await two.follower.look()
    assert "cannot be reached" in str(found.problem)
    half = two.development.server.settings.data / "sync" / longer.sha256
    have_bytes = half.stat().st_size
    assert 0 < have_bytes < longer.size_bytes

    two.line.cuts_down_after, two.line.bytes_down = None, 0
    assert (await two.follower.look()).taken == [("esp32", "2026.11.24.2")]
    assert two.line.bytes_down < longer.size_bytes - have_bytes + 20_000
    assert not half.exists()
    assert two.development.server.catalogue.find("esp32", NEW) is not None
    assert info.sha256 != longer.sha256


async def test_damaged_bytes_are_refused_and_fetched_anew_when_asked(two: Two) -> None:
    await two.production.publish(version=NEW, image=esp_image("esp32", size_bytes=200_000))
    two.line.flips_bits = True
    ((_, _, reason),) = (await two.follower.look()).refused
    assert "SHA-256" in reason
    two.line.flips_bits, two.line.bytes_down = False, 0
    assert len((await two.follower.look()).refused) == 1
    assert two.line.bytes_down < 20_000  # the list alone
    assert (await two.follower.look(asked_by="kari@example.org")).taken == [("esp32", NEW)]


async def test_what_is_not_signed_by_our_key_is_refused_without_fetching_it(two: Two) -> None:
    settings = two.development.server.settings
    two.follower._settings = settings.model_copy(
        update={"firmware_public_keys": public_digits(SIGNING)}
    )
    image = esp_image("esp32", size_bytes=200_000)
    text = statement("esp32", NEW, len(image), hashlib.sha256(image).hexdigest())
    await two.production.publish(version=OLD, image=image)
    await two.production.publish(version=NEW, image=image, signature=sign(new_key(), text))
    two.line.bytes_down = 0
    found = await two.follower.look()
    reasons = {version: reason for _, version, reason in found.refused}
    assert "not signed" in reasons[OLD]
    assert "fits none" in reasons[NEW]
    assert two.line.bytes_down < 20_000


async def test_a_server_that_is_away_or_foreign_is_told_and_counted_once(two: Two) -> None:
    two.follower.production = Production("http://127.0.0.1:1", "key")
    for _ in range(3):
        assert "cannot be reached" in str((await two.follower.look()).problem)
    two.follower.production = Production(two.production.url, "sck_wrong")
    assert "unknown, expired or revoked" in str((await two.follower.look()).problem)
    foreign, away, first = await two.runs()
    assert (first, away[1], foreign[1]) == ((0, 1, None), 3, 1)


async def test_the_history_is_bounded(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.sync.RUNS_KEPT", 5)
    async with two.development.server.database.session() as session:
        for number in range(9):
            found = Findings(unchanged=number, refused=[("esp32", NEW, "why")])
            await write_down(session, found, began_at=NOW, asked_by=None, now=NOW)
    assert [run[0] for run in await two.runs()] == [8, 7, 6, 5, 4]


async def test_one_call_promotes_a_version_with_all_that_belongs_to_it(two: Two) -> None:
    image = esp_image("esp32", size_bytes=200_000)
    text = statement("esp32", NEW, len(image), hashlib.sha256(image).hexdigest())
    info = await two.development.publish(
        version=NEW, image=image, parts=factory_parts("esp32"), signature=sign(SIGNING, text)
    )
    ci = two.development.client(**{"x-api-key": await two.development.key(Scope.PROMOTE)})
    for was_there in (False, True):
        answer = await ci.post("/api/promote", json={"platform": "esp32", "version": NEW})
        assert answer.json() == {"platform": "esp32", "version": NEW, "was_there": was_there}
    there = two.production.server.catalogue.newest("esp32")
    assert there is not None
    assert (there.sha256, there.signature, there.parts) == (info.sha256, info.signature, info.parts)
    async with two.development.server.database.session() as session:
        asked = select(AuditEntry.object).where(AuditEntry.action == "firmware.promote")
        assert list(await session.scalars(asked)) == [f"esp32 {NEW}"] * 2


async def test_a_promotion_that_cannot_be_says_why(two: Two) -> None:
    ci = two.development.client(**{"x-api-key": await two.development.key(Scope.PROMOTE)})

    async def promote(version: str = NEW) -> tuple[int, str]:
        answer = await ci.post("/api/promote", json={"platform": "esp32", "version": version})
        return answer.status_code, answer.json()["code"]

    assert await promote() == (404, "no_firmware")
    await two.development.publish(version=NEW, image=esp_image("esp32", fill=1))
    await two.production.publish(version=NEW, image=esp_image("esp32", fill=2))
    assert await promote() == (409, "other_image")
    await two.production.publish(version="2026.11.25.1")
    await two.development.publish(version="2026.11.24.7", image=esp_image("esp32", fill=3))
    assert await promote("2026.11.24.7") == (422, "production_refused")
    two.follower.production = Production("http://127.0.0.1:1", "key", "key")
    assert await promote() == (502, "production_away")
    two.follower.production = Production("", "")
    assert await promote() == (409, "promotion_off")
    wrong = two.development.client(**{"x-api-key": await two.development.key(Scope.UPLOAD)})
    answer = await wrong.post("/api/promote", json={"platform": "esp32", "version": NEW})
    assert answer.status_code == 401


async def test_parts_are_downloaded_one_by_one(site: Site) -> None:
    parts = factory_parts("esp32")
    await site.publish(parts=parts)
    client = site.client(**{"x-api-key": await site.key(Scope.DOWNLOAD)})

    async def part(name: str) -> httpx.Response:
        return await client.get("/api/firmware/esp32", params={"part": name})

    assert (await part("bootloader")).content == parts[Part.BOOT_LOADER]
    for name in ("application", "nonsense"):
        assert (await part(name)).json()["field"] == "part"
    listed = (await client.get("/api/firmware")).json()
    assert listed["count"] == 1
    assert {one["part"] for one in listed["firmware"][0]["parts"]} == set(parts)
