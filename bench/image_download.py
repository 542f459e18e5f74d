"""A hot image of 1 MiB, 16 connections, against nginx with sendfile."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.http_load import requests_per_s
from bench.ports import until_listening
from bench.process import find_program, running
from bench.product import free_ports, running_product
from bench.row import Row, for_information, ratio_at_least
from bench.sitting import Sitting
from tests.backend.images import esp_image

BAR_OF_REFERENCE = 0.9
IMAGE_BYTES = 1024 * 1024
_NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; {user}
events {{ worker_connections 256; }}
http {{
  sendfile on; tcp_nopush on; access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port} backlog=2048; root {folder}/files; }}
}}
"""


async def measure(sitting: Sitting) -> list[Row]:
    """Return downloads per s."""
    seconds = sitting.seconds(8, 3)
    image = esp_image("esp32", size_bytes=IMAGE_BYTES)
    async with running_product() as product:
        await product.upload("esp32", "2026.11.24.1", image)
        headers = {"X-API-Key": product.secrets["download_api_key"]}
        url = f"{product.url}/api/firmware/esp32"
        rate, tool = await requests_per_s(url, seconds=seconds, headers=headers)
    name = f"hot download of 1 MiB ({tool})"
    if (nginx := find_program("nginx")) is None:
        return [for_information(name, rate, "/s", "no nginx here (Debian: nginx-light)")]
    async with _running_nginx(nginx, image) as port:
        reference, _ = await requests_per_s(f"http://127.0.0.1:{port}/image.bin", seconds=seconds)
    return [ratio_at_least(name, rate, reference, BAR_OF_REFERENCE, "/s", "nginx sendfile")]


@asynccontextmanager
async def _running_nginx(nginx: str, image: bytes) -> AsyncIterator[int]:
    with tempfile.TemporaryDirectory(prefix="skiclock-bench-") as name:
        folder, port = Path(name), free_ports(1)[0]
        (folder / "files").mkdir()
        (folder / "files" / "image.bin").write_bytes(image)
        user = "user root;" if os.geteuid() == 0 else ""
        config = folder / "nginx.conf"
        config.write_text(_NGINX.format(folder=folder, port=port, user=user))
        async with running(nginx, "-c", str(config), "-e", str(folder / "error.log")):
            await until_listening(port)
            yield port
