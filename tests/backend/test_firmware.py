"""What may be published, what is refused, and that nothing half-done is left."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend.contract.platforms import PLATFORMS
from backend.db import Database
from backend.errors import Refusal
from backend.firmware import (
    BadVersionError,
    Catalogue,
    DowngradeError,
    FirmwareInfo,
    UnknownPlatformError,
    VersionExistsError,
    clean_filename,
    publish,
)
from backend.image import WrongChipError
from backend.models import AuditEntry, Firmware
from backend.storage import Storage
from tests.backend.images import esp_image

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


class Publisher:
    def __init__(self, database: Database, storage: Storage) -> None:
        self.database = database
        self.storage = storage

    async def __call__(
        self,
        platform: str = "esp32",
        version: str = "2026.11.24.1",
        *,
        image: bytes | None = None,
        filename: str = "firmware.bin",
    ) -> FirmwareInfo:
        image = esp_image("esp32") if image is None else image
        async with (
            self.storage.receive(max_bytes=1024 * 1024) as incoming,
            self.database.session() as session,
        ):
            await incoming.write(image)
            return await publish(
                session,
                incoming,
                platform=platform,
                version=version,
                filename=filename,
                actor="ci",
                address="192.0.2.1",
                now=NOW,
            )


@pytest.fixture
def storage(tmp_data: Path) -> Storage:
    return Storage(tmp_data / "images")


@pytest.fixture
def upload(database: Database, storage: Storage) -> Publisher:
    return Publisher(database, storage)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_published_image_can_be_read_and_waits_to_be_announced(
    upload: Publisher, database: Database, storage: Storage
) -> None:
    info = await upload()

    async with database.session() as session:
        row = await session.get_one(Firmware, info.id)
        entry = (await session.scalars(select(AuditEntry))).one()
    assert await storage.read(info.sha256) == esp_image("esp32")
    assert row.announced_at is None
    assert (info.platform, info.version, info.uploaded_by) == ("esp32", "2026.11.24.1", "ci")
    assert info.uploaded_at == NOW
    assert (entry.actor, entry.action, entry.object, entry.address) == (
        "ci",
        "firmware.publish",
        "esp32 2026.11.24.1",
        "192.0.2.1",
    )


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_every_platform_can_be_published(upload: Publisher, platform: str) -> None:
    info = await upload(platform, image=esp_image(platform))
    assert info.platform == platform


@pytest.mark.parametrize(
    ("platform", "version", "error", "field", "words"),
    [
        ("esp8266", "2026.1.1.1", UnknownPlatformError, "platform", "upload it as esp12f"),
        ("esp64", "2026.1.1.1", UnknownPlatformError, "platform", "expected one of esp32, "),
        ("", "2026.1.1.1", UnknownPlatformError, "platform", "expected one of"),
        ("esp32", "latest", BadVersionError, "version", "expected YYYY.M.D.BUILD"),
        ("esp32", "2026.1.1", BadVersionError, "version", "'2026.1.1' is no version"),
        ("esp32", "", BadVersionError, "version", "is no version"),
        ("esp12f", "2026.1.1.1", WrongChipError, "file", "for the ESP32"),
    ],
)
async def test_a_wrong_upload_is_refused_and_leaves_nothing(
    upload: Publisher,
    database: Database,
    tmp_data: Path,
    platform: str,
    version: str,
    error: type[Refusal],
    field: str,
    words: str,
) -> None:
    with pytest.raises(error, match=words) as caught:
        await upload(platform, version)

    assert caught.value.field == field
    async with database.session() as session:
        assert await session.scalar(select(func.count()).select_from(Firmware)) == 0
        assert await session.scalar(select(func.count()).select_from(AuditEntry)) == 0
    assert files_below(tmp_data) == []


async def test_a_version_is_never_replaced(upload: Publisher) -> None:
    await upload()

    for image in (esp_image("esp32"), esp_image("esp32", fill=1)):
        with pytest.raises(VersionExistsError, match=r"esp32 2026\.11\.24\.1 exists already"):
            await upload(image=image)


async def test_the_same_version_written_otherwise_exists_too(upload: Publisher) -> None:
    await upload(version="2026.1.2.3")

    with pytest.raises(VersionExistsError, match=r"2026\.1\.2\.3 exists"):
        await upload(version="2026.01.02.3")


async def test_an_older_existing_version_exists_and_is_no_downgrade(upload: Publisher) -> None:
    await upload(version="2026.1.2.3")
    await upload(version="2026.1.2.4")

    with pytest.raises(VersionExistsError):
        await upload(version="2026.1.2.3")


@pytest.mark.parametrize("lower", ["2026.9.30.99", "2025.12.31.5", "v9.9.9"])
async def test_a_downgrade_is_refused_by_number_and_not_by_text(
    upload: Publisher, lower: str
) -> None:
    await upload(version="2026.10.1.1")

    with pytest.raises(DowngradeError, match=r"lower than 2026\.10\.1\.1, the newest of esp32"):
        await upload(version=lower)


async def test_platforms_do_not_hinder_each_other(upload: Publisher) -> None:
    await upload(version="2026.10.1.1")
    info = await upload("esp01", "2025.1.1.1", image=esp_image("esp01"))
    assert info.platform == "esp01"


async def test_of_two_uploads_of_one_version_at_once_one_wins(upload: Publisher) -> None:
    images = [esp_image("esp32", fill=fill) for fill in range(4)]

    results = await asyncio.gather(
        *(upload(image=image) for image in images), return_exceptions=True
    )

    refused = [one for one in results if isinstance(one, VersionExistsError)]
    assert (len(results), len(refused)) == (4, 3)


async def test_the_catalogue_knows_the_newest_after_a_restart(
    upload: Publisher, database: Database
) -> None:
    for version in ("v1.2.3", "2026.9.9.9", "2026.10.1.1"):
        await upload(version=version)
    catalogue = Catalogue()
    async with database.session() as session:
        await catalogue.load(session)

    assert [one.version for one in catalogue.versions("esp32")] == [
        "2026.10.1.1",
        "2026.9.9.9",
        "v1.2.3",
    ]
    newest = catalogue.newest("esp32")
    assert newest is not None
    assert newest.version == "2026.10.1.1"
    assert catalogue.newest("esp01") is None
    assert catalogue.find("esp32", "2026.09.09.9") == catalogue.versions("esp32")[1]
    assert catalogue.find("esp32", "nonsense") is None


async def test_a_new_version_is_the_newest_at_once(
    upload: Publisher,
) -> None:
    catalogue = Catalogue()
    old, new = await upload(version="2026.9.9.9"), await upload(version="2026.10.1.1")
    catalogue.add(new)
    catalogue.add(old)
    catalogue.add(old)

    assert catalogue.versions("esp32") == [new, old]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("firmware.bin", "firmware.bin"),
        ("../../etc/passwd", "passwd"),
        ("C:\\build\\clock.bin", "clock.bin"),
        ('a"b;c\r\nSet-Cookie: x.bin', "abcSet-Cookie: x.bin"),
        ("..", ".."),
        ("", ""),
        ("ü" * 300, "ü" * 200),
    ],
)
def test_a_file_name_is_a_name_and_nothing_else(sent: str, kept: str) -> None:
    assert clean_filename(sent) == kept


async def test_an_image_without_a_name_gets_one(upload: Publisher) -> None:
    assert (await upload(filename="")).filename == "esp32-2026.11.24.1.bin"
