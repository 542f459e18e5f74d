"""The simulated fleet: the same for a seed, and as mixed as the field."""

import re

from backend.contract.limits import DEVICE_ID_PATTERN
from backend.contract.platforms import PLATFORMS, UNKNOWN_BOARD, canonical_platform
from backend.simulator.identity import identities


def test_the_same_seed_gives_the_same_clocks() -> None:
    assert identities(200, seed=7) == identities(200, seed=7)
    assert identities(200, seed=7) != identities(200, seed=8)


def test_a_larger_fleet_begins_with_the_smaller_one() -> None:
    assert identities(300, seed=7)[:50] == identities(50, seed=7)


def test_no_two_of_100000_clocks_are_one() -> None:
    ids = {one.device_id for one in identities(100_000, seed=1)}
    assert len(ids) == 100_000
    assert all(re.fullmatch(DEVICE_ID_PATTERN, device_id) for device_id in ids)


def test_twelve_clocks_already_show_every_platform_and_the_alias() -> None:
    platforms = {one.platform for one in identities(12, seed=1)}
    assert platforms == {*PLATFORMS, "esp8266"}


def test_a_clock_of_unknown_board_still_asks_for_its_platform() -> None:
    unknown = [one for one in identities(50, seed=1) if one.board == UNKNOWN_BOARD]
    assert unknown
    assert all(canonical_platform(one.platform) for one in unknown)


def test_fifty_clocks_hold_the_networks_that_bite() -> None:
    networks = {one.ssid for one in identities(50, seed=1)}
    assert any(b'"' in ssid for ssid in networks)
    assert any(not _is_utf8(ssid) for ssid in networks)
    assert max(map(len, networks)) <= 32


def test_sessions_are_sent_by_half_of_the_builds_or_as_told() -> None:
    mixed = sum(one.sends_session for one in identities(1000, seed=1))
    assert 400 < mixed < 600
    assert all(one.sends_session for one in identities(50, seed=1, session_ids=True))
    assert not any(one.sends_session for one in identities(50, seed=1, session_ids=False))


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
