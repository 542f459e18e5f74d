"""`GET /api/version` against a bare Starlette route with the same answer."""

from bench.http_load import requests_per_s
from bench.ports import until_listening
from bench.process import ROOT, python, running
from bench.product import free_ports, running_product
from bench.row import Row, ratio_at_least
from bench.sitting import Sitting
from tests.backend.images import esp_image

BAR_OF_REFERENCE = 0.5


async def measure(sitting: Sitting) -> list[Row]:
    """Return requests per s, 16 connections, with the clocks' download key."""
    seconds = sitting.seconds(8, 3)
    port = free_ports(1)[0]
    async with running(*python("bench.bare_route", str(port)), cwd=ROOT):
        await until_listening(port)
        bare, _ = await requests_per_s(f"http://127.0.0.1:{port}/", seconds=seconds)
    async with running_product() as product:
        await product.upload("esp32", "2026.11.24.1", esp_image("esp32"))
        headers = {"X-API-Key": product.secrets["download_api_key"]}
        url = f"{product.url}/api/version?platform=esp32"
        rate, tool = await requests_per_s(url, seconds=seconds, headers=headers)
    name = f"GET /api/version ({tool})"
    return [ratio_at_least(name, rate, bare, BAR_OF_REFERENCE, "/s", "bare Starlette")]
