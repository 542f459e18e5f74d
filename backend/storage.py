"""Owns the images on disk, by their SHA-256: all of them, or the near ones of a bucket."""

import asyncio
import hashlib
import os
import threading
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

import aiofiles
import structlog
from aiofiles.threadpool.binary import AsyncBufferedIOBase

from backend.bucket_errors import BucketError, ObjectDamagedError, ObjectGoneError
from backend.errors import Refusal

if TYPE_CHECKING:
    from backend.bucket import Bucket

log = structlog.get_logger(__name__)

WRITE_BYTES = 1024 * 1024
ABANDONED_AFTER_S = 3600


class UploadTooLargeError(Refusal):
    """An upload went beyond the largest size that is read."""

    code: ClassVar[str] = "upload_too_large"


class ImageUnreadableError(Exception):
    """A stored image is missing or its bytes are no longer what was stored."""


class ImageAwayError(ImageUnreadableError):
    """An image is in the bucket alone, and the bucket does not answer."""


class Storage:
    """A folder of images, each at `<first two digits>/<SHA-256>`; never a half-written one.

    With a bucket the folder holds what has not moved there yet, and besides that at most
    `near_bytes` of copies: what was used last, and what is `wanted`.
    """

    def __init__(
        self,
        folder: Path,
        bucket: "Bucket | None" = None,
        *,
        near_bytes: int = 0,
        max_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        """`max_bytes`: more than this is never read from a bucket for one image."""
        self.bucket = bucket
        self.moved: set[str] = set()
        """Hashes of what the bucket has: copies of these may go."""
        self.wanted: frozenset[str] = frozenset()
        """Hashes of what should stay near, whatever was used last."""
        self._folder = folder
        self._incoming = folder / "incoming"
        self._near_bytes = near_bytes
        self._max_bytes = max_bytes
        self._placing = threading.Lock()

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

    def is_waiting(self, sha256: str) -> bool:
        """Tell whether there is a bucket that does not have an image yet."""
        return self.bucket is not None and sha256 not in self.moved

    async def exists(self, sha256: str) -> bool:
        """Tell whether an image is stored."""
        return await asyncio.to_thread(self.path(sha256).is_file)

    async def read(self, sha256: str) -> bytes:
        """Return an image's bytes, from the bucket where they are not near.

        Raises ImageUnreadableError where they changed or are gone, ImageAwayError while
        nobody can say.
        """
        path = self.path(sha256)
        try:
            data = await asyncio.to_thread(_read_checked, path, sha256)
        except ImageUnreadableError as error:
            if self.bucket is None:
                raise
            return await self._fetch(self.bucket, sha256, str(error))
        if sha256 in self.moved:
            # When it was used last decides which copies go.
            await asyncio.to_thread(_touch, path)
        return data

    async def checked_path(self, sha256: str) -> Path:
        """Return where an image lies in the folder; raises ImageUnreadableError."""
        path = self.path(sha256)
        await asyncio.to_thread(_read_checked, path, sha256)
        return path

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

    async def collect(self, referenced: Collection[str], *, before_s: float) -> list[str]:
        """Remove files that nothing refers to and nobody wrote since; returns their hashes.

        `before_s`: Unix time. One that is published again meanwhile stays.
        """
        return await asyncio.to_thread(self._collect, referenced, before_s)

    async def make_room(self) -> int:
        """Remove copies beyond `near_bytes`, the longest unused first; returns how many."""
        return await asyncio.to_thread(self._make_room)

    async def size_bytes(self) -> int:
        """Return how much lies in the folder."""
        return sum(size for _, size, _ in await asyncio.to_thread(_files, self._folder))

    async def _fetch(self, bucket: "Bucket", sha256: str, problem: str) -> bytes:
        """Bring an image from the bucket; it is checked before anybody gets a byte of it."""
        try:
            data = await bucket.get(sha256, max_bytes=self._max_bytes)
        except (ObjectGoneError, ObjectDamagedError) as error:
            raise ImageUnreadableError(f"{problem}, and {error}") from None
        except BucketError as error:
            raise ImageAwayError(f"the bucket does not answer: {error}") from None
        self.moved.add(sha256)
        try:
            await self.store(data)
            await self.make_room()
        except OSError as error:  # the disk is full: downloads go on
            log.warning("image.not_kept_near", sha256=sha256, problem=str(error))
        return data

    def _move_in(self, source: Path, sha256: str) -> None:
        """Give a finished file its name; after a power cut either all of it is there or none."""
        target = self.path(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as file:
            os.fsync(file.fileno())
        with self._placing:
            _touch(source)
            source.replace(target)
        for folder in (target.parent, self._folder):
            _sync_folder(folder)

    def _collect(self, referenced: Collection[str], before_s: float) -> list[str]:
        removed = []
        for used_s, _, path in _files(self._folder):
            if path.name in referenced or used_s >= before_s:
                continue
            with self._placing, suppress(FileNotFoundError):
                if path.stat().st_mtime < before_s:
                    path.unlink()
                    removed.append(path.name)
        return removed

    def _make_room(self) -> int:
        files = _files(self._folder)
        excess_bytes = sum(size for _, size, _ in files) - self._near_bytes
        removed = 0
        for _, size, path in sorted(files, key=lambda one: (one[2].name in self.wanted, one[0])):
            if excess_bytes <= 0:
                break
            if path.name in self.moved:
                path.unlink(missing_ok=True)
                excess_bytes -= size
                removed += 1
        return removed


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


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    """Return time of last use (Unix), size and path of every image."""
    found = []
    for path in folder.glob("[0-9a-f][0-9a-f]/*"):
        try:
            status = path.stat()
        except FileNotFoundError:  # removed meanwhile
            continue
        found.append((status.st_mtime, status.st_size, path))
    return found


def _touch(path: Path) -> None:
    with suppress(FileNotFoundError):
        os.utime(path)


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
