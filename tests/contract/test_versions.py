"""Version order: by number, old tags before every date."""

import pytest

from backend.contract.platforms import ALIASES, PLATFORMS, canonical_platform, platform_of_board
from backend.contract.versions import is_newer, version_key

IN_ORDER = [
    "v0.9.9",
    "v1.2.3",
    "v1.10.0",
    "v2.0.0",
    "2024.9.30.12",
    "2024.10.1.1",
    "2025.1.1.9",
    "2025.1.1.10",
    "2025.1.10.1",
    "2025.11.1.1",
]


def test_versions_sort_by_number() -> None:
    assert sorted(set(IN_ORDER), key=version_key) == IN_ORDER  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["", "1.2.3", "v1.2", "2025.1.1", "2025.1.1.1 ", "2025.1.1.x", "v1.2.3-rc1", "٢٠٢٥.١.١.١"],
)
def test_other_text_is_no_version(text: str) -> None:
    assert version_key(text) is None


def test_a_clock_installs_only_a_higher_version() -> None:
    assert is_newer("2025.1.1.10", "2025.1.1.9")
    assert is_newer("2025.1.1.1", "v9.9.9")
    assert not is_newer("2025.1.1.9", "2025.1.1.9")
    assert not is_newer("v9.9.9", "2025.1.1.1")
    assert not is_newer("nonsense", "v1.0.0")


def test_a_clock_without_a_readable_version_is_older_than_any() -> None:
    assert is_newer("v0.0.1", None)
    assert is_newer("v0.0.1", "dev-build")


def test_boards_map_to_platforms_one_to_one() -> None:
    boards = ["ESP32", "ESP32-C3", "ESP32-S3", "ESP-12F", "ESP-01", "Wemos D1 Mini"]
    assert [platform_of_board(board) for board in boards] == [
        "esp32",
        "esp32c3",
        "esp32s3",
        "esp12f",
        "esp01",
        "d1mini",
    ]
    assert platform_of_board("Unknown") is None
    assert list(PLATFORMS) == [platform_of_board(board) for board in boards]


def test_alias_of_the_oldest_builds() -> None:
    assert ALIASES == {"esp8266": "esp12f"}
    assert canonical_platform("esp8266") == "esp12f"
    assert canonical_platform("esp32") == "esp32"
    assert canonical_platform("linux") is None
