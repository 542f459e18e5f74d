"""What counts as an image, and what a person is told about a file that is none."""

import gzip
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.contract.platforms import PLATFORMS
from backend.image import (
    DamagedImageError,
    EmptyFileError,
    ForeignFileError,
    ImageError,
    ImageInfo,
    ImageTooLargeError,
    TruncatedImageError,
    WrongChipError,
    inspect_image,
)
from tests.backend.images import (
    arduino_esp8266_image,
    esp32_image,
    esp_image,
    plain_esp8266_image,
)

ESP32_FAMILY = ["esp32", "esp32c3", "esp32s3"]


def inspect(data: bytes, platform: str) -> ImageInfo:
    return inspect_image(io.BytesIO(data), PLATFORMS[platform], size_bytes=len(data))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_image_of_its_own_platform_is_taken(platform: str) -> None:
    image = esp_image(platform, size_bytes=100_000)

    info = inspect(image, platform)

    assert (info.chip, info.size_bytes) == (PLATFORMS[platform].chip_family, len(image))
    assert len(image) == 100_000


@pytest.mark.parametrize(
    "image",
    [plain_esp8266_image(), arduino_esp8266_image(with_crc=False), arduino_esp8266_image()],
    ids=["plain", "arduino before CRC", "arduino"],
)
def test_every_layout_of_an_esp8266_image_is_taken(image: bytes) -> None:
    assert inspect(image, "esp12f").chip == "ESP8266"


def test_an_esp32_image_without_a_hash_is_taken() -> None:
    assert inspect(esp32_image("esp32", with_hash=False), "esp32").segments == 2


def test_a_signature_behind_the_image_is_left_alone() -> None:
    for platform in ("esp32", "esp12f"):
        assert inspect(esp_image(platform) + bytes(260), platform).size_bytes == 64 * 1024 + 260


@pytest.mark.parametrize("wanted", PLATFORMS)
@pytest.mark.parametrize("built_for", ["esp32", "esp32c3", "esp32s3", "esp01"])
def test_an_image_for_another_chip_is_refused_and_both_are_named(
    built_for: str, wanted: str
) -> None:
    built, chip = PLATFORMS[built_for].chip_family, PLATFORMS[wanted].chip_family
    if built == chip:
        inspect(esp_image(built_for), wanted)
        return
    with pytest.raises(WrongChipError, match=f"for the {built};.* for the {chip} ") as caught:
        inspect(esp_image(built_for), wanted)
    assert caught.value.field == "file"


def test_a_chip_that_nobody_knows_is_named_by_its_number() -> None:
    image = bytearray(esp_image("esp32"))
    image[12] = 99

    with pytest.raises(WrongChipError, match="number 99"):
        inspect(bytes(image), "esp32")


def test_an_image_built_for_more_flash_than_the_esp01_has_is_refused() -> None:
    with pytest.raises(WrongChipError, match="built for 4 MB of flash; esp01 has 1 MB"):
        inspect(esp_image("d1mini"), "esp01")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_image_larger_than_the_slot_is_refused(platform: str) -> None:
    slot_bytes = PLATFORMS[platform].slot_bytes
    inspect(esp_image(platform, size_bytes=slot_bytes // 16 * 16), platform)

    with pytest.raises(ImageTooLargeError, match=f"{slot_bytes:,}"):
        inspect(esp_image(platform, size_bytes=slot_bytes + 16), platform)


@pytest.mark.parametrize("platform", [*ESP32_FAMILY, "esp12f"])
def test_an_image_cut_anywhere_is_refused(platform: str) -> None:
    image = esp_image(platform, size_bytes=20_000)
    places = {*range(1, 200), *range(200, len(image), 97), *range(len(image) - 60, len(image))}
    for size_bytes in places:
        with pytest.raises(ImageError) as caught:
            inspect(image[:size_bytes], platform)
        assert isinstance(caught.value, TruncatedImageError | ForeignFileError)


def test_a_cut_image_says_how_many_bytes_are_missing() -> None:
    with pytest.raises(
        TruncatedImageError, match="needs at least 62,692 bytes, the file has 60,000"
    ):
        inspect(arduino_esp8266_image()[:60_000], "esp12f")


@pytest.mark.parametrize("place", [25, 33, 5_000, 63_000, 65_500, 65_535])
def test_a_flipped_bit_in_an_esp32_image_is_found(place: int) -> None:
    image = bytearray(esp_image("esp32"))
    image[place] ^= 1

    with pytest.raises(ImageError):
        inspect(bytes(image), "esp32")


@pytest.mark.parametrize("with_crc", [True, False])
@pytest.mark.parametrize("place", [40, 900, 0x1100, 30_000, 65_000])
def test_a_flipped_bit_in_an_esp8266_image_is_found(place: int, with_crc: bool) -> None:
    image = bytearray(arduino_esp8266_image(with_crc=with_crc))
    image[place] ^= 4

    with pytest.raises(DamagedImageError, match="Build or transfer it again"):
        inspect(bytes(image), "esp12f")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\x7fELF\x01\x01" + bytes(500), "ELF program"),
        (b"PK\x03\x04" + bytes(50), "ZIP archive"),
        (gzip.compress(b"an image", mtime=0), "gzip archive"),
        (b"UF2\n" + bytes(508), "UF2"),
        (b":020000040800F2\n:10000000", "Intel HEX"),
        (b"S00600004844521B\n", "S-record"),
        (b"\n<!DOCTYPE html><title>404", "web page"),
        (b"<HTML>", "web page"),
        (b'{"error": "not found"}', "text file"),
        ("é".encode() * 300, "text file"),
        (b"a" * 511 + "é".encode(), "text file"),
        (b"\xaa\x50\x01\x02" + bytes(28), "partition table"),
        (b"\xff" * 600, "erased flash"),
        (bytes(600), "nothing but zeros"),
        (b"\xff" * 0x1000 + b"\xe9" + bytes(20), "merged factory image"),
        (bytes(8) + b"littlefs" + bytes(99), "LittleFS"),
        (b"\x89PNG\r\n", "PNG"),
        (b"MZ\x90", "Windows program"),
        (b"\x01\x02\x03", r"begins with 0x01, an image with 0xE9"),
    ],
)
def test_a_foreign_file_is_named(data: bytes, words: str) -> None:
    with pytest.raises(
        ForeignFileError, match=f"{words}.*; expected an application image"
    ) as caught:
        inspect(data, "esp32")
    assert caught.value.code == "foreign_file"


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(EmptyFileError, match="empty; expected an application image"):
        inspect(b"", "esp32")


@pytest.mark.parametrize("platform", ESP32_FAMILY)
def test_a_boot_loader_is_refused(platform: str) -> None:
    with pytest.raises(ForeignFileError, match="a boot loader for the ESP32"):
        inspect(esp32_image(platform, with_description=False, size_bytes=20_000), platform)


@pytest.mark.parametrize("platform", ["esp32c3", "esp32s3"])
def test_a_merged_factory_image_is_refused(platform: str) -> None:
    boot_loader = esp32_image(platform, with_description=False, size_bytes=20_000)
    merged = boot_loader.ljust(0x8000, b"\xff") + b"\xaa\x50" + bytes(200)

    with pytest.raises(ForeignFileError, match="merged factory image"):
        inspect(merged, platform)


def test_the_esp8266_boot_loader_alone_is_refused() -> None:
    with pytest.raises(ForeignFileError, match="boot loader alone"):
        inspect(arduino_esp8266_image()[:0x1000], "esp12f")


_BEGINNING = esp_image("esp32", size_bytes=20_000)[:64]


@given(st.binary(max_size=200), st.sampled_from(sorted(PLATFORMS)), st.integers(0, 64))
@example(b"\xe9\x01", "esp32", 0)
@example(b"\xff" * 8, "esp12f", 8)
def test_no_bytes_do_more_than_be_refused(data: bytes, platform: str, kept: int) -> None:
    for file in (data, b"\xe9" + data, _BEGINNING[:kept] + data):
        with pytest.raises(ImageError):
            inspect(file, platform)


def test_a_segment_that_claims_four_gigabytes_is_refused_at_once() -> None:
    image = bytearray(plain_esp8266_image())
    image[12:16] = b"\xff\xff\xff\xff"

    with pytest.raises(TruncatedImageError):
        inspect(bytes(image), "esp12f")
