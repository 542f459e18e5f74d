"""Says what a file is that somebody uploaded in place of an image."""

import re

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\x7fELF", "an ELF program, the linker's output from which the .bin is made"),
    (b"\xaa\x50", "a partition table"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"UF2\n", "a UF2 file"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"MZ", "a Windows program"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
)
_HTML = re.compile(rb"\s*(<!doctype\s+html|<html|<head|<body)", re.IGNORECASE)
_INTEL_HEX = re.compile(rb":[0-9A-Fa-f]{10,}\s")
_S_RECORD = re.compile(rb"S[0-9][0-9A-Fa-f]{8,}\s")
_PRINTABLE = re.compile(r"[^\x00-\x08\x0e-\x1f]*")


def describe_file(head: bytes) -> str:
    """Return what a file is by its first bytes, to be put behind "The file is"."""
    for beginning, description in _BEGINNINGS:
        if head.startswith(beginning):
            return description
    if head[8:16] == b"littlefs":
        return "a LittleFS file system image"
    if _HTML.match(head):
        return "a web page, perhaps an error page saved in place of the file"
    if _INTEL_HEX.match(head):
        return "an Intel HEX file"
    if _S_RECORD.match(head):
        return "a Motorola S-record file"
    return _describe_bytes(head[:512], head)


def _describe_bytes(beginning: bytes, head: bytes) -> str:
    if beginning.strip(b"\xff") == b"":
        if head[0x1000:0x1001] == b"\xe9":
            return "a merged factory image, which begins with an empty first sector"
        return "erased flash, nothing but 0xFF"
    if beginning.strip(b"\x00") == b"":
        return "nothing but zeros"
    if _is_text(beginning):
        return "a text file"
    return f"no ESP image (it begins with 0x{beginning[0]:02X}, an image with 0xE9)"


def _is_text(beginning: bytes) -> bool:
    try:
        text = beginning.decode()
    except UnicodeDecodeError as error:
        # The cut at 512 bytes may have split the last character.
        if error.start < len(beginning) - 3:
            return False
        text = beginning[: error.start].decode()
    return bool(text) and _PRINTABLE.fullmatch(text) is not None
