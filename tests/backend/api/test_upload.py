"""v1 CI's upload, and what comes of a bad one."""

import asyncio
import contextlib
import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select

from backend.api import form
from backend.config import Settings
from backend.contract.flash_map import Part
from backend.contract.statement import statement
from backend.models import AuditEntry, Firmware
from backend.signatures import PrivateKey, new_key, public_digits, sign
from tests.backend.api.conftest import Site, serve, until
from tests.backend.flash_images import default_table, factory_parts
from tests.backend.images import elf_image, esp_image

VERSION = "2026.11.24.1"


@pytest_asyncio.fixture(loop_scope="session")
async def ci(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    key = site.server.settings.upload_api_key.get_secret_value()
    yield site.client(**{"x-api-key": key})


async def upload(
    client: httpx.AsyncClient,
    *,
    image: bytes | None = None,
    filename: str = "firmware.bin",
    **fields: str,
) -> httpx.Response:
    """Send what v1 CI sends: `curl -F file=@… -F version=… -F platform=…`."""
    files: dict[str, tuple[str | None, bytes | str]] = {
        "file": (filename, esp_image("esp32") if image is None else image)
    }
    for name, value in ({"version": VERSION, "platform": "esp32"} | fields).items():
        files[name] = (None, value)
    return await client.post("/api/upload", files=files)


async def upload_parts(client: httpx.AsyncClient, parts: Mapping[Part, bytes]) -> httpx.Response:
    """Send an image with what a blank chip needs, each a file of its own."""
    files: dict[str, tuple[str | None, bytes | str]] = {
        "version": (None, VERSION),
        "platform": (None, "esp32"),
        "file": ("firmware.bin", esp_image("esp32")),
        **{part.value: (f"{part}.bin", data) for part, data in parts.items()},
    }
    return await client.post("/api/upload", files=files)


def build_archive(**words: str) -> bytes:
    """Return the .zip that CI makes of one build."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("firmware.bin", esp_image("esp32"))
        archive.writestr(
            "firmware.json", json.dumps({"platform": "esp32", "version": VERSION} | words)
        )
        for part, data in factory_parts("esp32").items():
            archive.writestr(f"{part}.bin", data)
    return buffer.getvalue()


def stored(settings: Settings) -> list[Path]:
    return [path for path in (settings.data / "images").rglob("*") if path.is_file()]


async def rows(site: Site) -> list[Firmware]:
    async with site.server.database.session() as session:
        return list(await session.scalars(select(Firmware)))


async def test_v1_ci_publishes(site: Site, ci: httpx.AsyncClient) -> None:
    image = esp_image("esp32", fill=7)
    answer = await upload(ci, image=image)

    assert answer.status_code == 201
    body = answer.json()
    assert body["success"] is True
    assert (body["platform"], body["version"], body["size"]) == ("esp32", VERSION, len(image))
    assert (body["filename"], body["download_url"]) == ("firmware.bin", "/api/firmware/esp32")
    newest = site.server.catalogue.newest("esp32")
    assert newest is not None
    assert await site.server.storage.read(newest.sha256) == image
    (row,) = await rows(site)
    assert (row.uploaded_by, row.announced_at) == ("upload key of v1", None)


async def test_the_order_of_the_fields_does_not_matter(ci: httpx.AsyncClient) -> None:
    image = esp_image("esp32")
    files = [
        ("platform", (None, "esp32")),
        ("version", (None, f" {VERSION}\r\n")),
        ("file", ("a.bin", image)),
        ("notes", (None, "whatever CI adds")),
    ]
    answer = await ci.post("/api/upload", files=files)
    assert answer.status_code == 201
    assert answer.json()["version"] == VERSION


@pytest.mark.parametrize(
    ("fields", "status", "code", "field"),
    [
        ({"platform": "esp64"}, 400, "unknown_platform", "platform"),
        ({"platform": "esp8266"}, 400, "unknown_platform", "platform"),
        ({"platform": ""}, 400, "bad_request", "platform"),
        ({"version": ""}, 400, "bad_request", "version"),
        ({"version": "latest"}, 400, "bad_version", "version"),
        ({"version": "2026.11.24.1\x00"}, 400, "bad_version", "version"),
        ({"platform": "x" * 5000}, 400, "bad_request", "platform"),
        ({"platform": "esp32c3"}, 400, "wrong_chip", "file"),
    ],
)
async def test_a_bad_field_is_named(
    site: Site,
    ci: httpx.AsyncClient,
    fields: dict[str, str],
    status: int,
    code: str,
    field: str,
) -> None:
    answer = await upload(ci, **fields)
    assert answer.status_code == status
    body = answer.json()
    assert (body["code"], body["field"]) == (code, field)
    assert body["error"].endswith(".")
    assert await rows(site) == []
    assert stored(site.server.settings) == []


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (lambda image: b"", "empty_file", "empty"),
        (lambda image: b"\x7fELF" + image, "foreign_file", "ELF"),
        (lambda image: b"<html>", "foreign_file", "web page"),
        (lambda image: image[:-1000], "image_truncated", "cut off"),
        (lambda image: image[:5000] + b"\0" + image[5001:], "image_damaged", "damaged"),
    ],
)
async def test_a_bad_file_is_refused_by_what_it_is(
    site: Site, ci: httpx.AsyncClient, make: Callable[[bytes], bytes], code: str, words: str
) -> None:
    answer = await upload(ci, image=make(esp_image("esp32")))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert words in answer.json()["error"]
    assert stored(site.server.settings) == []


@pytest.mark.parametrize("missing", ["file", "version", "platform"])
async def test_a_missing_field_is_named(ci: httpx.AsyncClient, missing: str) -> None:
    files = {
        "file": ("a.bin", esp_image("esp32")),
        "version": (None, VERSION),
        "platform": (None, "esp32"),
    }
    del files[missing]
    answer = await ci.post("/api/upload", files=files)
    assert (answer.status_code, answer.json()["field"]) == (400, missing)


async def test_a_version_that_exists_is_a_conflict_and_a_lower_one_is_bad(
    ci: httpx.AsyncClient,
) -> None:
    assert (await upload(ci)).status_code == 201
    again, lower = await upload(ci), await upload(ci, version="2026.9.24.1")

    assert (again.status_code, again.json()["code"]) == (409, "version_exists")
    assert (lower.status_code, lower.json()["code"]) == (400, "downgrade")


async def test_a_wrong_key_is_refused_before_anything_is_read(
    site: Site, ci: httpx.AsyncClient
) -> None:
    download_key = site.server.settings.download_api_key.get_secret_value()
    for key in ("wrong", download_key, ""):
        answer = await upload(site.client(**{"x-api-key": key}))
        assert (answer.status_code, answer.json()["code"]) == (401, "wrong_key")
    assert (await upload(site.client())).status_code == 401


async def test_a_signed_in_person_may_publish_in_their_name(site: Site) -> None:
    person = await site.signed_in()
    answer = await upload(person)

    assert answer.status_code == 201
    async with site.server.database.session() as session:
        entry = await session.scalar(
            select(AuditEntry).where(AuditEntry.action == "firmware.publish")
        )
    assert entry is not None
    assert (entry.actor, entry.address) == ("admin@example.org", "127.0.0.1")


async def test_of_many_uploads_of_one_version_one_wins(ci: httpx.AsyncClient) -> None:
    images = [esp_image("esp32", fill=fill) for fill in range(5)]
    answers = await asyncio.gather(*(upload(ci, image=image) for image in images))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_an_oversized_upload_is_refused_by_its_announced_size(
    site: Site, ci: httpx.AsyncClient
) -> None:
    limit = site.server.settings.upload_max_bytes
    answer = await upload(ci, image=bytes(limit + 100_000))
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
    assert stored(site.server.settings) == []


async def test_a_giant_upload_is_not_read_to_its_end(site: Site) -> None:
    """Sent in chunks without a length, by hand: how much got through is what counts."""
    settings = site.server.settings
    head = (
        f"POST /api/upload HTTP/1.1\r\nHost: {site.host}\r\n"
        f"X-API-Key: {settings.upload_api_key.get_secret_value()}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    _, writer = await asyncio.open_connection(*site.address)
    writer.write(head.encode() + b"%x\r\n%b\r\n" % (len(part), part))
    sent = 0
    piece = b"100000\r\n" + bytes(2**20) + b"\r\n"
    with contextlib.suppress(ConnectionError):  # what is too much is cut off
        while sent < 2**30:
            writer.write(piece)
            await writer.drain()
            sent += 2**20
    assert sent < settings.upload_max_bytes + 64 * 2**20
    writer.close()
    assert stored(settings) == []


async def test_a_sender_that_waits_for_100_continue_never_sends_the_giant(site: Site) -> None:
    settings = site.server.settings
    head = (
        f"POST /api/upload HTTP/1.1\r\nHost: {site.host}\r\nExpect: 100-continue\r\n"
        f"X-API-Key: {settings.upload_api_key.get_secret_value()}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {2**30}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(*site.address)
    writer.write(head.encode())
    answer = await reader.read()  # to the end: the connection is closed
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "upload_too_large"
    writer.close()


async def test_a_sender_that_goes_away_leaves_nothing(site: Site) -> None:
    settings = site.server.settings
    head = (
        f"POST /api/upload HTTP/1.1\r\nHost: {site.host}\r\n"
        f"X-API-Key: {settings.upload_api_key.get_secret_value()}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    )
    _, writer = await asyncio.open_connection(*site.address)
    writer.write(head.encode() + bytes(300_000))
    await writer.drain()
    await until(lambda: len(stored(settings)) == 1)
    writer.close()
    await until(lambda: stored(settings) == [])
    assert await rows(site) == []


async def test_a_sender_that_stalls_is_let_go(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form, "STALLED_AFTER_S", 0.2)
    settings = site.server.settings
    head = (
        f"POST /api/upload HTTP/1.1\r\nHost: {site.host}\r\n"
        f"X-API-Key: {settings.upload_api_key.get_secret_value()}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(*site.address)
    writer.write(head.encode())
    assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
    writer.close()
    assert stored(settings) == []


PART = b'Content-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", "multipart/form-data; boundary=b"),
        (b"x", "multipart/form-data"),
        (b"x", "application/json"),
        (b"x", ""),
        (b"--b\r\n" + PART + b"cut off", "multipart/form-data; boundary=b"),
        (
            b"--b\r\n" + PART + b"1\r\n--b\r\n" + PART + b"2\r\n--b--\r\n",
            "multipart/form-data; boundary=b",
        ),
        (b"--b\r\n\r\nno name\r\n--b--\r\n", "multipart/form-data; boundary=b"),
        (b"--b\r\n" + b"X: y\r\n" * 100 + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"),
        (b"--b\r\nX: " + b"y" * 10_000 + b"\r\n\r\n--b--\r\n", "multipart/form-data; boundary=b"),
        (
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 100 + b"--b--",
            "multipart/form-data; boundary=b",
        ),
    ],
)
async def test_hostile_forms_are_only_refused(
    site: Site, ci: httpx.AsyncClient, content: bytes, content_type: str
) -> None:
    answer = await ci.post("/api/upload", content=content, headers={"content-type": content_type})
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_request"
    assert stored(site.server.settings) == []


async def test_a_published_version_is_there_after_a_restart(settings: Settings) -> None:
    async with serve(settings) as site:
        await site.server.loaded.wait()
        key = settings.upload_api_key.get_secret_value()
        assert (await upload(site.client(**{"x-api-key": key}))).status_code == 201
    async with serve(settings) as site:
        await site.server.loaded.wait()
        key = settings.download_api_key.get_secret_value()
        answer = await site.client(**{"x-api-key": key}).get("/api/firmware/esp32")
        assert answer.content == esp_image("esp32")


@pytest_asyncio.fixture(loop_scope="session")
async def signing_key(site: Site) -> PrivateKey:
    """A key with which firmware must be signed."""
    key = new_key()
    site.server.settings.firmware_public_keys = public_digits(key)
    return key


def signature_of(key: PrivateKey, image: bytes, *, platform: str = "esp32") -> str:
    sha256 = hashlib.sha256(image).hexdigest()
    return sign(key, statement(platform, VERSION, len(image), sha256))


async def test_signed_firmware_is_published_with_its_signature(
    site: Site, ci: httpx.AsyncClient, signing_key: PrivateKey
) -> None:
    image = esp_image("esp32")
    signature = signature_of(signing_key, image)
    answer = await upload(ci, image=image, signature=signature)
    assert answer.status_code == 201
    assert answer.json()["signed"] is True
    newest = site.server.catalogue.newest("esp32")
    assert newest is not None
    assert newest.signature == signature


async def test_unsigned_firmware_is_refused_where_there_are_keys(
    site: Site, ci: httpx.AsyncClient, settings: Settings, signing_key: PrivateKey
) -> None:
    answer = await upload(ci)
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["field"]) == ("signature_missing", "signature")
    assert await rows(site) == []
    assert stored(settings) == []


@pytest.mark.parametrize("platform_signed", ["esp32", "esp32c3"])
async def test_firmware_signed_otherwise_is_refused(
    site: Site, ci: httpx.AsyncClient, signing_key: PrivateKey, platform_signed: str
) -> None:
    image = esp_image("esp32")
    key = new_key() if platform_signed == "esp32" else signing_key
    answer = await upload(
        ci, image=image, signature=signature_of(key, image, platform=platform_signed)
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_signature"
    assert await rows(site) == []


async def test_unsigned_firmware_is_marked_so_where_there_are_no_keys(
    site: Site, ci: httpx.AsyncClient
) -> None:
    answer = await upload(ci)
    assert answer.status_code == 201
    assert answer.json()["signed"] is False
    (row,) = await rows(site)
    assert row.signature is None


async def test_linux_program_is_taken_only_where_people_develop(
    site: Site, ci: httpx.AsyncClient
) -> None:
    refused = await upload(ci, image=elf_image(), platform="linux")
    assert refused.status_code == 400
    assert refused.json()["code"] == "unknown_platform"
    site.server.settings.development = True
    site.server.catalogue.platforms = site.server.settings.platforms
    image = elf_image()
    assert (await upload(ci, image=image, platform="linux")).status_code == 201
    key = site.server.settings.download_api_key.get_secret_value()
    client = site.client(**{"x-api-key": key})
    answer = await client.get("/api/firmware/linux", params={"version": VERSION})
    assert (answer.status_code, answer.content) == (200, image)


# What a blank chip needs besides


async def test_parts_come_with_an_image(
    site: Site, ci: httpx.AsyncClient, settings: Settings
) -> None:
    answer = await upload_parts(ci, factory_parts("esp32"))
    assert (answer.status_code, answer.json()["starts_blank_chip"]) == (201, True)
    (row,) = await rows(site)
    assert {one.part: one.sha256 for one in row.parts} == {
        part: hashlib.sha256(data).hexdigest() for part, data in factory_parts("esp32").items()
    }
    assert len(stored(settings)) == 4


async def test_an_image_without_parts_is_taken_and_said_to_lack_them(
    ci: httpx.AsyncClient,
) -> None:
    assert (await upload(ci)).json()["starts_blank_chip"] is False


async def test_a_part_that_would_not_boot_is_refused_whole(
    site: Site, ci: httpx.AsyncClient, settings: Settings
) -> None:
    answer = await upload_parts(ci, factory_parts("esp32") | {Part.PARTITIONS: default_table()})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_part")
    assert answer.json()["field"] == "partitions"
    assert await rows(site) == []
    assert stored(settings) == []


async def test_a_part_that_is_too_large_is_refused(ci: httpx.AsyncClient) -> None:
    answer = await upload_parts(ci, factory_parts("esp32") | {Part.BOOT_LOADER: bytes(70_000)})
    assert (answer.status_code, answer.json()["field"]) == (400, "bootloader")


async def test_the_archive_of_a_build_needs_no_other_field(
    site: Site, ci: httpx.AsyncClient
) -> None:
    answer = await ci.post("/api/upload", files={"file": ("build.zip", build_archive())})
    assert answer.status_code == 201, answer.text
    assert answer.json()["starts_blank_chip"] is True
    assert answer.json()["sha256"] == hashlib.sha256(esp_image("esp32")).hexdigest()
    (row,) = await rows(site)
    assert (row.platform, row.version, row.filename) == ("esp32", VERSION, f"esp32-{VERSION}.bin")
    assert len(row.parts) == 3


async def test_form_and_archive_must_agree(site: Site, ci: httpx.AsyncClient) -> None:
    answer = await ci.post(
        "/api/upload",
        files={"file": ("build.zip", build_archive()), "version": (None, "2026.11.24.9")},
    )
    assert (answer.status_code, answer.json()["field"]) == (400, "version")
    assert await rows(site) == []


async def test_another_archive_is_told_what_is_expected(ci: httpx.AsyncClient) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("notes.txt", "hello")
    answer = await upload(ci, image=buffer.getvalue(), filename="notes.zip")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_bundle")
    assert "holds no firmware.bin" in answer.json()["error"]


# Packed images


async def test_an_esp8266_image_may_come_packed(site: Site, ci: httpx.AsyncClient) -> None:
    packed = gzip.compress(esp_image("esp01"), mtime=0)
    answer = await upload(ci, image=packed, platform="esp01", filename="esp01.bin.gz")
    assert (answer.status_code, answer.json()["size"]) == (201, len(packed))
    assert answer.json()["starts_blank_chip"] is True


@pytest.mark.parametrize(
    ("platform", "image", "code"),
    [
        ("esp01", gzip.compress(esp_image("esp32"), mtime=0), "wrong_chip"),
        ("esp01", gzip.compress(esp_image("esp01"), mtime=0)[:-9], "image_truncated"),
        ("esp01", gzip.compress(bytes(2_000_000), mtime=0), "image_too_large"),
        ("esp32", gzip.compress(esp_image("esp32"), mtime=0), "foreign_file"),
    ],
    ids=["another chip", "cut off", "bomb", "a chip that cannot unpack"],
)
async def test_a_packed_image_is_looked_into(
    ci: httpx.AsyncClient, platform: str, image: bytes, code: str
) -> None:
    answer = await upload(ci, image=image, platform=platform)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
