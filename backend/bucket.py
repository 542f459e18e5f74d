"""Owns the way to a bucket at S3, Google Cloud Storage or Azure: objects by their SHA-256.

Nothing from outside is believed: a byte is handed on once the whole object has its hash.
Every call ends within a time that is known beforehand.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from backend.bucket_errors import (
    BucketError,
    ForeignBucketError,
    ObjectDamagedError,
    ObjectGoneError,
)

OWNER_KEY = "owner"
_OBJECT_KEY = re.compile(r"(?P<start>[0-9a-f]{2})/(?P<sha256>[0-9a-f]{64})")
_PIECE_BYTES = 256 * 1024

_OPTIONS = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "GOOGLE_SERVICE_ACCOUNT",
        "GOOGLE_SERVICE_ACCOUNT_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "AZURE_STORAGE_ACCOUNT_NAME",
        "AZURE_STORAGE_ACCOUNT_KEY",
        "AZURE_STORAGE_CLIENT_ID",
        "AZURE_STORAGE_CLIENT_SECRET",
        "AZURE_STORAGE_TENANT_ID",
        "AZURE_STORAGE_SAS_TOKEN",
    }
)
"""What of the environment is handed on, under the names that the providers' own tools use."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a bucket may take, in s: to connect, between two bytes, for the whole."""

    connect_s: float = 5
    stall_s: float = 10
    whole_s: float = 60


@dataclass(frozen=True, slots=True)
class Listed:
    """An object that the bucket has."""

    sha256: str
    stored_at: datetime


class Bucket:
    """One bucket, or a path in one. `place` names it for people, without any secret."""

    def __init__(
        self, url: str, environment: Mapping[str, str], patience: Patience | None = None
    ) -> None:
        """Open nothing yet; raises ValueError where the URL or an option cannot be used."""
        self.patience = patience or Patience()
        self.place = place_of(url)
        options = {
            name.lower(): value
            for name, value in environment.items()
            if name in _OPTIONS and _belongs(name, url)
        }
        try:
            self._store: Any = from_url(
                url,
                config=options,  # type: ignore[call-overload]  # its keys are per provider
                client_options={
                    "allow_http": options.get("aws_endpoint_url", "").startswith("http://"),
                    "connect_timeout": timedelta(seconds=self.patience.connect_s),
                    "read_timeout": timedelta(seconds=self.patience.stall_s),
                    "timeout": timedelta(seconds=self.patience.whole_s),
                },
                # Who calls tries again, with a pause that grows; a person is not kept waiting.
                retry_config={"max_retries": 0},
            )
        except BaseError as error:
            raise ValueError(_sentence(error)) from None

    async def put(self, sha256: str, path: Path) -> None:
        """Store a file that has been checked; raises BucketError."""
        data = await asyncio.to_thread(path.read_bytes)
        async with self._asking():
            await obstore.put_async(self._store, key_of(sha256), data, use_multipart=False)

    async def get(self, sha256: str, *, max_bytes: int) -> bytes:
        """Return an object whose hash is right.

        Raises ObjectGoneError, ObjectDamagedError or BucketError.
        """
        data = bytearray()
        async with self._asking():
            answer = await obstore.get_async(self._store, key_of(sha256))
            if answer.meta["size"] > max_bytes:
                raise ObjectDamagedError(
                    f"the bucket has {answer.meta['size']:,} bytes for it, more than any image"
                )
            async for piece in answer.stream(min_chunk_size=_PIECE_BYTES):
                data += piece
                if len(data) > max_bytes:
                    raise ObjectDamagedError("the bucket sends more bytes than any image has")
        if (await asyncio.to_thread(hashlib.sha256, data)).hexdigest() != sha256:
            raise ObjectDamagedError("the bucket's bytes do not have the SHA-256 that was stored")
        return bytes(data)

    async def delete(self, sha256: str) -> None:
        """Remove an object, if it is there; raises BucketError."""
        try:
            async with self._asking():
                await obstore.delete_async(self._store, key_of(sha256))
        except ObjectGoneError:
            return

    async def list(self) -> list[Listed]:
        """Return every object; raises BucketError."""
        found: list[Listed] = []
        async with self._asking():
            async for batch in obstore.list(self._store):
                found += [
                    Listed(match["sha256"], one["last_modified"])
                    for one in batch
                    if (match := _OBJECT_KEY.fullmatch(one["path"]))
                ]
        return found

    async def claim(self, owner: str) -> None:
        """Ask the bucket whether it answers and is ours; an unowned one becomes ours.

        Objects that nobody refers to are removed, so two servers must not share a place.
        Raises ForeignBucketError or BucketError.
        """
        try:
            async with self._asking():
                answer = await obstore.get_async(self._store, OWNER_KEY)
                there = bytes(await answer.bytes_async())
        except ObjectGoneError:
            async with self._asking():
                await obstore.put_async(self._store, OWNER_KEY, owner.encode())
            return
        if there != owner.encode():
            raise ForeignBucketError(
                f"{self.place} belongs to another server, or to this one under another "
                f"SECRET_KEY. Give each server a path of its own, or remove the object "
                f"{OWNER_KEY!r} there if the other one is gone."
            )

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """Bound a conversation in time, and give its failures one name."""
        try:
            async with asyncio.timeout(self.patience.whole_s):
                yield
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error) or "ContainerNotFound" in str(error):
                raise BucketError(f"There is no bucket at {self.place}.") from None
            raise ObjectGoneError("the bucket does not have it") from None
        except TimeoutError:
            raise BucketError(
                f"{self.place} was not done within {self.patience.whole_s:g} s."
            ) from None
        except (BaseError, OSError) as error:
            raise BucketError(_sentence(error)) from None


def key_of(sha256: str) -> str:
    """Return the name of an object: two digits, a slash, the whole hash."""
    return f"{sha256[:2]}/{sha256}"


def place_of(url: str) -> str:
    """Return a URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}".rstrip("/")


def _belongs(name: str, url: str) -> bool:
    prefix = {"s3": "AWS_", "gs": "GOOGLE_", "az": "AZURE_"}.get(urlsplit(url).scheme, "-")
    return name.startswith(prefix)


def _sentence(error: Exception) -> str:
    """Return the first line of what went wrong, without signed addresses and without times.

    The same trouble is told in the same words, however often it is met.
    """
    line = str(error).strip().partition("\n")[0]
    line = re.sub(r"\?\S+", "", line.removeprefix("Generic ")).replace("Error performing ", "")
    return re.sub(r" in [\d.]+(ns|µs|ms|s)\b", "", line)[:300] or type(error).__name__
