"""The product behind nginx as deploy/ shows it: pages, sockets, uploads, addresses, MQTT by TLS."""

import asyncio
import json
import os
import ssl
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from backend.embedded import certificates
from backend.embedded.certificates import Certificates, ensure_certificates
from e2e.conftest import EMAIL, PASSWORD, Product
from e2e.proxy import running_nginx, write_config
from tests.backend.images import esp_image
from tests.ports import free_ports

DAYS_LEFT = 12


@dataclass
class Site:
    product: Product
    url: str
    mqtts: int
    trust: ssl.SSLContext
    folder: Path


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site() -> AsyncIterator[Site]:
    http, https, mqtts = free_ports(3)
    with (
        tempfile.TemporaryDirectory(prefix="skiclock-", ignore_cleanup_errors=True) as data,
        tempfile.TemporaryDirectory(prefix="nginx-") as proxy,
    ):
        folder = Path(proxy)
        folder.chmod(0o755)
        held = ending_soon(folder)
        product = Product(Path(data), SKICLOCK_BASE_URL=f"https://localhost:{https}")
        config = write_config(
            folder,
            held,
            http=http,
            https=https,
            mqtts=mqtts,
            web=product.port,
            mqtt=product.mqtt_port,
        )
        async with running_nginx(config, https):
            await product.start()
            try:
                trust = ssl.create_default_context(cafile=str(held.ca_file))
                yield Site(product, f"https://localhost:{https}", mqtts, trust, folder)
            finally:
                await product.stop()


def ending_soon(folder: Path) -> Certificates:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certificates, "SERVER_LIFETIME", timedelta(days=DAYS_LEFT, hours=1))
        return ensure_certificates(folder / "tls", names=["localhost"], now=datetime.now(UTC))


async def test_pages_are_live_over_https_and_tell_of_the_certificate(
    site: Site, browser: Browser
) -> None:
    context = await browser.new_context(ignore_https_errors=True, locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{site.url}/flash")
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{site.url}/flash")
    await expect(page.get_by_role("heading", name="Flash").first).to_be_visible()
    assert await page.evaluate("window.isSecureContext && 'serial' in navigator")
    await page.wait_for_function("window.socket?.connected")
    assert await page.evaluate("window.socket.io.engine.transport.name") == "websocket"
    banner = page.locator('[data-matter^="certificate-web"]')
    await expect(banner).to_contain_text("ends on", timeout=15_000)
    await banner.get_by_role("button", name="Hide for a day").click()
    await page.goto(f"{site.url}/")
    await page.wait_for_function("window.socket?.connected")
    async with site.product.clock("a77e57") as clock:
        await clock.heartbeat()
        await expect(page.locator('[data-device="a77e57"]')).to_be_visible(timeout=15_000)
    await expect(banner).to_have_count(0)
    await context.close()
    log = (site.folder / "skiclock.log").read_text()
    assert "/_nicegui_ws/" in log
    assert "client_id" not in log


async def test_large_upload_passes_and_the_address_is_the_clients_own(site: Site) -> None:
    key = {"X-API-Key": site.product.secrets["upload_api_key"]}
    lie = {"X-Forwarded-For": "203.0.113.66", "X-Forwarded-Proto": "http"}
    transport = httpx.AsyncHTTPTransport(verify=site.trust, local_address="127.0.0.2")
    async with httpx.AsyncClient(transport=transport, base_url=site.url, timeout=60) as client:
        image = esp_image("esp32s3", size_bytes=1_900_000)
        form = {"platform": "esp32s3", "version": "2026.11.24.1"}
        good = await client.post(
            "/api/upload", data=form, files={"file": ("a.bin", image)}, headers=key | lie
        )
        assert good.status_code == 201, good.text
        # Larger than any board takes: what refuses it is the server, in words, and not the proxy.
        large = await client.post(
            "/api/upload", data=form, files={"file": ("a.bin", os.urandom(4_200_000))}, headers=key
        )
        assert large.headers["content-type"].startswith("application/json"), large.text
        assert large.json()["code"] not in {"upload_too_large", "wrong_key"}
        download = await client.get(
            "/api/firmware/esp32s3",
            headers={"X-API-Key": site.product.secrets["download_api_key"]},
        )
        assert download.content == image
        signed_in = await client.post("/login", data={"username": EMAIL, "password": PASSWORD})
        assert signed_in.status_code == 303, signed_in.text
        assert "Secure" in signed_in.headers["set-cookie"]
        log = (await client.get("/api/audit.csv")).text
    (published,) = [line for line in log.splitlines() if "firmware.publish" in line]
    assert "127.0.0.2" in published
    assert "203.0.113.66" not in log


async def test_clock_reaches_the_broker_through_the_proxys_tls(site: Site) -> None:
    async with aiomqtt.Client(
        "localhost",
        site.mqtts,
        username="skiclock",
        password=site.product.secrets["mqtt_password"],
        identifier="SkiClock-715",
        tls_context=site.trust,
    ) as clock:
        await clock.publish(
            "skiclock/heartbeat", json.dumps({"device_id": "715", "version": "2026.11.1.1"}), qos=1
        )
    key = {"X-API-Key": await read_key(site.product)}
    async with asyncio.timeout(20), httpx.AsyncClient(headers=key) as client:
        while True:
            answer = await client.get(f"{site.product.url}/api/devices")
            if '"715"' in answer.text:
                return
            await asyncio.sleep(0.05)


async def read_key(product: Product) -> str:
    code, said = await product.run("key", "add", "reader", "--scope", "read")
    assert code == 0, said
    return next(word for word in said.split() if word.startswith("sck_"))
