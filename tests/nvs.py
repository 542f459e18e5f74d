"""Reads an NVS partition as the chip does: blobs by namespace and key, checksums compared.

After Espressif's description of the format, not after the tool that writes it.
"""

import struct
import zlib

PAGE_BYTES, ENTRY_BYTES, ENTRIES = 4096, 32, 126
_ACTIVE, _FULL, _EMPTY = 0xFFFFFFFE, 0xFFFFFFFC, 0xFFFFFFFF
_U8, _BLOB_DATA, _BLOB_INDEX = 0x01, 0x42, 0x48


def read_blobs(partition: bytes) -> dict[tuple[str, str], bytes]:
    """Return every blob by (namespace, key)."""
    assert len(partition) % PAGE_BYTES == 0
    names: dict[int, str] = {}
    chunks: dict[tuple[int, str, int], bytes] = {}
    indexes: dict[tuple[int, str], tuple[int, int, int]] = {}
    for start in range(0, len(partition), PAGE_BYTES):
        for entry, data in _entries(partition[start : start + PAGE_BYTES]):
            namespace, kind, _span, chunk = entry[:4]
            key = entry[8:24].rstrip(b"\0").decode()
            if namespace == 0 and kind == _U8:
                names[entry[24]] = key
            elif kind == _BLOB_DATA:
                size, crc = struct.unpack("<H2xI", entry[24:])
                assert zlib.crc32(data[:size], 0xFFFFFFFF) == crc, key
                chunks[namespace, key, chunk] = data[:size]
            elif kind == _BLOB_INDEX:
                indexes[namespace, key] = struct.unpack("<IBB2x", entry[24:])
            else:
                raise AssertionError(f"{key}: an entry of kind {kind:#x}")
    blobs = {}
    for (namespace, key), (size, count, first) in indexes.items():
        blob = b"".join(chunks[namespace, key, first + i] for i in range(count))
        assert len(blob) == size, key
        blobs[names[namespace], key] = blob
    return blobs


def _entries(page: bytes) -> list[tuple[bytes, bytes]]:
    state, _sequence, version = struct.unpack("<IIB", page[:9])
    if state == _EMPTY:
        assert set(page) == {0xFF}
        return []
    assert state in {_ACTIVE, _FULL}, hex(state)
    assert version == 0xFE, "second version of the format"
    assert zlib.crc32(page[4:28], 0xFFFFFFFF) == struct.unpack("<I", page[28:32])[0]
    found, at = [], 0
    while at < ENTRIES:
        if page[32 + at // 4] >> at % 4 * 2 & 3 != 2:  # 0b10: written
            at += 1
            continue
        entry = page[64 + at * ENTRY_BYTES :][:ENTRY_BYTES]
        crc = zlib.crc32(entry[:4] + entry[8:], 0xFFFFFFFF)
        assert crc == struct.unpack("<I", entry[4:8])[0]
        span = entry[2]
        found.append((entry, page[64 + (at + 1) * ENTRY_BYTES :][: (span - 1) * ENTRY_BYTES]))
        at += span
    return found
