"""Writes golden records, byte for byte as lib/skiclock/config/record.h describes them.

Written apart from the firmware's own code, so that the two check each other; run by hand:
`python firmware/test/config/records.py`. A record that is here has been in the field: it must
stay readable for ever, so add to them, never change one.
"""

import ssl
import zlib
from pathlib import Path

OUTPUT = Path(__file__).with_name("golden_records.h")

VERSION, IDENTITY_CHECKSUM, FAILED, ROOT_COUNT = 1, 2, 3, 4
NAME, SERVER_URL, MQTT_HOST, MQTT_PORT, MQTT_USERNAME, MQTT_PASSWORD = range(10, 16)
TRUST, API_KEY, TOPIC_PREFIX, TIMEZONE, NTP, BRIGHTNESS, NIGHT_BRIGHTNESS = range(16, 23)
NIGHT_FROM, NIGHT_TO, CURRENT_LIMIT, COLOUR_MAIN, COLOUR_ACCENT, COLOUR_WARNING = range(23, 29)
SCREENS, SCREEN_S, BLINK_COLON, TEMPERATURE_OFFSET, PANELS, PROTOCOL = range(29, 35)

IDENTITY_1 = {
    ROOT_COUNT: "2",
    NAME: "Åre mål",
    SERVER_URL: "https://clocks.example.org",
    MQTT_HOST: "broker.example.org",
    MQTT_PORT: "8883",
    MQTT_USERNAME: "e8c5fbbdf5f0",
    MQTT_PASSWORD: "correct horse battery",
    TRUST: "verified",
    API_KEY: "download-key-1",
    PROTOCOL: "2",
}

SETTINGS_1 = {
    VERSION: "7",
    IDENTITY_CHECKSUM: "0",
    FAILED: "0",
    NAME: "Start",
    SERVER_URL: "https://ski.example:8443",
    MQTT_HOST: "10.0.0.5",
    MQTT_PORT: "1883",
    MQTT_USERNAME: "clock",
    MQTT_PASSWORD: 's3"cr\\et',
    TRUST: "plain",
    API_KEY: "k",
    TOPIC_PREFIX: "club/ski",
    TIMEZONE: "NZST-12NZDT,M9.5.0,M4.1.0/3",
    NTP: "ntp1.example 192.0.2.1",
    BRIGHTNESS: "200",
    NIGHT_BRIGHTNESS: "0",
    NIGHT_FROM: "1380",
    NIGHT_TO: "359",
    CURRENT_LIMIT: "40000",
    COLOUR_MAIN: "ff8000",
    COLOUR_ACCENT: "0000ff",
    COLOUR_WARNING: "123456",
    SCREENS: "temperature time",
    SCREEN_S: "30",
    BLINK_COLON: "0",
    TEMPERATURE_OFFSET: "-15",
    PANELS: "4+4",
    PROTOCOL: "2",
}


def main() -> None:
    """Write the header."""
    records = {
        "kIdentity1": record("I", 1, entries(IDENTITY_1)),
        "kRoot1": record("R", 1, certificate(1)),
        "kRoot2": record("R", 1, certificate(2)),
        "kSettings1": record("S", 1, entries(SETTINGS_1)),
        "kSettingsOfTheFuture": record(
            "S", 9, entries({VERSION: "8", 40: "what is not known yet", NAME: "Later", 200: ""})
        ),
    }
    OUTPUT.write_text(
        "// Records as they are in flash; test/config/records.py writes it.\n"
        "#pragma once\n\n#include <cstdint>\n#include <vector>\n\n// clang-format off\n"
        + "".join(array(name, content) for name, content in records.items())
        + "inline constexpr char kRootsPem[] =\n"
        + "".join(quoted(line) for seed in (1, 2) for line in pem_lines(seed))
        + ";\n// clang-format on\n"
    )


def record(kind: str, version: int, payload: bytes) -> bytes:
    """Return the envelope and what is in it."""
    head = b"SKC" + kind.encode() + version.to_bytes(2, "little")
    head += len(payload).to_bytes(2, "little")
    return head + zlib.crc32(head + payload).to_bytes(4, "little") + payload


def entries(values: dict[int, str]) -> bytes:
    """Return a payload of entries."""
    texts = {tag: text.encode() for tag, text in values.items()}
    return b"".join(bytes([tag, len(text)]) + text for tag, text in texts.items())


def certificate(seed: int) -> bytes:
    """Return bytes of the length of a root; nobody looks into them here."""
    return bytes((i * 37 + seed * 11) % 256 for i in range(600 + seed))


def pem_lines(seed: int) -> list[str]:
    """Return the certificate as Python writes it in PEM."""
    return ssl.DER_cert_to_PEM_cert(certificate(seed)).splitlines()


def quoted(line: str) -> str:
    """Return a line of a C string."""
    return f'    "{line}\\n"\n'


def array(name: str, content: bytes) -> str:
    """Return a definition with 24 bytes a line."""
    rows = [content[i : i + 24] for i in range(0, len(content), 24)]
    body = "".join("    " + "".join(f"{byte}," for byte in row) + "\n" for row in rows)
    return f"inline const std::vector<std::uint8_t> {name} = {{\n{body}}};\n"


if __name__ == "__main__":
    main()
