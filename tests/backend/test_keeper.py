"""Images in a bucket: a real S3 server that dies, dawdles and sends damaged bytes."""

import asyncio
import hashlib
import itertools
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from backend import objects
from backend.bucket import Bucket, Patience, key_of
from backend.bucket_errors import BucketError, ForeignBucketError
from backend.db import Database
from backend.firmware import Catalogue, FirmwareInfo, publish
from backend.health import Health
from backend.image_cache import ImageCache
from backend.keeper import Keeper
from backend.models import Base
from backend.storage import ImageAwayError, ImageUnreadableError, Storage
from tests.backend.images import esp_image
from tests.backend.object_server import Line, ObjectServer, line_to

MIB = 1024 * 1024
PATIENT = Patience(connect_s=5, stall_s=5, whole_s=20)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def object_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ObjectServer]:
    server = ObjectServer(tmp_path_factory.mktemp("s3"))
    await server.start()
    yield server
    await server.kill()


@dataclass
class Place:
    """A server's storage before a bucket, reached by a line, and what tests do with it."""

    database: Database
    data: Path
    line: Line
    server: ObjectServer
    bucket: Path
    """The folder in which the S3 server keeps the objects."""
    name: str
    near_bytes: int = 64 * MIB
    patience: Patience = PATIENT
    grace: timedelta = timedelta(days=7)

    def __post_init__(self) -> None:
        self.catalogue = Catalogue()
        self.health = Health()
        self.storage = Storage(
            self.data,
            Bucket(
                f"s3://{self.name}/images", self.server.environment(self.line.port), self.patience
            ),
            near_bytes=self.near_bytes,
            max_bytes=8 * MIB,
        )
        self.keeper = Keeper(
            self.database,
            self.storage,
            self.catalogue,
            self.health,
            owner="this server",
            grace=self.grace,
            retry_max_s=0.05,
        )

    def again(self, **changes: object) -> "Place":
        """The same after a restart."""
        return replace(self, **changes)  # type: ignore[arg-type]

    async def publish(self, version: str, *, size_bytes: int = 200_000) -> FirmwareInfo:
        async with (
            self.storage.receive(max_bytes=8 * MIB) as incoming,
            self.database.session() as session,
        ):
            await incoming.write(esp_image("esp32", size_bytes=size_bytes, fill=int(version[-1])))
            info = await publish(
                session,
                incoming,
                platform="esp32",
                version=version,
                filename="firmware.bin",
                actor="test",
                address=None,
                now=NOW,
            )
        self.catalogue.add(info)
        return info

    def lies_near(self, info: FirmwareInfo) -> bool:
        return self.storage.path(info.sha256).is_file()

    def there(self, info: FirmwareInfo) -> Path:
        return self.bucket / "images" / key_of(info.sha256)


@pytest_asyncio.fixture(loop_scope="session")
async def place(
    database: Database, tmp_data: Path, object_server: ObjectServer
) -> AsyncIterator[Place]:
    name = f"bucket-{next(_numbers)}"
    folder = object_server.make_bucket(name)
    async with line_to(object_server) as line:
        yield Place(database, tmp_data, line, object_server, folder, name)


async def test_an_upload_moves_to_the_bucket_and_stays_near(place: Place) -> None:
    info = await place.publish("2026.11.24.1")
    assert place.keeper.waiting == [info.sha256]
    await place.keeper.look(now=NOW)

    assert place.keeper.waiting == []
    assert hashlib.sha256(place.there(info).read_bytes()).hexdigest() == info.sha256
    assert place.lies_near(info)
    assert len(await place.storage.read(info.sha256)) == info.size_bytes


async def test_an_image_that_is_not_near_is_fetched_and_kept(place: Place) -> None:
    info = await place.publish("2026.11.24.1")
    await place.keeper.look(now=NOW)
    place.storage.path(info.sha256).unlink()
    images = ImageCache(place.storage, MIB)

    answers = await asyncio.gather(*(images.get(info.sha256) for _ in range(20)))
    assert hashlib.sha256(answers[0]).hexdigest() == info.sha256
    assert all(answer is answers[0] for answer in answers)
    assert place.lies_near(info)


async def test_what_is_uploaded_while_the_bucket_is_away_moves_when_it_is_back(
    place: Place,
) -> None:
    await place.server.kill()
    info = await place.publish("2026.11.24.1")
    running = asyncio.create_task(place.keeper.run())
    async with asyncio.timeout(30):
        while place.health.store.ok:
            await asyncio.sleep(0.01)
        assert place.keeper.waiting == [info.sha256]
        assert len(await place.storage.read(info.sha256)) == info.size_bytes

        await place.server.start()
        while place.keeper.waiting or not place.health.store.ok:
            await asyncio.sleep(0.01)
    running.cancel()
    assert place.there(info).is_file()
    async with place.database.session() as session:
        assert await objects.moved_to(session, f"s3://{place.name}/images") == {info.sha256}


async def test_a_server_killed_in_the_middle_of_an_upload_gets_it_whole_later(
    place: Place,
) -> None:
    info = await place.publish("2026.11.24.1", size_bytes=900_000)
    await place.storage.bucket.claim("this server")  # type: ignore[union-attr]
    place.line.holds_up_after = 300_000
    moving = asyncio.create_task(place.keeper.look(now=NOW))
    await asyncio.wait_for(place.line.held.wait(), 15)
    await place.server.kill()
    with pytest.raises(BucketError):
        await moving
    assert not place.there(info).exists()
    assert place.storage.is_waiting(info.sha256)

    place.line.holds_up_after = None
    await place.server.start()
    await place.keeper.look(now=NOW)
    assert hashlib.sha256(place.there(info).read_bytes()).hexdigest() == info.sha256


async def test_a_server_killed_in_the_middle_of_a_download_gives_nobody_half_an_image(
    place: Place,
) -> None:
    info = await place.publish("2026.11.24.1", size_bytes=900_000)
    await place.keeper.look(now=NOW)
    place.storage.path(info.sha256).unlink()
    place.line.holds_down_after = 300_000
    reading = asyncio.create_task(place.storage.read(info.sha256))
    await asyncio.wait_for(place.line.held.wait(), 15)
    await place.server.kill()
    with pytest.raises(ImageAwayError):
        await reading
    assert not place.lies_near(info)

    place.line.holds_down_after = None
    await place.server.start()
    assert len(await place.storage.read(info.sha256)) == info.size_bytes


async def test_a_slow_bucket_is_waited_for_and_a_stalled_one_is_not(place: Place) -> None:
    info = await place.publish("2026.11.24.1")
    await place.keeper.look(now=NOW)
    place.storage.path(info.sha256).unlink()
    place.line.pause_s = 0.02
    assert len(await place.storage.read(info.sha256)) == info.size_bytes

    place.storage.path(info.sha256).unlink()
    place.line.pause_s, place.line.holds_down_after = 0, 100_000
    hasty = place.again(patience=Patience(connect_s=1, stall_s=0.3, whole_s=10))
    async with asyncio.timeout(8):
        with pytest.raises(ImageAwayError):
            await hasty.storage.read(info.sha256)
    assert not place.lies_near(info)


@pytest.mark.parametrize("where", ["on the line", "in the bucket"])
async def test_damaged_bytes_reach_nobody(place: Place, where: str) -> None:
    info = await place.publish("2026.11.24.1")
    await place.keeper.look(now=NOW)
    place.storage.path(info.sha256).unlink()
    good = place.there(info).read_bytes()
    if where == "on the line":
        place.line.flips_bits = True
    else:
        place.there(info).write_bytes(good[:-1] + bytes([good[-1] ^ 1]))

    with pytest.raises(ImageUnreadableError, match="SHA-256"):
        await place.storage.read(info.sha256)
    assert not place.lies_near(info)

    place.line.flips_bits = False
    place.there(info).write_bytes(good)
    assert await place.storage.read(info.sha256) == good


async def test_an_object_larger_than_any_image_is_not_read(place: Place) -> None:
    sha256 = "ab" * 32
    path = place.bucket / "images" / key_of(sha256)
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(9 * MIB)
    with pytest.raises(ImageUnreadableError, match="more than any image"):
        await place.storage.read(sha256)


async def test_an_image_that_rotted_near_is_replaced_from_the_bucket(place: Place) -> None:
    info = await place.publish("2026.11.24.1")
    await place.keeper.look(now=NOW)
    place.storage.path(info.sha256).write_bytes(b"rotten")
    assert len(await place.storage.read(info.sha256)) == info.size_bytes
    assert place.storage.path(info.sha256).stat().st_size == info.size_bytes


async def test_copies_have_a_bound_and_the_newest_stays_near(place: Place) -> None:
    small = place.again(near_bytes=450_000)
    old, middle, newest = [await small.publish(f"2026.11.24.{n}") for n in (1, 2, 3)]
    for age_s, info in ((100, newest), (50, old), (10, middle)):
        os.utime(small.storage.path(info.sha256), (NOW.timestamp() - age_s,) * 2)
    await small.keeper.look(now=NOW)  # learns what clocks will ask for
    assert await small.storage.make_room() == 0
    assert [small.lies_near(one) for one in (old, middle, newest)] == [False, True, True]

    await small.storage.read(old.sha256)
    assert [small.lies_near(one) for one in (old, middle, newest)] == [True, False, True]


async def test_what_has_not_moved_yet_is_never_dropped(place: Place) -> None:
    small = place.again(near_bytes=0)
    info = await small.publish("2026.11.24.1")
    assert await small.storage.make_room() == 0
    assert small.lies_near(info)


async def test_a_fresh_folder_gets_the_newest_before_a_clock_asks(
    place: Place, tmp_path: Path
) -> None:
    await place.publish("2026.11.24.1")
    newest = await place.publish("2026.11.24.2")
    await place.keeper.look(now=NOW)

    moved_in = place.again(data=tmp_path / "elsewhere")
    async with moved_in.database.session() as session:
        await moved_in.catalogue.load(session)
    await moved_in.keeper.look(now=NOW)
    await place.server.kill()
    assert len(await moved_in.storage.read(newest.sha256)) == newest.size_bytes
    await place.server.start()


async def test_what_nothing_refers_to_goes_after_the_grace_time(place: Place) -> None:
    kept = await place.publish("2026.11.24.1")
    stray = await place.storage.store(b"of an upload that was not committed")
    await place.keeper.look(now=NOW)
    await place.storage.bucket.put(stray, place.storage.path(stray))  # type: ignore[union-attr]
    there = place.bucket / "images" / key_of(stray)

    await place.keeper.take_inventory(now=datetime.now(UTC))
    assert there.exists()
    assert await place.storage.exists(stray)

    later = datetime.now(UTC) + timedelta(days=8)
    await place.keeper.take_inventory(now=later)
    assert not there.exists()
    assert not await place.storage.exists(stray)
    assert place.there(kept).exists()
    assert place.lies_near(kept)
    assert place.keeper.state.collected == 2


async def test_a_folder_alone_is_tidied_too(database: Database, tmp_data: Path) -> None:
    storage = Storage(tmp_data)
    stray = await storage.store(b"of an upload that was not committed")
    keeper = Keeper(database, storage, Catalogue(), Health(), owner="this server")
    await keeper.look(now=datetime.now(UTC))
    assert await storage.exists(stray)
    await keeper.take_inventory(now=datetime.now(UTC) + timedelta(days=8))
    assert not await storage.exists(stray)


async def test_an_object_that_the_bucket_lost_moves_again(place: Place) -> None:
    info = await place.publish("2026.11.24.1")
    await place.keeper.look(now=NOW)
    place.there(info).unlink()
    await place.keeper.take_inventory(now=NOW)
    assert place.storage.is_waiting(info.sha256)
    await place.keeper.look(now=NOW)
    assert place.there(info).is_file()


async def test_the_place_of_another_server_is_left_alone(place: Place) -> None:
    await place.publish("2026.11.24.1")
    (place.bucket / "images").mkdir()
    (place.bucket / "images" / "owner").write_text("another server")
    with pytest.raises(ForeignBucketError, match="a path of its own"):
        await place.keeper.look(now=NOW)
    assert [path.name for path in (place.bucket / "images").iterdir()] == ["owner"]


async def test_a_wrong_key_and_a_missing_bucket_are_told_apart(place: Place) -> None:
    environment = place.server.environment()
    wrong = Bucket(f"s3://{place.name}", environment | {"AWS_SECRET_ACCESS_KEY": "wrong"})
    with pytest.raises(BucketError, match="privileges"):
        await wrong.claim("this server")
    with pytest.raises(BucketError, match="no bucket at s3://nowhere"):
        await Bucket("s3://nowhere", environment).claim("this server")


def test_every_column_that_names_a_stored_file_protects_it_from_collection() -> None:
    named = {
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("sha256") and table.name != "objects"
    }
    assert {one.property.columns[0] for one in objects.REFERENCES} == named
