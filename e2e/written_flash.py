"""What a browser wrote to a chip, put together from the commands that it sent."""

import struct
import zlib

ERASED = b"\xff"
_BEGIN, _DATA, _ERASE_ALL = 0x10, 0x11, 0xD0
_HEAD_BYTES, _BLOCK_HEAD_BYTES = 8, 16


class WrittenFlash:
    """The chip's flash memory; the commands are those of Espressif's serial protocol."""

    def __init__(self) -> None:
        self.was_erased = False
        self._pieces: dict[int, bytearray] = {}
        self._piece = bytearray()
        self._next_block = 0
        self._inflate = zlib.decompressobj()

    @property
    def is_written(self) -> bool:
        return bool(self._pieces)

    @property
    def offsets(self) -> list[int]:
        """Where a piece begins that was written, lowest first."""
        return sorted(self._pieces)

    def take(self, command: bytes) -> None:
        """Take note of a command, unescaped; of others than those that write, none."""
        if len(command) < _HEAD_BYTES or command[0] != 0:
            return
        payload = command[_HEAD_BYTES:]
        if command[1] == _ERASE_ALL:
            self._pieces.clear()
            self.was_erased = True
        elif command[1] == _BEGIN and len(payload) >= 16:
            offset = struct.unpack("<4I", payload[:16])[3]
            self._piece = self._pieces[offset] = bytearray()
            self._next_block = 0
            self._inflate = zlib.decompressobj()
        elif command[1] == _DATA and len(payload) >= _BLOCK_HEAD_BYTES:
            size, block = struct.unpack("<2I", payload[:8])
            if block != self._next_block:
                return  # sent again, for its answer was late
            self._next_block += 1
            data = payload[_BLOCK_HEAD_BYTES : _BLOCK_HEAD_BYTES + size]
            self._piece += self._inflate.decompress(data)

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Return what lies there, erased bytes where nothing was written."""
        found = bytearray(ERASED * size_bytes)
        for start, piece in self._pieces.items():
            first, last = max(start, offset), min(start + len(piece), offset + size_bytes)
            if first < last:
                found[first - offset : last - offset] = piece[first - start : last - start]
        return bytes(found)
