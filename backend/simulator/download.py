"""Fetching an image as a first-generation clock does: plain, whole, with a length or not at all."""

import asyncio
import math
import ssl
from collections.abc import AsyncGenerator

import httpx

from backend.contract.paths import API_KEY_HEADER, FIRMWARE, V1_USER_AGENT

TIMEOUT_S = 30
_PROGRESS_STEPS = 10


class DownloadError(Exception):
    """The image did not arrive whole; the text is what the clock reports."""


async def download(
    url: str, platform: str, *, key: str, bytes_per_s: float, tls: ssl.SSLContext
) -> AsyncGenerator[int, None]:
    """Fetch the image of `platform` from the server at `url`; yield every 10 % reached.

    The bytes are dropped. Raises DownloadError.
    """
    headers = {
        API_KEY_HEADER: key,
        "User-Agent": V1_USER_AGENT,
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    # A client each: a clock keeps no connections, and one pool for 1,000 scans them all.
    client = httpx.AsyncClient(verify=tls, timeout=TIMEOUT_S, follow_redirects=False)
    try:
        async with (
            client,
            client.stream(
                "GET", url + FIRMWARE.format(platform=platform), headers=headers
            ) as response,
        ):
            length = _length_of(response)
            async for percent in _read(response, length, bytes_per_s):
                yield percent
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise DownloadError(f"Connection lost: {error or type(error).__name__}") from error


def no_verification() -> ssl.SSLContext:
    """Return what v1 makes of TLS: it encrypts and believes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _length_of(response: httpx.Response) -> int:
    if response.status_code != httpx.codes.OK:
        raise DownloadError(f"HTTP error: {response.status_code}")
    if "transfer-encoding" in response.headers:
        raise DownloadError("Chunked answer")
    length = response.headers.get("content-length", "")
    if not length.isdigit() or int(length) == 0:
        raise DownloadError("No Content-Length")
    return int(length)


async def _read(
    response: httpx.Response, length: int, bytes_per_s: float
) -> AsyncGenerator[int, None]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    received = 0
    async for chunk in response.aiter_raw(math.ceil(length / _PROGRESS_STEPS)):
        received += len(chunk)
        # What is not read waits at the server, as with a clock's slow network.
        await asyncio.sleep(max(0.0, began + received / bytes_per_s - loop.time()))
        yield received * 100 // length
    if received != length:
        raise DownloadError(f"Got {received} of {length} bytes")
