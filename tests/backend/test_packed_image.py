"""Packed ESP8266 images: taken when what is in them fits, refused otherwise."""

import gzip

import pytest

from backend.errors import Refusal
from backend.packed_image import is_packed, unpack
from tests.backend.images import esp_image

IMAGE = esp_image("esp01")
PACKED = gzip.compress(IMAGE, mtime=0)


def test_an_image_comes_out_as_it_went_in() -> None:
    assert is_packed(PACKED)
    assert not is_packed(IMAGE)
    assert unpack(PACKED, max_bytes=len(IMAGE)) == IMAGE


@pytest.mark.parametrize(
    ("data", "max_bytes", "sentence"),
    [
        (PACKED, len(IMAGE) - 1, "unpacks to more than"),
        (gzip.compress(bytes(50_000_000), mtime=0), 1_000_000, "unpacks to more than"),
        (PACKED[:-4], len(IMAGE), "is cut off"),
        (PACKED + b"more", len(IMAGE), "more bytes"),
        (PACKED[:2000] + b"\xff" + PACKED[2001:], len(IMAGE), "is damaged"),
        (b"\x1f\x8bxxxx", len(IMAGE), "is damaged"),
    ],
)
def test_a_bad_one_is_refused_with_what_is_wrong(
    data: bytes, max_bytes: int, sentence: str
) -> None:
    with pytest.raises(Refusal, match=sentence):
        unpack(data, max_bytes=max_bytes)
