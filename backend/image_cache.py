"""Owns the images held in memory, from which downloads are served."""

import asyncio
from collections import OrderedDict

import structlog

from backend.storage import ImageUnreadableError, Storage

log = structlog.get_logger(__name__)


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
