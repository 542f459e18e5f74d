"""What a build for a board is told, and that it stops where it is not told enough."""

import configparser
import importlib.util
import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from tests.firmware.builds import ROOT, output_of

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n"
COMPLETE = {
    "FIRMWARE_VERSION": "2026.11.24.7",
    "UPDATE_SERVER_URL": "https://clocks.example.org",
    "DOWNLOAD_API_KEY": "key",
    "MQTT_HOST": "broker.example.org",
    "MQTT_USERNAME": "clock",
    "MQTT_PASSWORD": 'quo"te \\ ??/ 100 % $HOME åäö',
    "FIRMWARE_PUBLIC_KEY": "04" + "ab" * 64,
}


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "build_settings", ROOT / "firmware" / "scripts" / "settings.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


settings = _load()


@pytest.fixture
def complete(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "ca.pem"
    file.write_text("subject: a comment that is left out\n" + CERTIFICATE)
    return COMPLETE | {"FIRMWARE_CA_FILE": str(file)}


@pytest.mark.parametrize("name", [*COMPLETE, "FIRMWARE_CA_FILE"])
def test_a_missing_setting_stops_the_build_with_a_sentence(
    complete: dict[str, str], name: str
) -> None:
    complete[name] = " "
    with pytest.raises(ValueError, match=f"^{name} is not set: .+\\.$"):
        settings.read_settings(complete)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FIRMWARE_VERSION", "v1.2.3"),
        ("UPDATE_SERVER_URL", "clocks.example.org"),
        ("UPDATE_SERVER_URL", "https://clocks.example.org/path"),
        ("FIRMWARE_PUBLIC_KEY", "02" + "ab" * 64),
        ("FIRMWARE_PUBLIC_KEY_NEXT", "04ab"),
        ("FIRMWARE_TRUST", "perhaps"),
        ("MQTT_PORT", "65536"),
        ("FIRMWARE_CA_FILE", "/nowhere/ca.pem"),
    ],
)
def test_a_setting_that_no_clock_could_use_stops_the_build(
    complete: dict[str, str], name: str, value: str
) -> None:
    with pytest.raises(ValueError, match=f"^{name}"):
        settings.read_settings(complete | {name: value})


def test_a_broker_without_certificates_wants_no_ca(complete: dict[str, str]) -> None:
    del complete["FIRMWARE_CA_FILE"]
    assert settings.read_settings(complete | {"FIRMWARE_TRUST": "insecure"})["FIRMWARE_CA"] == ""


def test_the_compiler_reads_what_was_set(complete: dict[str, str], tmp_path: Path) -> None:
    values = settings.read_settings(complete)
    (tmp_path / "skiclock_build.h").write_text(settings.header_of(values))
    names = [name for name in sorted(values) if name != "MQTT_PORT"]
    lines = "".join(
        f"  std::fwrite(SKICLOCK_{n}, 1, sizeof SKICLOCK_{n}, stdout);\n" for n in names
    )
    program = f'#include "skiclock_build.h"\n#include <cstdio>\nint main() {{\n{lines}}}\n'
    (tmp_path / "show.cpp").write_text(program)
    output_of("g++", "-trigraphs", "-o", tmp_path / "show", tmp_path / "show.cpp")
    shown = subprocess.run([tmp_path / "show"], capture_output=True, check=True).stdout
    assert shown.decode().split("\0")[:-1] == [values[name] for name in names]
    assert values["FIRMWARE_CA"] == CERTIFICATE
    assert values["MQTT_PORT"] == "8883"


def test_every_board_is_built_and_is_one_that_the_server_knows() -> None:
    from backend.contract.platforms import PLATFORMS

    config = configparser.ConfigParser(interpolation=None)
    config.read(ROOT / "platformio.ini")
    boards = {name[4:] for name in config.sections() if name.startswith("env:")} - {"host"}
    ladder = (ROOT / "firmware" / "src" / "board.h").read_text()
    named = dict(re.findall(r'SKICLOCK_BOARD_(\w+)\)\n.+?\n\s+"[^"]+", "(\w+)"', ladder))
    assert boards == set(named.values())
    assert boards <= set(PLATFORMS)
    for macro, board in named.items():
        assert f"SKICLOCK_BOARD_{macro}" in config[f"env:{board}"]["build_flags"].split()


def test_partitions_lie_where_first_generation_clocks_have_them() -> None:
    table = (ROOT / "firmware" / "partitions" / "min_spiffs.csv").read_text()
    rows = [re.split(r",\s*", line) for line in table.splitlines() if not line.startswith("#")]
    assert [(row[0], int(row[3], 16), int(row[4], 16)) for row in rows] == [
        ("nvs", 0x9000, 0x5000),
        ("otadata", 0xE000, 0x2000),
        ("app0", 0x10000, 0x1E0000),
        ("app1", 0x1F0000, 0x1E0000),
        ("spiffs", 0x3D0000, 0x20000),
        ("coredump", 0x3F0000, 0x10000),
    ]
