"""Owns the images on disk, by their SHA-256, and the ones held in memory for downloads."""

import asyncio
import hashlib
import os
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import aiofiles
import structlog
from aiofiles.threadpool.binary import AsyncBufferedIOBase

from backend.errors import Refusal

log = structlog.get_logger(__name__)

WRITE_BYTES = 1024 * 1024
ABANDONED_AFTER_S = 3600


class UploadTooLargeError(Refusal):
    """An upload went beyond the largest size that is read."""

    code: ClassVar[str] = "upload_too_large"


class ImageUnreadableError(Exception):
    """A stored image is missing or its bytes are no longer what was stored."""


class Storage:
    """A folder of images, each at `<first two digits>/<SHA-256>`; never a half-written one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"

    @asynccontextmanager
    async def receive(self, *, max_bytes: int) -> AsyncIterator["Incoming"]:
        """Give a temporary file to write an upload into; it is gone at the end unless kept."""
        await asyncio.to_thread(self._incoming.mkdir, parents=True, exist_ok=True)
        path = self._incoming / uuid4().hex
        async with aiofiles.open(path, "wb") as file:
            incoming = Incoming(self, path, file, max_bytes)
            try:
                yield incoming
            finally:
                await asyncio.to_thread(path.unlink, missing_ok=True)

    def path(self, sha256: str) -> Path:
        """Return where an image lies, whether it exists or not."""
        return self._folder / sha256[:2] / sha256

    async def exists(self, sha256: str) -> bool:
        """Tell whether an image is stored."""
        return await asyncio.to_thread(self.path(sha256).is_file)

    async def read(self, sha256: str) -> bytes:
        """Return an image's bytes; raises ImageUnreadableError where they changed or are gone."""
        return await asyncio.to_thread(_read_checked, self.path(sha256), sha256)

    async def store(self, data: bytes) -> str:
        """Keep a small file for good; returns its SHA-256."""
        async with self.receive(max_bytes=len(data)) as incoming:
            await incoming.write(data)
            await incoming.finish()
            await incoming.keep()
            return incoming.sha256

    async def delete(self, sha256: str) -> None:
        """Remove an image, if it is there."""
        await asyncio.to_thread(self.path(sha256).unlink, missing_ok=True)

    async def remove_abandoned(self, *, now_s: float) -> int:
        """Remove what killed processes left of uploads; returns how many. `now_s`: Unix time."""
        return await asyncio.to_thread(_remove_older, self._incoming, now_s - ABANDONED_AFTER_S)

    def _move_in(self, source: Path, sha256: str) -> None:
        """Give a finished file its name; after a power cut either all of it is there or none."""
        target = self.path(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as file:
            os.fsync(file.fileno())
        source.replace(target)
        for folder in (target.parent, self._folder):
            _sync_folder(folder)


class Incoming:
    """An upload on its way to disk, hashed as it comes."""

    def __init__(
        self, storage: Storage, path: Path, file: AsyncBufferedIOBase, max_bytes: int
    ) -> None:
        self.path = path
        self.size_bytes = 0
        self.filename = ""
        self.storage = storage
        self._file = file
        self.max_bytes = max_bytes
        self._digest = hashlib.sha256()
        self._buffer = bytearray()

    @property
    def sha256(self) -> str:
        """The hash of what was written so far, in hex."""
        return self._digest.hexdigest()

    async def write(self, data: bytes | memoryview) -> None:
        """Add bytes; raises UploadTooLargeError beyond the largest size."""
        self.size_bytes += len(data)
        if self.size_bytes > self.max_bytes:
            raise UploadTooLargeError(
                f"The file is larger than {self.max_bytes:,} bytes, the most that is taken.",
                field="file",
            )
        self._buffer += data
        if len(self._buffer) >= WRITE_BYTES:
            await self._drain()

    async def finish(self) -> None:
        """Bring the last bytes to the file, so that it can be read."""
        await self._drain()
        await self._file.flush()

    async def keep(self) -> None:
        """Move the file to its place, for good."""
        await asyncio.to_thread(self.storage._move_in, self.path, self.sha256)

    async def _drain(self) -> None:
        data, self._buffer = self._buffer, bytearray()
        await asyncio.to_thread(self._digest.update, data)
        await self._file.write(data)


class ImageCache:
    """Images in memory, one `bytes` for every download of it, the least used dropped first.

    Holds at most `max_bytes`, or one single image that is larger.
    """

    def __init__(self, storage: Storage, max_bytes: int) -> None:
        self.size_bytes = 0
        self._storage = storage
        self._max_bytes = max_bytes
        self._images: OrderedDict[str, bytes] = OrderedDict()
        self._loading: dict[str, asyncio.Task[bytes]] = {}

    def peek(self, sha256: str) -> bytes | None:
        """Return an image that is in memory."""
        image = self._images.get(sha256)
        if image is not None:
            self._images.move_to_end(sha256)
        return image

    async def get(self, sha256: str) -> bytes:
        """Return an image, read once however many ask; raises ImageUnreadableError."""
        if (image := self.peek(sha256)) is not None:
            return image
        task = self._loading.get(sha256)
        if task is None:
            task = self._loading[sha256] = asyncio.create_task(self._load(sha256))
        # One asker that goes away must not take the image from the others.
        return await asyncio.shield(task)

    async def _load(self, sha256: str) -> bytes:
        try:
            image = await self._storage.read(sha256)
        except ImageUnreadableError as error:
            log.warning("image_unreadable", sha256=sha256, problem=str(error))
            raise
        finally:
            del self._loading[sha256]
        self._images[sha256] = image
        self.size_bytes += len(image)
        while self.size_bytes > self._max_bytes and len(self._images) > 1:
            _, dropped = self._images.popitem(last=False)
            self.size_bytes -= len(dropped)
        return image


def _read_checked(path: Path, sha256: str) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ImageUnreadableError("the file is missing") from None
    except OSError as error:
        raise ImageUnreadableError(f"the file cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ImageUnreadableError("the file no longer has the SHA-256 that it was stored under")
    return data


def _remove_older(folder: Path, before_s: float) -> int:
    removed = 0
    for path in folder.glob("*"):
        if path.stat().st_mtime < before_s:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
