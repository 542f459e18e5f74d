"""What CI makes of a build is what the server takes: for all six boards."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.bundle import application_of, read_bundle
from backend.contract.flash_map import Part, offsets_of
from backend.contract.platforms import ESP8266_CHIP_FAMILY, PLATFORMS
from backend.flash_parts import check_parts
from tests.backend.flash_images import factory_parts
from tests.backend.images import esp_image
from tests.firmware.builds import ROOT

VERSION = "2026.11.24.7"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that .ci/firmware-images fills from a build folder laid out as PlatformIO does."""
    folder = tmp_path_factory.mktemp("build")
    built, packages = folder / "built", folder / "packages"
    boot_app0 = packages / "framework-arduinoespressif32/tools/partitions/boot_app0.bin"
    boot_app0.parent.mkdir(parents=True)
    boot_app0.write_bytes(factory_parts("esp32")[Part.BOOT_APP0])
    for platform in PLATFORMS.values():
        board = built / platform.name
        board.mkdir(parents=True)
        (board / "firmware.bin").write_bytes(esp_image(platform.name))
        if platform.chip_family != ESP8266_CHIP_FAMILY:
            parts = factory_parts(platform.name)
            (board / "bootloader.bin").write_bytes(parts[Part.BOOT_LOADER])
            (board / "partitions.bin").write_bytes(parts[Part.PARTITIONS])
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # esptool lies beside Python
    subprocess.run(
        ["sh", ROOT / ".ci/firmware-images", VERSION, folder / "images", built, packages],
        check=True,
        capture_output=True,
        env=os.environ | {"PATH": path},
        timeout=300,
    )
    return folder / "images"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_archive_is_one_that_the_server_takes(images: Path, platform: str) -> None:
    path = images / f"{platform}-{VERSION}.zip"
    bundle = read_bundle(path)
    assert (bundle.words.platform, bundle.words.version) == (platform, VERSION)
    check_parts(bundle.parts, PLATFORMS[platform])
    application = b"".join(application_of(path, max_bytes=2**21))
    if PLATFORMS[platform].chip_family == ESP8266_CHIP_FAMILY:
        assert gzip.decompress(application) == esp_image(platform)
    else:
        assert application == esp_image(platform)
        assert bundle.parts == factory_parts(platform)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_factory_image_has_every_part_in_its_place(images: Path, platform: str) -> None:
    factory = (images / f"{platform}-factory.bin").read_bytes()
    files = factory_parts(platform) if PLATFORMS[platform].chip_id is not None else {}
    files |= {Part.APPLICATION: esp_image(platform), Part.FLASH_IMAGE: esp_image(platform)}
    for part, offset in offsets_of(PLATFORMS[platform]).items():
        data = files[part]
        # esptool sets flash size and mode in an image's header, and its hash anew.
        assert factory[offset + 4 : offset + len(data) - 32] == data[4:-32], part
