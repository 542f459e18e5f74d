"""Reads the archive that CI makes of one build: application, parts for a blank chip, words.

A `.zip` with `firmware.bin`, where the chip needs them `bootloader.bin`, `partitions.bin` and
`boot_app0.bin`, and `firmware.json` with `platform`, `version` and maybe `signature`. What an
archive says about its sizes is not believed: reading stops at the limit.
"""

import asyncio
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import msgspec

from backend.contract.flash_map import BLANK_CHIP_PARTS, Part
from backend.errors import Refusal
from backend.flash_parts import MAX_PART_BYTES
from backend.storage import Incoming

APPLICATION_FILE = "firmware.bin"
WORDS_FILE = "firmware.json"
MAX_ENTRIES = 16
MAX_WORDS_BYTES = 4096
_READ_BYTES = 256 * 1024


class BadBundleError(Refusal):
    """An uploaded archive is not what CI makes."""

    code: ClassVar[str] = "bad_bundle"


class Words(msgspec.Struct, frozen=True):
    """What `firmware.json` says."""

    platform: str
    version: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """An archive's small files; the application is read apart, piece by piece."""

    words: Words
    parts: dict[Part, bytes]


def is_bundle(path: Path) -> bool:
    """Tell whether a file is an archive."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


@asynccontextmanager
async def unpacked(incoming: Incoming) -> AsyncIterator[tuple[Incoming, Bundle | None]]:
    """Give an upload's application, and what came with it where the upload is an archive.

    Raises BadBundleError.
    """
    await incoming.finish()
    if not await asyncio.to_thread(is_bundle, incoming.path):
        yield incoming, None
        return
    bundle = await asyncio.to_thread(read_bundle, incoming.path)
    async with incoming.storage.receive(max_bytes=incoming.max_bytes) as application:
        pieces = application_of(incoming.path, max_bytes=incoming.max_bytes)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            await application.write(piece)
        yield application, bundle


def read_bundle(path: Path) -> Bundle:
    """Return what an archive holds beside its application; raises BadBundleError."""
    with _opened(path) as archive:
        _entry(archive, APPLICATION_FILE)
        try:
            words = msgspec.json.decode(_read(archive, WORDS_FILE, MAX_WORDS_BYTES), type=Words)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise _bad(f"{WORDS_FILE} cannot be read ({error})") from None
        names = set(archive.namelist())
        parts = {
            part: _read(archive, f"{part}.bin", MAX_PART_BYTES)
            for part in BLANK_CHIP_PARTS
            if f"{part}.bin" in names
        }
    return Bundle(words, parts)


def application_of(path: Path, *, max_bytes: int) -> Iterator[bytes]:
    """Yield an archive's application in pieces; raises BadBundleError beyond `max_bytes`."""
    with _opened(path) as archive, archive.open(_entry(archive, APPLICATION_FILE)) as file:
        size_bytes = 0
        while piece := file.read(_READ_BYTES):
            size_bytes += len(piece)
            if size_bytes > max_bytes:
                raise _bad(f"{APPLICATION_FILE} has more than {max_bytes:,} bytes")
            yield piece


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > MAX_ENTRIES:
                raise _bad(f"it holds more than {MAX_ENTRIES} files")
            yield archive
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
    ) as error:
        raise _bad(f"it is damaged or encrypted ({error})") from None


def _entry(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(name)
    except KeyError:
        raise _bad(f"it holds no {name}") from None


def _read(archive: zipfile.ZipFile, name: str, max_bytes: int) -> bytes:
    with archive.open(_entry(archive, name)) as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise _bad(f"{name} has more than {max_bytes:,} bytes")
    return data


def _bad(what: str) -> BadBundleError:
    return BadBundleError(
        f"The archive cannot be taken: {what}. Expected {APPLICATION_FILE} and {WORDS_FILE}, and "
        f"for an ESP32 {', '.join(f'{part}.bin' for part in BLANK_CHIP_PARTS)}.",
        field="file",
    )
