"""Upload of 4 MB: how fast, and that it does not stay in memory."""

import asyncio
import time

from bench.process import resident_mb
from bench.product import Product, running_product
from bench.row import Row, at_least, at_most
from bench.sitting import Sitting
from tests.backend.images import esp_image

BAR_MB_PER_S = 100
BAR_GROWTH_MB = 8
SIZE_BYTES = 4_000_000
_BOUNDARY = "bench-boundary"


async def measure(sitting: Sitting) -> list[Row]:
    """Return MB/s and the growth of the server over many uploads."""
    times = 10 if sitting.is_quick else 40
    async with running_product() as product:
        await _upload(product, 1)
        before_mb = most_mb = resident_mb(product.pid)
        took_s = []
        statuses = set()
        for build in range(2, times + 2):
            seconds, status = await _upload(product, build)
            took_s.append(seconds)
            statuses.add(status)
            most_mb = max(most_mb, resident_mb(product.pid))
    rate = SIZE_BYTES / 1e6 / sorted(took_s)[len(took_s) // 2]
    return [
        at_least("upload of 4 MB", rate, BAR_MB_PER_S, "MB/s", f"answers {statuses}"),
        at_most(f"  growth over {times} uploads", most_mb - before_mb, BAR_GROWTH_MB, "MB"),
    ]


async def _upload(product: Product, build: int) -> tuple[float, int]:
    """Return how long one upload took, and its status."""
    image = esp_image("esp32", size_bytes=SIZE_BYTES, fill=build)
    body = _form(f"2026.11.24.{build}", image)
    reader, writer = await asyncio.open_connection("127.0.0.1", product.port)
    head = (
        "POST /api/upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"X-API-Key: {product.secrets['upload_api_key']}\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\n\r\n"
    )
    began = time.perf_counter()
    writer.write(head.encode() + body)
    status = int((await reader.readline()).split()[1])
    took_s = time.perf_counter() - began
    writer.close()
    return took_s, status


def _form(version: str, image: bytes) -> bytes:
    fields = {"platform": "esp32", "version": version}
    parts = [
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return "".join(parts).encode() + image + f"\r\n--{_BOUNDARY}--\r\n".encode()
