"""Who the simulated clocks are: the same ones for the same seed."""

from dataclasses import dataclass
from random import Random

from backend.contract.platforms import ALIASES, PLATFORMS, UNKNOWN_BOARD

_ALIAS_OF = {platform: alias for alias, platform in ALIASES.items()}

_VERSIONS = (
    "2025.12.4.18",
    "2025.12.4.18",
    "2025.12.4.18",
    "2025.11.20.3",
    "2025.2.9.11",
    "v1.4.2",
)
_NETWORKS = (
    "Skidstadion",
    "Klubbhuset",
    "Tidtagning",
    "Vaxbod 2.4",
    "Åsgårdens IF",
    "Løypebua",
    'Stuga "Toppen"',  # v1 does not escape it: the heartbeat is no JSON
    "Servicebilen\\12",
    "⛷ Gäst",
)
_LATIN1_NETWORK = "Målhuset".encode("latin-1")  # not UTF-8
_FREE_HEAP_BYTES = {"ESP8266": 24_000, "ESP32": 182_000, "ESP32-C3": 151_000, "ESP32-S3": 213_000}

_OUI = 0xE8C5FB
_SCATTER = 0x9E3779
_UNKNOWN_BOARD_EVERY = 23  # no multiple of the platforms: it meets each of them
_ALIAS_EVERY = 3
_LATIN1_EVERY = 31


@dataclass(frozen=True, slots=True)
class Identity:
    """What one clock is and how its build speaks; nothing of it changes while it runs."""

    device_id: str
    board: str
    platform: str
    """What it asks firmware for: a platform's name, or the alias of the oldest builds."""
    version: str
    ssid: bytes
    ip_address: str
    free_heap_bytes: int
    rssi_dbm: int
    sends_session: bool
    sends_status: bool
    """Whether its build says `status` and `error` instead of `success` and `error_message`."""


def identities(count: int, *, seed: int, session_ids: bool | None = None) -> list[Identity]:
    """Return `count` clocks, all platforms in turn. `session_ids` None: half of the builds."""
    random = Random(f"identities {seed}")  # noqa: S311 - a fleet to play with
    offset = random.getrandbits(24)
    return [_identity(number, offset, random, session_ids) for number in range(count)]


def _identity(number: int, offset: int, random: Random, session_ids: bool | None) -> Identity:
    platform = list(PLATFORMS.values())[number % len(PLATFORMS)]
    turn = number // len(PLATFORMS)
    is_esp8266 = platform.chip_family == "ESP8266"
    alias = _ALIAS_OF.get(platform.name)
    is_unknown = number % _UNKNOWN_BOARD_EVERY == _UNKNOWN_BOARD_EVERY - 1
    ssid = random.choice(_NETWORKS).encode()
    mixed = random.random() < 0.5
    return Identity(
        device_id=_device_id(number, offset, is_esp8266=is_esp8266),
        board=UNKNOWN_BOARD if is_unknown else platform.board,
        platform=alias if alias and turn % _ALIAS_EVERY == 0 else platform.name,
        version=random.choice(_VERSIONS),
        ssid=_LATIN1_NETWORK if number % _LATIN1_EVERY == _LATIN1_EVERY - 1 else ssid,
        ip_address=f"192.168.{random.choice((0, 1, 10, 68))}.{random.randint(2, 254)}",
        free_heap_bytes=_FREE_HEAP_BYTES[platform.chip_family],
        rssi_dbm=-round(random.triangular(38, 86, 62)),
        sends_session=mixed if session_ids is None else session_ids,
        sends_status=random.random() < 0.3,
    )


def _device_id(number: int, offset: int, *, is_esp8266: bool) -> str:
    """Return hex as few digits as the number needs: a chip id of 24 bits, or a whole MAC."""
    # Times an odd number, modulo a power of two: scattered, and no two clocks are one.
    chip_id = number * _SCATTER + offset & 0xFFFFFF
    return f"{chip_id:x}" if is_esp8266 else f"{_OUI << 24 | chip_id:x}"
