"""gzip around an ESP8266 image: its boot loader unpacks it, so that two fit into a megabyte."""

import zlib

from backend.image import DamagedImageError, ImageTooLargeError, TruncatedImageError

MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31  # zlib's word for "a gzip header, the largest window"


def is_packed(head: bytes) -> bool:
    """Tell whether bytes begin as gzip does."""
    return head.startswith(MAGIC)


def unpack(data: bytes, *, max_bytes: int) -> bytes:
    """Return the image in a gzip file of at most `max_bytes`; raises an ImageError."""
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    try:
        image = unpacker.decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise DamagedImageError(
            f"The packed image is damaged ({error}). Build or transfer it again.", field="file"
        ) from None
    if len(image) > max_bytes:
        raise ImageTooLargeError(
            f"The packed image unpacks to more than the {max_bytes:,} bytes there is room for.",
            field="file",
        )
    if not unpacker.eof:
        raise TruncatedImageError("The packed image is cut off.", field="file")
    if unpacker.unused_data:
        raise DamagedImageError("Behind the packed image are more bytes.", field="file")
    return image
