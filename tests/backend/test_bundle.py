"""Archives from CI: read when whole, refused with a sentence when not, bounded always."""

import json
import zipfile
from pathlib import Path

import pytest

from backend.bundle import BadBundleError, Bundle, application_of, is_bundle, read_bundle
from tests.backend.flash_images import factory_parts
from tests.backend.images import esp_image

WORDS = {"platform": "esp32", "version": "2026.11.24.1"}


def bundle_file(folder: Path, **files: bytes) -> Path:
    path = folder / "build.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return path


def whole(folder: Path, **changed: bytes) -> Path:
    files = {
        "firmware__bin": esp_image("esp32"),
        "firmware__json": json.dumps(WORDS).encode(),
        **{f"{part}__bin": data for part, data in factory_parts("esp32").items()},
    }
    return bundle_file(folder, **files | changed)


def read_all(path: Path) -> tuple[Bundle, bytes]:
    return read_bundle(path), b"".join(application_of(path, max_bytes=1_000_000))


def test_a_build_is_read(tmp_path: Path) -> None:
    bundle, application = read_all(whole(tmp_path))
    assert (bundle.words.platform, bundle.words.version) == ("esp32", "2026.11.24.1")
    assert bundle.parts == factory_parts("esp32")
    assert application == esp_image("esp32")


def test_a_build_without_parts_has_none(tmp_path: Path) -> None:
    words = json.dumps({"platform": "esp01", "version": "2026.1.1.1", "signature": "MEQ="}).encode()
    path = bundle_file(tmp_path, firmware__bin=esp_image("esp01"), firmware__json=words)
    bundle = read_bundle(path)
    assert bundle.parts == {}
    assert bundle.words.signature == "MEQ="


def test_archives_are_told_from_images(tmp_path: Path) -> None:
    image = tmp_path / "firmware.bin"
    image.write_bytes(esp_image("esp32"))
    assert is_bundle(whole(tmp_path))
    assert not is_bundle(image)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"firmware__json": b"{"}, "firmware.json cannot be read"),
        ({"firmware__json": b'{"platform":"esp32"}'}, "missing required field `version`"),
        ({"firmware__json": b"[" * 4000}, "firmware.json cannot be read"),
        ({"firmware__json": b" " * 5000}, "firmware.json has more than 4,096 bytes"),
        ({"bootloader__bin": bytes(70_000)}, "bootloader.bin has more than 65,536 bytes"),
        ({f"more{n}": b"" for n in range(20)}, "more than 16 files"),
    ],
)
def test_a_bad_file_in_it_is_named(
    tmp_path: Path, changed: dict[str, bytes], sentence: str
) -> None:
    with pytest.raises(BadBundleError, match=sentence):
        read_bundle(whole(tmp_path, **changed))


@pytest.mark.parametrize("missing", ["firmware.bin", "firmware.json"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    files = {"firmware__bin": esp_image("esp32"), "firmware__json": json.dumps(WORDS).encode()}
    del files[missing.replace(".", "__")]
    with pytest.raises(BadBundleError, match=f"holds no {missing}"):
        read_bundle(bundle_file(tmp_path, **files))


def test_a_bomb_is_read_no_further_than_the_limit(tmp_path: Path) -> None:
    path = whole(tmp_path, firmware__bin=bytes(20_000_000))
    assert path.stat().st_size < 200_000
    pieces = []
    with pytest.raises(BadBundleError, match="more than 2,000,000 bytes"):
        pieces.extend(application_of(path, max_bytes=2_000_000))
    assert sum(map(len, pieces)) <= 2_000_000


@pytest.mark.parametrize("cut", [10, 1000, 60_000])
def test_a_damaged_archive_is_refused(tmp_path: Path, cut: int) -> None:
    path = whole(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(BadBundleError, match="damaged"):
        read_bundle(path)


def test_a_flipped_byte_in_the_application_is_found(tmp_path: Path) -> None:
    path = whole(tmp_path)
    data = bytearray(path.read_bytes())
    data[30_000] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(BadBundleError, match="damaged"):
        list(application_of(path, max_bytes=1_000_000))
