"""Reads the head of ELF executables: what the clock as a Linux program is built into.

Format: the System V ABI's "ELF header" and "program header".
"""

import struct
from typing import BinaryIO

MAGIC = b"\x7fELF"
_EXECUTABLE, _POSITION_INDEPENDENT = 2, 3
_LOAD = 1
_MACHINES = {3: "x86", 40: "ARM", 62: "x86-64", 183: "AArch64", 243: "RISC-V"}
# By class (32 or 64 bits): the header behind its first 16 bytes, and a program header's
# type, offset and size in the file.
_HEADERS = {
    1: ("HHIIIIIHHHHHH", "IIIIIIII", (0, 1, 4)),
    2: ("HHIQQQIHHHHHH", "IIQQQQQQ", (0, 2, 5)),
}
_IDENTITY_BYTES = 16


class ElfError(Exception):
    """A file is no complete ELF executable; the message says why, behind "The file "."""


def read_elf(file: BinaryIO, *, size_bytes: int) -> tuple[str, int]:
    """Return the machine of an executable and how many segments it loads; raises ElfError."""
    file.seek(0)
    identity = file.read(_IDENTITY_BYTES)
    if identity[:4] != MAGIC:
        raise ElfError("is no ELF executable")
    layout = _HEADERS.get(identity[4] if len(identity) == _IDENTITY_BYTES else 0)
    if layout is None or identity[5] not in {1, 2}:
        raise ElfError("has an ELF header of an unknown kind")
    order = "<" if identity[5] == 1 else ">"
    head_format, part_format, places = order + layout[0], order + layout[1], layout[2]
    head = file.read(struct.calcsize(head_format))
    if len(head) < struct.calcsize(head_format):
        raise ElfError("is cut off inside its ELF header")
    kind, machine, _, entry, table_at, sections_at, *rest = struct.unpack(head_format, head)
    _, _, part_bytes, parts, section_bytes, sections, _ = rest
    if kind not in {_EXECUTABLE, _POSITION_INDEPENDENT} or not entry:
        raise ElfError("is an ELF object or library, not a program")
    ends = [table_at + parts * part_bytes, sections_at + sections * section_bytes]
    if max(ends) > size_bytes or part_bytes < struct.calcsize(part_format):
        raise ElfError(
            f"is cut off: it needs at least {max(ends):,} bytes, there are {size_bytes:,}"
        )
    loaded = 0
    for number in range(parts):
        file.seek(table_at + number * part_bytes)
        fields = struct.unpack(part_format, file.read(struct.calcsize(part_format)))
        part_kind, offset, length = (fields[place] for place in places)
        if offset + length > size_bytes:
            raise ElfError(
                f"is cut off: it needs at least {offset + length:,} bytes, there are {size_bytes:,}"
            )
        loaded += part_kind == _LOAD
    if not loaded:
        raise ElfError("is an ELF file without a segment to load")
    return _MACHINES.get(machine, f"machine {machine}"), loaded
