"""What a blank ESP32 needs: taken when it fits, refused with a sentence when it does not."""

import pytest

from backend.contract.flash_map import Part, offsets_of
from backend.contract.platforms import PLATFORMS
from backend.errors import Refusal
from backend.flash_parts import check_parts, read_partitions
from tests.backend.flash_images import (
    boot_loader,
    default_table,
    factory_parts,
    ota_data,
    partition_table,
)
from tests.backend.images import esp32_image, esp_image

ESP32S = ["esp32", "esp32c3", "esp32s3"]


@pytest.mark.parametrize("platform", ESP32S)
def test_parts_of_a_build_are_taken(platform: str) -> None:
    check_parts(factory_parts(platform), PLATFORMS[platform])


def test_an_application_may_come_alone() -> None:
    check_parts({}, PLATFORMS["esp32"])
    check_parts({}, PLATFORMS["esp01"])


@pytest.mark.parametrize(
    ("platform", "boot_loader_at"), [("esp32", 0x1000), ("esp32c3", 0), ("esp32s3", 0)]
)
def test_each_part_has_its_place(platform: str, boot_loader_at: int) -> None:
    assert offsets_of(PLATFORMS[platform]) == {
        Part.BOOT_LOADER: boot_loader_at,
        Part.PARTITIONS: 0x8000,
        Part.BOOT_APP0: 0xE000,
        Part.APPLICATION: 0x10000,
    }


def test_an_esp8266_starts_from_its_application_alone() -> None:
    assert offsets_of(PLATFORMS["d1mini"]) == {Part.FLASH_IMAGE: 0}
    with pytest.raises(Refusal, match="starts from its application alone"):
        check_parts({Part.BOOT_APP0: ota_data(1)}, PLATFORMS["d1mini"])


@pytest.mark.parametrize("missing", [Part.BOOT_LOADER, Part.PARTITIONS, Part.BOOT_APP0])
def test_a_missing_part_is_named(missing: Part) -> None:
    parts = factory_parts("esp32")
    del parts[missing]
    with pytest.raises(Refusal, match=f"missing: {missing}") as refusal:
        check_parts(parts, PLATFORMS["esp32"])
    assert refusal.value.field == missing


@pytest.mark.parametrize(
    ("part", "data", "sentence"),
    [
        (Part.BOOT_LOADER, boot_loader("esp32c3"), "for the ESP32-C3; expected the boot loader"),
        (Part.BOOT_LOADER, esp_image("esp32"), "is an application image"),
        (Part.BOOT_LOADER, esp_image("d1mini"), "for the ESP8266"),
        (Part.BOOT_LOADER, boot_loader("esp32")[:9000], "is cut off"),
        (Part.BOOT_LOADER, boot_loader("esp32")[:20], "ends after 20 bytes"),
        (Part.BOOT_LOADER, b"", "The file is empty"),
        (Part.BOOT_LOADER, b"PK\x03\x04" + bytes(60), "is a ZIP archive"),
        (Part.PARTITIONS, default_table(), "expected min_spiffs"),
        (Part.PARTITIONS, partition_table()[:64], "is no partition table"),
        (Part.PARTITIONS, partition_table().replace(b"app0", b"app9"), "its MD5 is wrong"),
        (Part.PARTITIONS, b"", "is no partition table"),
        (Part.BOOT_APP0, ota_data(2), "does not select the first"),
        (Part.BOOT_APP0, bytes([1]) + bytes(0x1FFF), "does not select the first"),
        (Part.BOOT_APP0, bytes(0x2001), "has 8,193 bytes"),
        (Part.BOOT_APP0, b"", "has 0 bytes"),
    ],
)
def test_a_part_that_would_not_boot_is_refused(part: Part, data: bytes, sentence: str) -> None:
    parts = factory_parts("esp32") | {part: data}
    with pytest.raises(Refusal, match=sentence) as refusal:
        check_parts(parts, PLATFORMS["esp32"])
    assert refusal.value.field == part


def test_a_flipped_bit_in_a_boot_loader_is_found() -> None:
    damaged = bytearray(boot_loader("esp32"))
    damaged[5000] ^= 1
    with pytest.raises(Refusal, match="damaged"):
        check_parts(factory_parts("esp32") | {Part.BOOT_LOADER: bytes(damaged)}, PLATFORMS["esp32"])


def test_a_boot_loader_that_would_overwrite_the_table_is_refused() -> None:
    large = esp32_image("esp32", size_bytes=0x7010, with_description=False)
    with pytest.raises(Refusal, match="there is room for 28,672"):
        check_parts(factory_parts("esp32") | {Part.BOOT_LOADER: large}, PLATFORMS["esp32"])


def test_partitions_are_read() -> None:
    names = [one.name for one in read_partitions(partition_table())]
    assert names == ["nvs", "otadata", "app0", "app1", "spiffs", "coredump"]
