"""A simulated clock downloads as v1 does, and refuses what v1 cannot read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from backend.simulator.download import DownloadError, download, no_verification

IMAGE = bytes(range(256)) * 1000
WITH_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


@asynccontextmanager
async def server(*answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Send these bytes to each request, in turn; give its URL and the requests it got."""
    requests: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answers[len(requests) - 1])
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with listener:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}", requests


async def steps(url: str, platform: str = "esp32", bytes_per_s: float = 1e9) -> list[int]:
    found = download(url, platform, key="k3y", bytes_per_s=bytes_per_s, tls=no_verification())
    return [percent async for percent in found]


async def test_progress_comes_every_ten_per_cent() -> None:
    async with server(WITH_LENGTH % len(IMAGE) + IMAGE) as (url, _):
        assert await steps(url) == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]


async def test_it_asks_as_v1_asks() -> None:
    async with server(WITH_LENGTH % len(IMAGE) + IMAGE) as (url, requests):
        await steps(url, "esp8266")
    head, *fields = requests[0].decode().strip().split("\r\n")
    sent = {name.lower(): value for name, value in (field.split(": ", 1) for field in fields)}
    assert head == "GET /api/firmware/esp8266 HTTP/1.1"
    assert sent["x-api-key"] == "k3y"
    assert sent["user-agent"] == "SkiClockNeo-OTA"
    assert sent["accept-encoding"] == "identity"


async def test_it_reads_no_faster_than_its_network() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with server(WITH_LENGTH % len(IMAGE) + IMAGE) as (url, _):
        await steps(url, bytes_per_s=len(IMAGE) / 0.5)
    assert 0.45 < loop.time() - began < 5


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404"),
        (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", "302"),
        (b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx", "206"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", "Chunked"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nimage", "No Content-Length"),
        (WITH_LENGTH % 0, "No Content-Length"),
        (WITH_LENGTH % len(IMAGE) + IMAGE[:-1], "Connection lost"),
        (b"no HTTP at all\r\n\r\n", "Connection lost"),
    ],
)
async def test_what_v1_cannot_read_is_a_failure(answer: bytes, reason: str) -> None:
    async with server(answer, WITH_LENGTH % 5 + b"image") as (url, requests):
        with pytest.raises(DownloadError, match=reason):
            await steps(url)
    assert len(requests) == 1  # it follows no redirect


async def test_a_server_that_is_not_there_is_a_failure(free_port: int) -> None:
    with pytest.raises(DownloadError, match="Connection lost"):
        await steps(f"http://127.0.0.1:{free_port}")
