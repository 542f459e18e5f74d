"""Images on disk are whole or not there; images in memory are shared and bounded."""

import asyncio
import hashlib
import os
import tracemalloc
from pathlib import Path

import pytest

from backend.image_cache import ImageCache
from backend.storage import ImageUnreadableError, Storage, UploadTooLargeError

MIB = 1024 * 1024


@pytest.fixture
def storage(tmp_data: Path) -> Storage:
    return Storage(tmp_data / "images")


async def store(storage: Storage, data: bytes, *, piece_bytes: int = 64 * 1024) -> str:
    async with storage.receive(max_bytes=len(data)) as incoming:
        for start in range(0, len(data), piece_bytes):
            await incoming.write(data[start : start + piece_bytes])
        await incoming.finish()
        await incoming.keep()
        return incoming.sha256


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_kept_upload_lies_under_its_hash(storage: Storage, tmp_data: Path) -> None:
    data = os.urandom(3 * MIB + 17)

    sha256 = await store(storage, data)

    assert sha256 == hashlib.sha256(data).hexdigest()
    assert files_below(tmp_data) == [tmp_data / "images" / sha256[:2] / sha256]
    assert await storage.exists(sha256)
    assert await storage.read(sha256) == data


async def test_the_same_image_twice_is_stored_once(storage: Storage, tmp_data: Path) -> None:
    assert await store(storage, b"image") == await store(storage, b"image")
    assert len(files_below(tmp_data)) == 1


async def test_an_upload_that_is_not_kept_leaves_nothing(storage: Storage, tmp_data: Path) -> None:
    async with storage.receive(max_bytes=10) as incoming:
        await incoming.write(b"image")
        await incoming.finish()

    assert files_below(tmp_data) == []


async def test_an_upload_that_fails_leaves_nothing(storage: Storage, tmp_data: Path) -> None:
    async def upload() -> None:
        async with storage.receive(max_bytes=10) as incoming:
            await incoming.write(b"image")
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await upload()

    assert files_below(tmp_data) == []


async def test_an_upload_is_stopped_at_the_largest_size(storage: Storage, tmp_data: Path) -> None:
    async with storage.receive(max_bytes=10) as incoming:
        await incoming.write(b"0123456789")
        with pytest.raises(UploadTooLargeError, match="larger than 10 bytes"):
            await incoming.write(b"x")

    assert files_below(tmp_data) == []


async def test_memory_stays_flat_while_an_upload_comes_in(storage: Storage) -> None:
    piece = os.urandom(64 * 1024)
    tracemalloc.start()
    async with storage.receive(max_bytes=64 * MIB) as incoming:
        for _ in range(64 * MIB // len(piece)):
            await incoming.write(piece)
        await incoming.finish()
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < 6 * MIB


async def test_what_a_killed_process_left_behind_is_removed(
    storage: Storage, tmp_data: Path
) -> None:
    folder = tmp_data / "images" / "incoming"
    folder.mkdir(parents=True)
    for name, changed_s in (("old", 1_000), ("young", 9_000)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (changed_s, changed_s))

    assert await storage.remove_abandoned(now_s=10_000) == 1
    assert files_below(tmp_data) == [folder / "young"]


async def test_a_deleted_image_is_missing(storage: Storage) -> None:
    sha256 = await store(storage, b"image")
    await storage.delete(sha256)
    await storage.delete(sha256)

    assert not await storage.exists(sha256)
    with pytest.raises(ImageUnreadableError, match="missing"):
        await storage.read(sha256)


async def test_an_image_that_rotted_on_disk_is_never_handed_out(storage: Storage) -> None:
    sha256 = await store(storage, b"image")
    storage.path(sha256).write_bytes(b"imagE")

    with pytest.raises(ImageUnreadableError, match="no longer has the SHA-256"):
        await ImageCache(storage, MIB).get(sha256)


async def test_every_download_shares_one_bytes(storage: Storage) -> None:
    sha256 = await store(storage, b"image" * 1000)
    cache = ImageCache(storage, MIB)

    images = await asyncio.gather(*(cache.get(sha256) for _ in range(50)))

    assert len({id(image) for image in images}) == 1
    assert cache.peek(sha256) is images[0]
    assert cache.size_bytes == 5000


async def test_the_least_used_image_is_dropped_first(storage: Storage) -> None:
    old, used, new = [await store(storage, bytes([n]) * 400) for n in range(3)]
    cache = ImageCache(storage, 1000)
    for sha256 in (old, used, old, used, new):
        await cache.get(sha256)

    assert cache.peek(old) is None
    assert cache.peek(used) is not None
    assert cache.peek(new) is not None
    assert cache.size_bytes == 800


async def test_an_image_larger_than_the_cache_is_still_shared(storage: Storage) -> None:
    sha256 = await store(storage, b"x" * 2000)
    cache = ImageCache(storage, 0)

    assert await cache.get(sha256) is await cache.get(sha256)


async def test_an_asker_that_goes_away_does_not_stop_the_others(storage: Storage) -> None:
    sha256 = await store(storage, b"image")
    cache = ImageCache(storage, MIB)
    impatient = asyncio.create_task(cache.get(sha256))
    await asyncio.sleep(0)
    patient = asyncio.create_task(cache.get(sha256))
    await asyncio.sleep(0)
    impatient.cancel()

    assert await patient == b"image"
    assert impatient.cancelled()


async def test_a_failed_load_is_tried_again(storage: Storage) -> None:
    sha256 = await store(storage, b"image")
    path = storage.path(sha256)
    hidden = path.rename(path.with_suffix(".hidden"))
    cache = ImageCache(storage, MIB)
    with pytest.raises(ImageUnreadableError):
        await cache.get(sha256)
    hidden.rename(path)

    assert await cache.get(sha256) == b"image"
