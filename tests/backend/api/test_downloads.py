"""How clocks and people get images: v1's bytes on the wire, ranges, links, manifests."""

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select, update

from backend import links
from backend.contract.flash_map import Part, offsets_of
from backend.contract.platforms import PLATFORMS
from backend.models import Download, User
from tests.backend.api.conftest import Site, eventually
from tests.backend.flash_images import factory_parts
from tests.backend.images import esp_image


@pytest_asyncio.fixture(loop_scope="session")
async def clock(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    key = site.server.settings.download_api_key.get_secret_value()
    yield site.client(**{"x-api-key": key, "user-agent": "SkiClockNeo-OTA"})


async def test_a_v1_clock_gets_its_image(site: Site) -> None:
    """By hand, as the clock does it: no redirect, no chunks, a length, status 200, the bytes."""
    await site.publish()
    key = site.server.settings.download_api_key.get_secret_value()
    reader, writer = await asyncio.open_connection(*site.address)
    writer.write(
        f"GET /api/firmware/esp32 HTTP/1.1\r\nHost: {site.host}\r\nX-API-Key: {key}\r\n"
        "User-Agent: SkiClockNeo-OTA\r\nConnection: close\r\n\r\n".encode()
    )
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    lines = head.lower().split(b"\r\n")

    assert lines[0] == b"http/1.1 200 ok"
    assert f"content-length: {64 * 1024}".encode() in lines
    assert not any(line.startswith((b"transfer-encoding", b"content-encoding")) for line in lines)
    assert body == esp_image("esp32")


async def test_an_image_is_never_compressed_and_names_itself(
    site: Site, clock: httpx.AsyncClient
) -> None:
    info = await site.publish()
    answer = await clock.get("/api/firmware/esp32", headers={"accept-encoding": "gzip, br"})

    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["etag"] == f'"{info.sha256}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert hashlib.sha256(answer.content).hexdigest() == info.sha256


async def test_head_says_the_same_without_the_bytes(site: Site, clock: httpx.AsyncClient) -> None:
    await site.publish()
    head, get = await clock.head("/api/firmware/esp32"), await clock.get("/api/firmware/esp32")

    assert head.status_code == 200
    assert head.content == b""
    for name in ("content-length", "etag", "content-type", "last-modified", "accept-ranges"):
        assert head.headers[name] == get.headers[name]


async def test_an_unchanged_image_is_not_sent_again(site: Site, clock: httpx.AsyncClient) -> None:
    info = await site.publish()
    etag = f'"{info.sha256}"'
    for header in (etag, f'W/{etag}, "other"', "*"):
        answer = await clock.get("/api/firmware/esp32", headers={"if-none-match": header})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
        assert "content-length" not in answer.headers
    answer = await clock.get("/api/firmware/esp32", headers={"if-none-match": '"other"'})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [("bytes=0-99", 0, 100), ("bytes=1000-", 1000, 65536), ("bytes=-16", 65520, 65536)],
)
async def test_a_part_is_sent_when_asked(
    site: Site, clock: httpx.AsyncClient, header: str, start: int, end: int
) -> None:
    await site.publish()
    answer = await clock.get("/api/firmware/esp32", headers={"range": header})

    assert answer.status_code == 206
    assert answer.content == esp_image("esp32")[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/65536"
    assert answer.headers["content-length"] == str(end - start)


async def test_several_parts_are_sent_when_asked(site: Site, clock: httpx.AsyncClient) -> None:
    await site.publish()
    answer = await clock.get("/api/firmware/esp32", headers={"range": "bytes=0-9,100-109"})
    image = esp_image("esp32")

    assert answer.status_code == 206
    kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/byteranges"
    assert int(answer.headers["content-length"]) == len(answer.content)
    parts = answer.content.split(b"--" + boundary.encode())
    assert (parts[0], parts[-1]) == (b"", b"--\r\n")
    assert [part.partition(b"\r\n\r\n")[2] for part in parts[1:-1]] == [
        image[0:10] + b"\r\n",
        image[100:110] + b"\r\n",
    ]
    assert b"Content-Range: bytes 100-109/65536" in parts[2]


async def test_a_part_that_is_not_there_cannot_be_sent(
    site: Site, clock: httpx.AsyncClient
) -> None:
    await site.publish()
    answer = await clock.get("/api/firmware/esp32", headers={"range": "bytes=65536-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */65536"
    assert answer.headers["content-length"] == "0"


async def test_a_part_of_another_image_becomes_the_whole(
    site: Site, clock: httpx.AsyncClient
) -> None:
    info = await site.publish()
    for etag, status in ((f'"{info.sha256}"', 206), ('"other"', 200)):
        headers = {"range": "bytes=0-9", "if-range": etag}
        answer = await clock.get("/api/firmware/esp32", headers=headers)
        assert answer.status_code == status


async def test_the_newest_version_is_sent_unless_another_is_named(
    site: Site, clock: httpx.AsyncClient
) -> None:
    old, new = esp_image("esp12f", fill=1), esp_image("esp12f", fill=2)
    await site.publish("esp12f", "2026.9.1.1", image=old)
    await site.publish("esp12f", "2026.10.1.1", image=new)

    assert (await clock.get("/api/firmware/esp12f")).content == new
    assert (await clock.get("/api/firmware/esp8266")).content == new
    assert (await clock.get("/api/firmware/esp8266?version=2026.9.1.1")).content == old


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/firmware/esp32", 404, "no_firmware"),
        ("/api/firmware/esp01?version=2026.1.1.1", 404, "no_firmware"),
        ("/api/firmware/esp64", 400, "unknown_platform"),
        ("/api/firmware/%00", 400, "unknown_platform"),
        ("/api/firmware/esp32/more", 404, "not_found"),
        ("/api/version", 400, "bad_request"),
        ("/api/version?platform=esp64", 400, "unknown_platform"),
        ("/api/version?platform=esp32", 404, "no_firmware"),
    ],
)
async def test_what_is_not_there_is_said_in_json(
    clock: httpx.AsyncClient, path: str, status: int, code: str
) -> None:
    answer = await clock.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("key", ["wrong", "", None])
async def test_a_wrong_key_gets_nothing(site: Site, key: str | None) -> None:
    await site.publish()
    client = site.client(**({} if key is None else {"x-api-key": key}))
    answer = await client.get("/api/firmware/esp32")
    assert answer.status_code == 401
    assert "error" in answer.json()


async def test_a_thousand_downloads_share_one_image(site: Site, clock: httpx.AsyncClient) -> None:
    info = await site.publish(image=esp_image("esp32", size_bytes=600_000))
    for _ in range(10):
        answers = await asyncio.gather(*(clock.get("/api/firmware/esp32") for _ in range(20)))
        assert {len(answer.content) for answer in answers} == {600_000}
    assert site.server.images.size_bytes == info.size_bytes


async def test_an_image_that_rotted_is_not_sent(site: Site, clock: httpx.AsyncClient) -> None:
    info = await site.publish()
    site.server.storage.path(info.sha256).write_bytes(b"rotten")
    answer = await clock.get("/api/firmware/esp32")
    assert (answer.status_code, answer.json()["code"]) == (500, "image_unreadable")


async def downloads(site: Site) -> list[Download]:
    async with site.server.database.session() as session:
        return list(await session.scalars(select(Download).order_by(Download.id)))


async def test_a_clocks_download_is_written_down(
    site: Site, clock: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "WRITE_EVERY_S", 0.01)
    await site.publish()
    await clock.get("/api/firmware/esp32")
    await clock.head("/api/firmware/esp32")
    await clock.get("/api/firmware/esp32", headers={"range": "bytes=100-"})

    async def written() -> bool:
        return bool(await downloads(site))

    await eventually(written)
    (row,) = await downloads(site)
    assert (row.platform, row.version, row.taker) == ("esp32", "2026.11.24.1", "download key of v1")
    assert (row.address, row.user_agent) == ("127.0.0.1", "SkiClockNeo-OTA")


async def link_of(site: Site, person: httpx.AsyncClient) -> str:
    status = (await person.get("/api/status")).json()
    link = status["firmwares"]["esp32"]["public_download_url"]
    assert link.startswith("/firmware/user-download/")
    return str(link)


async def test_a_link_works_without_signing_in_and_says_who_took_it(site: Site) -> None:
    await site.publish()
    link = await link_of(site, await site.signed_in("technician"))
    answer = await site.client().get(link)

    assert answer.status_code == 200
    assert answer.content == esp_image("esp32")
    assert 'filename="firmware.bin"' in answer.headers["content-disposition"]
    (row,) = await downloads(site)
    assert (row.taker, row.version) == ("technician@example.org", "2026.11.24.1")


async def test_a_link_keeps_to_its_version(site: Site) -> None:
    await site.publish()
    link = await link_of(site, await site.signed_in())
    await site.publish(version="2026.12.1.1", image=esp_image("esp32", fill=5))
    assert (await site.client().get(link)).content == esp_image("esp32")


async def test_an_expired_link_says_so_to_people_and_programs(site: Site) -> None:
    await site.publish()
    await site.signed_in()
    token = site.server.links.make(
        await site.identity("admin@example.org"),
        "esp32",
        "2026.11.24.1",
        now=datetime.now(UTC) - timedelta(hours=1),
    )
    path = f"/firmware/user-download/{token}"
    answer, page = await site.client().get(path), await site.browser().get(path)

    assert (answer.status_code, answer.json()["code"]) == (410, "link_expired")
    assert page.status_code == 410
    assert "This download link has expired" in page.text
    assert page.headers["content-type"].startswith("text/html")


async def test_a_forged_link_is_none(site: Site) -> None:
    await site.publish()
    link = await link_of(site, await site.signed_in())
    for path in (link[:-2], link + "x", "/firmware/user-download/x", "/firmware/user-download/%00"):
        answer = await site.client().get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "bad_link")


async def test_a_link_dies_with_its_user(site: Site) -> None:
    await site.publish()
    link = await link_of(site, await site.signed_in())
    async with site.server.database.session() as session:
        await session.execute(update(User).values(disabled=True))
    answer = await site.client().get(link)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("path", ["{platform}.json", "{platform}/2026.11.24.1.json"])
async def test_a_manifest_starts_a_blank_chip(site: Site, platform: str, path: str) -> None:
    is_esp8266 = PLATFORMS[platform].chip_family == "ESP8266"
    parts = {} if is_esp8266 else factory_parts(platform)
    await site.publish(platform, parts=parts)
    person = await site.signed_in("technician")
    manifest = (await person.get("/firmware/manifest/" + path.format(platform=platform))).json()

    assert manifest["version"] == "2026.11.24.1"
    (build,) = manifest["builds"]
    assert build["chipFamily"] == PLATFORMS[platform].chip_family
    files = {
        **parts,
        Part.APPLICATION: esp_image(platform),
        Part.FLASH_IMAGE: esp_image(platform),
    }
    expected = {at: files[part] for part, at in offsets_of(PLATFORMS[platform]).items()}
    assert [one["offset"] for one in build["parts"]] == list(expected)
    for one in build["parts"]:
        assert one["path"].startswith(f"{site.url}/firmware/user-download/")
        assert (await site.client().get(one["path"])).content == expected[one["offset"]]


@pytest.mark.parametrize("platform", ["esp32", "esp32c3", "esp32s3"])
async def test_no_manifest_for_what_would_not_start(site: Site, platform: str) -> None:
    await site.publish(platform)
    answer = await (await site.signed_in()).get(f"/firmware/manifest/{platform}.json")
    assert (answer.status_code, answer.json()["code"]) == (409, "factory_parts_missing")
    assert "Publish the archive (.zip)" in answer.json()["error"]


async def test_a_manifest_of_an_older_version_keeps_to_it(site: Site) -> None:
    await site.publish("esp01", "2026.1.1.1")
    await site.publish("esp01", "2026.1.1.2", image=esp_image("esp01", fill=2))
    person = await site.signed_in()
    manifest = (await person.get("/firmware/manifest/esp01/2026.1.1.1.json")).json()
    assert manifest["version"] == "2026.1.1.1"
    (part,) = manifest["builds"][0]["parts"]
    assert (await person.get(part["path"])).content == esp_image("esp01")


async def test_a_packed_image_is_packed_for_clocks_and_unpacked_for_flashing(site: Site) -> None:
    image = esp_image("esp01")
    packed = gzip.compress(image, mtime=0)
    await site.publish("esp01", image=packed)
    clock = site.client(**{"x-api-key": site.server.settings.download_api_key.get_secret_value()})
    assert (await clock.get("/api/firmware/esp01")).content == packed

    person = await site.signed_in()
    (part,) = (await person.get("/firmware/manifest/esp01.json")).json()["builds"][0]["parts"]
    answer = await person.get(part["path"])
    assert answer.content == image
    assert answer.headers["etag"] == f'"{hashlib.sha256(image).hexdigest()}"'


async def test_a_download_of_a_part_is_written_down(site: Site) -> None:
    await site.publish("esp32", parts=factory_parts("esp32"))
    person = await site.signed_in("technician")
    manifest = (await person.get("/firmware/manifest/esp32.json")).json()
    answers = [await person.get(one["path"]) for one in manifest["builds"][0]["parts"]]
    assert (
        'filename="esp32-2026.11.24.1-bootloader.bin"'
        in (answers[0].headers["content-disposition"])
    )
    async with site.server.database.session() as session:
        written = list(await session.scalars(select(Download).order_by(Download.id)))
    assert [one.part for one in written] == [
        "bootloader",
        "partitions",
        "boot_app0",
        "application",
    ]
    assert [one.size_bytes for one in written] == [len(answer.content) for answer in answers]


async def test_a_manifest_without_firmware_says_so(site: Site) -> None:
    person = await site.signed_in()
    answer = await person.get("/firmware/manifest/esp01.json")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_firmware")
