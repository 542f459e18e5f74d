"""A board is claimed before it is written: by whom, for what, and what is there afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from backend import clock_credentials
from backend.access import Permission, find_identity
from backend.claims import CLAIMS_IN_WINDOW, MAX_CLAIMS, ClaimForm, Claims, UnknownClaimError, Wifi
from backend.config import Settings
from backend.contract.flash_map import Part
from backend.contract.messages import Heartbeat
from backend.fleet import is_online
from backend.models import AuditEntry, Device, Download, Role, User
from tests.backend.api.conftest import Site, serve
from tests.backend.flash_images import factory_parts
from tests.nvs import read_blobs

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MAC = "A0:B1:C2:D3:E4:F5"
ESP01_ID = "d3e4f5"
FORM = {
    "platform": "esp01",
    "version": "2026.11.24.1",
    "mac": MAC,
    "chip": "ESP8266EX",
    "name": "Start hut",
    "group": "Slalom",
    "timezone": "Europe/Oslo",
    "wifi": {"ssid": "Club", "password": "powder snow"},
}


async def claim(person: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await person.post("/api/clocks/claims", json=FORM | changes)


async def test_claimed_board_waits_for_its_first_contact_with_credentials_of_its_own(
    site: Site,
) -> None:
    await site.publish("esp01")
    answer = await claim(await site.signed_in("technician"))
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["device_id"], body["generation"]) == (ESP01_ID, 1)
    assert body["manifest"] == f"/firmware/manifest/esp01/2026.11.24.1.json?claim={body['claim']}"
    async with site.server.database.session() as session:
        (credential,) = await clock_credentials.load_valid(session)
        device = await session.scalar(select(Device))
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "clock.claim"))
    assert (credential.claimed_by, credential.mac) == ("technician@example.org", MAC.lower())
    assert device is not None
    assert (device.name, device.device_group, device.heard) == ("Start hut", "Slalom", False)
    assert entry is not None
    assert (entry.actor, entry.address) == ("technician@example.org", "127.0.0.1")
    assert "powder" not in str((entry.before, entry.after))

    clock = site.server.fleet.clocks[ESP01_ID]
    day = timedelta(days=1)
    assert not is_online(clock, now=clock.last_seen, offline_after=day)
    await site.hear(Heartbeat(device_id=ESP01_ID, board="ESP-01", version="2026.11.24.1"))
    assert is_online(clock, now=clock.last_seen, offline_after=day)
    async with site.server.database.session() as session:
        assert await session.scalar(select(Device.heard)) is True


async def test_version_is_found_however_it_is_written_and_id_follows_the_chip(site: Site) -> None:
    await site.publish("esp32c3", "2026.1.2.3", parts=factory_parts("esp32c3"))
    person = await site.signed_in()
    body = (await claim(person, platform="esp32c3", version="2026.01.02.3")).json()
    assert body["device_id"] == "f5e4d3c2b1a0"
    assert body["manifest"].startswith("/firmware/manifest/esp32c3/2026.1.2.3.json?claim=")


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"mac": "nonsense"}, 400, "bad_claim", "mac"),
        ({"name": "x" * 33}, 400, "bad_claim", "name"),
        ({"name": "a\nb"}, 400, "bad_claim", "name"),
        ({"timezone": "x" * 49}, 400, "bad_claim", "timezone"),
        ({"group": "x" * 41}, 400, "bad_claim", "group"),
        ({"wifi": {"ssid": "x" * 33}}, 400, "bad_claim", "wifi"),
        ({"wifi": {"ssid": "Club", "password": "short"}}, 400, "bad_claim", "wifi"),
        ({"wifi": "Club"}, 400, "bad_request", "wifi"),
        ({"mac": 7}, 400, "bad_request", "mac"),
        ({"platform": "esp64"}, 400, "unknown_platform", "platform"),
        ({"version": "2026.11.24.9"}, 404, "no_firmware", "version"),
        ({"platform": "esp32"}, 409, "factory_parts_missing", None),
    ],
)
async def test_board_that_cannot_be_claimed_so_leaves_nothing(
    site: Site, changes: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    await site.publish("esp01")
    await site.publish("esp32")
    answer = await claim(await site.signed_in(), **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json().get("field") == field
    assert site.server.fleet.clocks == {}


async def test_viewer_claims_nothing(site: Site) -> None:
    await site.publish("esp01")
    answer = await claim(await site.signed_in("viewer"))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_page_of_another_site_claims_nothing(site: Site) -> None:
    await site.publish("esp01")
    person = await site.signed_in()
    person.headers["origin"] = "https://evil.example"
    answer = await claim(person)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


async def test_clock_in_use_is_claimed_only_by_who_may_edit_clocks(site: Site) -> None:
    await site.publish("esp01")
    async with site.server.database.session() as session:
        role = await session.scalar(select(Role).where(Role.name == "technician"))
        assert role is not None
        role.permissions = [p for p in role.permissions if p != Permission.EDIT_CLOCKS]
    person = await site.signed_in("technician")
    assert [(await claim(person)).status_code for _ in range(2)] == [201, 201]
    await site.hear(Heartbeat(device_id=ESP01_ID, board="ESP-01", version="2026.11.24.1"))
    answer = await claim(person)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_nobody_claims_more_boards_than_one_can_flash(site: Site) -> None:
    await site.publish("esp01")
    person = await site.signed_in()
    user_id = (await site.identity("admin@example.org")).user_id
    for _ in range(CLAIMS_IN_WINDOW):
        site.server.claims.check_rate(user_id, now=datetime.now(UTC))
    answer = await claim(person)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_claims")
    assert int(answer.headers["retry-after"]) > 0


def kept(claims: Claims, *, user_id: int = 1, now: datetime = NOW) -> str:
    form = ClaimForm("esp01", "2026.11.24.1", MAC, wifi=Wifi("Club", "powder snow"))
    return claims.add(form, user_id=user_id, device_id=ESP01_ID, generation=1, now=now).id


def find(claims: Claims, claim_id: str, *, now: datetime = NOW, **changes: Any) -> str:
    asked = {"user_id": 1, "platform": "esp01", "version": "2026.11.24.1"} | changes
    return claims.find(claim_id, now=now, **asked).device_id


def test_claim_is_for_its_person_its_firmware_and_an_hour() -> None:
    claims = Claims()
    claim_id = kept(claims)
    assert find(claims, claim_id) == ESP01_ID
    for changes in ({"user_id": 2}, {"platform": "esp12f"}, {"version": "2026.11.24.2"}):
        with pytest.raises(UnknownClaimError):
            find(claims, claim_id, **changes)
    assert find(claims, claim_id, now=NOW + timedelta(minutes=59))
    with pytest.raises(UnknownClaimError):
        find(claims, claim_id, now=NOW + timedelta(hours=1))


def test_claims_are_bounded_and_do_not_tell_their_wifi() -> None:
    claims = Claims()
    first = kept(claims)
    assert "powder" not in repr(
        claims.find(first, user_id=1, platform="esp01", version="2026.11.24.1", now=NOW)
    )
    for _ in range(MAX_CLAIMS):
        last = kept(claims)
    with pytest.raises(UnknownClaimError):
        find(claims, first)
    assert find(claims, last)


async def manifest_of(person: httpx.AsyncClient, claimed: httpx.Response) -> dict[str, Any]:
    answer = await person.get(claimed.json()["manifest"])
    assert answer.status_code == 200, answer.text
    return answer.json()


async def identity_link(person: httpx.AsyncClient, claimed: httpx.Response) -> str:
    (build,) = (await manifest_of(person, claimed))["builds"]
    return next(part["path"] for part in build["parts"] if part["offset"] == 0xF7000)


async def test_manifest_of_a_claim_ends_with_the_part_that_makes_it_this_clock(site: Site) -> None:
    await site.publish("esp32c3", parts=factory_parts("esp32c3"))
    person = await site.signed_in("technician")
    manifest = await manifest_of(person, await claim(person, platform="esp32c3"))
    assert manifest["new_install_prompt_erase"] is False
    (build,) = manifest["builds"]
    assert [part["offset"] for part in build["parts"]] == [0, 0x8000, 0x9000, 0xE000, 0x10000]
    answer = await site.client().get(build["parts"][2]["path"])
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    identity = read_blobs(answer.content)["skiclock", "identity"]
    for word in ("f5e4d3c2b1a0-1", "skd_f5e4d3c2b1a0_1_", "Start hut", "Europe/Oslo", site.url):
        assert word.encode() in identity
    assert site.server.clock_keys.mqtt_password("f5e4d3c2b1a0", 1).encode() in identity
    async with site.server.database.session() as session:
        (taken,) = await session.scalars(select(Download).where(Download.part == "identity"))
    assert (taken.taker, taken.size_bytes) == ("technician@example.org", 0x5000)

    plain = (await person.get("/firmware/manifest/esp32c3.json")).json()
    assert plain["new_install_prompt_erase"] is True
    assert len(plain["builds"][0]["parts"]) == 4


async def test_claim_of_somebody_else_is_refused(site: Site) -> None:
    await site.publish("esp01")
    claimed = await claim(await site.signed_in("technician"))
    other = await site.signed_in("admin")
    for manifest in (claimed.json()["manifest"], "/firmware/manifest/esp01.json?claim=nonsense"):
        answer = await other.get(manifest)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_claim")


@pytest.mark.parametrize("why", ["revoked", "forgotten", "no right"])
async def test_link_to_an_identity_ends_with_what_it_rests_on(site: Site, why: str) -> None:
    await site.publish("esp01")
    person = await site.signed_in("technician")
    link = await identity_link(person, await claim(person))
    code = "unknown_claim"
    async with site.server.database.session() as session:
        if why == "revoked":
            await clock_credentials.revoke(
                session, ESP01_ID, actor="test", address=None, now=datetime.now(UTC)
            )
        elif why == "forgotten":
            site.server.claims = Claims()
        else:
            await session.execute(update(User).values(disabled=True))
            code = "not_allowed"
    answer = await site.client().get(link)
    assert answer.status_code in {403, 404}
    assert answer.json()["code"] == code


async def test_link_to_an_identity_cannot_be_changed_into_another(site: Site) -> None:
    await site.publish("esp01")
    person = await site.signed_in("technician")
    link = await identity_link(person, await claim(person))
    answer = await site.client().get(link[:-3] + ("AAA" if link[-3:] != "AAA" else "BBB"))
    assert (answer.status_code, answer.json()["code"]) == (404, "bad_link")
    async with site.server.database.session() as session:
        user = await session.scalar(select(User).where(User.email == "technician@example.org"))
        assert user is not None
        identity = await find_identity(session, user.id)
    assert identity is not None
    token = site.server.links.make(
        identity, "esp01", "2026.11.24.1", Part.IDENTITY, now=datetime.now(UTC)
    )
    answer = await site.client().get(f"/firmware/user-download/{token}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_claim")


async def test_server_whose_broker_knows_no_single_clocks_makes_no_identities(
    settings: Settings,
) -> None:
    changes = {"mqtt_host": "broker.example.org", "mqtt_username": "all"}
    async with serve(settings.model_copy(update=changes)) as site:
        await site.server.loaded.wait()
        await site.publish("esp01")
        answer = await claim(await site.signed_in())
        assert (answer.status_code, answer.json()["code"]) == (400, "unfit_identity")
        assert "BROKER_DYNSEC" in answer.json()["error"]
