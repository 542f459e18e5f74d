"""What pages are told: firmware, diagnostics, the navigation, reasons and refusals in words."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from backend import (
    access,
    api_keys,
    bundle,
    claims,
    firmware,
    flash_attempts,
    flash_parts,
    image,
    issuers,
    links,
    passwords,
    people,
    production,
    promote,
    roles,
    second_factor,
    sight,
    sign_ins,
    signatures,
    single_sign_on,
    sso_accounts,
    storage,
    swap,
    update_states,
)
from backend.access import Identity, Permission
from backend.certificate_watch import Holder, Seen
from backend.contract.messages import Problem
from backend.db import Database
from backend.diagnostics import Diagnostics
from backend.errors import Refusal
from backend.firmware import Catalogue, FirmwareInfo
from backend.fleet import Fleet
from backend.health import Health
from backend.ingest import Figures
from backend.keeper import Keeping
from backend.storage import Storage
from skiclock_ui import i18n, refusals
from skiclock_ui.components.diagnostics.diagnostics import diagnostics_words
from skiclock_ui.components.diagnostics.state import Rate, Versions, diagnostics_state
from skiclock_ui.components.firmware.firmware import firmware_state
from skiclock_ui.components.updates.updates import reasons
from skiclock_ui.pages.firmware import upload_command
from skiclock_ui.pages.language import own_path
from skiclock_ui.theme import places_for
from tests.ui.fleet_parts import make_clock

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def published(version: str, key: tuple[int, int, int, int, int], number: int) -> FirmwareInfo:
    return FirmwareInfo(
        number, "esp32", version, key, "f.bin", 500_000, "ab" * 32, NOW, "kari@example.org"
    )


def identity(*permissions: Permission) -> Identity:
    return Identity(1, "a@b", "role", frozenset(permissions), frozenset())


def test_firmware_counts_the_clocks_of_each_version_however_it_is_written(
    tmp_path: Path,
) -> None:
    fleet, catalogue = Fleet(), Catalogue()
    catalogue.add(published("2026.11.1.1", (1, 2026, 11, 1, 1), 1))
    catalogue.add(published("2026.11.2.1", (1, 2026, 11, 2, 1), 2))
    for device_id, version in (("a", "2026.11.1.1"), ("b", "2026.11.01.1"), ("c", "2025.1.1.1")):
        clock = make_clock(device_id)
        clock.version = version
        fleet.apply([clock], [], [])
    esp32 = firmware_state(catalogue, fleet.clocks.values(), Storage(tmp_path))["platforms"][0]
    assert [(one["version"], one["clocks"]) for one in esp32["versions"]] == [
        ("2026.11.2.1", 0),
        ("2026.11.1.1", 2),
    ]
    assert (esp32["clocks"], esp32["others"]) == (3, 1)


def test_rate_is_measured_between_two_looks() -> None:
    counts = iter([10, 10, 30, 90])
    rate = Rate(lambda: next(counts))
    assert rate.per_s(100.0) is None
    assert rate.per_s(100.2) is None
    assert rate.per_s(102.0) == 10.0
    assert rate.per_s(104.0) == 30.0


async def test_diagnostics_tell_samples_as_text_and_the_database_by_version(
    database: Database, tmp_path: Path
) -> None:
    diagnostics, health = Diagnostics(), Health()
    diagnostics.note("heartbeat", Problem.SALVAGED, "a1", b'{"ssid":"\xff<b>"}', NOW)
    server = SimpleNamespace(
        settings=SimpleNamespace(
            embeds_broker=True, embeds_database=False, object_cache_bytes=1000
        ),
        storage=Storage(tmp_path),
        keeper=SimpleNamespace(state=Keeping(near_bytes=500), waiting=[]),
        health=health,
        diagnostics=diagnostics,
        ingest=SimpleNamespace(figures=Figures(received=7), depth=3),
        fleet=Fleet(),
        started_at=NOW - timedelta(hours=1),
        certificates=SimpleNamespace(
            seen=[Seen(Holder.WEB, "a:443", datetime.now(UTC) + timedelta(days=9, hours=1))]
        ),
    )
    state = await diagnostics_state(cast(Any, server), Rate(lambda: 7), Versions(database))
    assert state["samples"][0]["payload"] == '{"ssid":"\\xff<b>"}'
    assert state["problems"] == [{"kind": "heartbeat", "problem": "salvaged", "count": 1}]
    assert (state["ingest"]["depth"], state["ingest"]["received"]) == (3, 7)
    assert int(state["versions"]["postgresql"].split(".")[0]) >= 14
    assert state["parts"]["database"]["embedded"] is False
    (certificate,) = state["certificates"]
    assert (certificate["days_left"], certificate["soon"]) == (9, True)
    assert (state["parts"]["store"]["ok"], state["parts"]["store"]["near_bytes"]) == (True, 500)


async def test_versions_do_without_a_database_that_is_away() -> None:
    away = Database("postgresql+asyncpg://nobody@127.0.0.1:1/none")
    assert (await Versions(away).get())["postgresql"] is None
    await away.close()


def test_every_problem_has_a_meaning_and_something_to_do() -> None:
    words = diagnostics_words()["problems"]
    assert set(words) == {*map(str, Problem), "misfit"}
    assert all(one["title"] and one["to_do"] for one in words.values())


def test_every_reason_of_a_failed_update_can_be_told_in_words() -> None:
    known = reasons()
    assert set(update_states.REASONS.values()) <= set(known)


@pytest.mark.parametrize(
    "module",
    [
        access,
        api_keys,
        bundle,
        claims,
        firmware,
        flash_attempts,
        flash_parts,
        image,
        issuers,
        links,
        passwords,
        people,
        production,
        promote,
        roles,
        sight,
        second_factor,
        sign_ins,
        signatures,
        single_sign_on,
        sso_accounts,
        storage,
        swap,
    ],
    ids=lambda one: one.__name__,
)
def test_every_refusal_that_a_page_can_meet_has_a_sentence(module: object) -> None:
    codes = {
        one.code
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Refusal) and one.__module__ == module.__name__  # type: ignore[attr-defined]
    }
    # Of these, one is the common base of others, one is met on the command line only.
    assert codes - {"bad_image", "bad_key"} <= set(refusals.sentences())


def test_english_readers_get_the_servers_own_sentence() -> None:
    assert refusals.sentence("downgrade", "1 is lower than 2.") == "1 is lower than 2."
    i18n.use("sv")
    try:
        assert refusals.sentence("downgrade", "1 is lower than 2.").startswith("Versionen är lägre")
        assert refusals.sentence("brand_new", "Only in English.") == "Only in English."
    finally:
        i18n.use("en")


def test_navigation_shows_what_somebody_may_see() -> None:
    assert [one.name for one in places_for(identity())] == ["account"]
    assert [one.name for one in places_for(identity(Permission.SEE_FIRMWARE))] == [
        "firmware",
        "account",
    ]
    groups = [one.group for one in places_for(identity(*Permission))]
    assert groups == ["", "", "", "", "Settings", "", "", "", "", "", ""]


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/updates?state=failed", "/updates?state=failed"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("", "/"),
    ],
)
def test_changing_the_language_leads_back_to_our_own_pages_only(path: str, where: str) -> None:
    assert own_path(path) == where


def test_upload_command_is_the_one_that_v1_ci_uses() -> None:
    command = upload_command("https://clocks.example.org")
    assert "https://clocks.example.org/api/upload" in command
    assert 'X-API-Key: $UPLOAD_API_KEY"' in command
    assert command.count("-F ") == 3
