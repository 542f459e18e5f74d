"""The real product as a child process, a real browser, and v1 clocks on a real broker."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import httpx
import psutil
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from tests.conftest import postgres, postgres_server
from tests.ports import free_ports

__all__ = ["postgres", "postgres_server"]  # fixtures of tests/, at hand here too

EMAIL, PASSWORD = "admin@club.example", "slalom-gate-42-amber"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_WITHIN_S = 60


class Product:
    """`skiclock serve` with a data folder and ports of its own."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.data = data
        self.port, self.mqtt_port, self.mqtt_tls_port = free_ports(3)
        self.url = f"http://localhost:{self.port}"
        self.log = data / "serve.log"
        self._environment = {
            **{k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG", "PYTHONPATH"}},
            "SKICLOCK_DATA": str(data),
            "SKICLOCK_PORT": str(self.port),
            "EMBEDDED_MQTT_PORT": str(self.mqtt_port),
            "EMBEDDED_MQTT_TLS_PORT": str(self.mqtt_tls_port),
            "SKICLOCK_ADMIN_EMAIL": EMAIL,
            "SKICLOCK_ADMIN_PASSWORD": PASSWORD,
            **settings,
        }
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start, and wait until it is ready."""
        await self.start_process()
        await self.answers("/readyz")

    async def start_process(self) -> None:
        """Start without waiting for anything."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "skiclock_ui",
                "serve",
                env=self._environment,
                cwd=self.data,
                stdout=log,
                stderr=log,
            )

    async def answers(self, path: str, status: int = 200) -> httpx.Response:
        """Wait until a path is answered with a status; return the answer."""
        async with asyncio.timeout(START_WITHIN_S), httpx.AsyncClient() as client:
            while True:
                assert self.process is not None
                assert self.process.returncode is None, self.log.read_text()[-3000:]
                try:
                    answer = await client.get(self.url + path)
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                    continue
                if answer.status_code == status:
                    return answer
                await asyncio.sleep(0.05)

    async def part(self, name: str) -> dict[str, object]:
        """Return what /healthz says of a part, `database` or `broker`."""
        return dict((await self.answers("/healthz")).json()[name])

    async def comes_back(self, name: str, *, since: object) -> None:
        """Wait until a part that was up `since` then has gone and is up again."""
        async with asyncio.timeout(START_WITHIN_S):
            while True:
                part = await self.part(name)
                if part["ok"] and part["since"] != since:
                    return
                await asyncio.sleep(0.05)

    def children(self, name: str) -> list[psutil.Process]:
        """Return the living children with a name."""
        assert self.process is not None
        all_ = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in all_ if name in child.name()]

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(how)
            await self.process.wait()

    async def run(self, *arguments: str) -> tuple[int, str]:
        """Run one `skiclock` command against this product; return its code and what it said."""
        process = await self.spawn(*arguments)
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode()

    async def spawn(self, *arguments: str) -> asyncio.subprocess.Process:
        """Begin a `skiclock` command against this product."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "skiclock_ui",
            *arguments,
            env=self._environment,
            cwd=self.data,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    @property
    def secrets(self) -> dict[str, str]:
        return dict(json.loads((self.data / "secrets.json").read_text()))

    def clock(self, device_id: str) -> "Clock":
        return Clock(self, device_id)

    async def upload(self, platform: str, version: str, image: bytes) -> httpx.Response:
        """Upload as v1's CI does."""
        async with httpx.AsyncClient() as client:
            return await client.post(
                f"{self.url}/api/upload",
                headers={"X-API-Key": self.secrets["upload_api_key"]},
                data={"platform": platform, "version": version},
                files={"file": ("firmware.bin", image)},
            )


class Clock:
    """A v1 clock: its connection, and the messages as its firmware builds them."""

    def __init__(self, product: Product, device_id: str) -> None:
        self.product = product
        self.device_id = device_id
        self.version = "2026.11.1.1"
        self.platform, self.board = "esp32", "ESP32"
        self.client = aiomqtt.Client(
            "127.0.0.1",
            product.mqtt_port,
            username="skiclock",
            password=product.secrets["mqtt_password"],
            identifier=f"SkiClock-{device_id}",
            keepalive=15,
        )

    async def __aenter__(self) -> "Clock":
        await self.client.__aenter__()
        await self.client.subscribe(f"skiclock/version/response/{self.device_id}")
        await self.client.subscribe("skiclock/version/updates")
        return self

    async def __aexit__(self, *reason: object) -> None:
        await self.client.__aexit__(None, None, None)

    async def heartbeat(
        self, *, uptime: int = 60, rssi: int = -61, ssid: str = "Skistadion"
    ) -> None:
        payload = (
            f'{{"device_id":"{self.device_id}","board":"{self.board}","version":"{self.version}",'
            f'"uptime":{uptime},"rssi":{rssi},"free_heap":181234,"ssid":"{ssid}","ip":"192.168.1.23"}}'
        )
        await self.client.publish("skiclock/heartbeat", payload)

    async def send(self, topic: str, **fields: object) -> None:
        payload = json.dumps({"device_id": self.device_id, **fields}, separators=(",", ":"))
        await self.client.publish(f"skiclock/{topic}", payload)

    async def ask_version(self) -> bytes:
        """Ask, and return the answer's bytes."""
        await self.send("version/request", platform=self.platform, current_version=self.version)
        return await self.hear("response")

    async def hear(self, what: str) -> bytes:
        """Return the next payload on a topic that has a word in it."""
        async with asyncio.timeout(10):
            async for message in self.client.messages:
                if what in str(message.topic):
                    return bytes(message.payload)  # type: ignore[arg-type]
        raise AssertionError("the broker closed the connection")

    async def download(self) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.get(
                f"{self.product.url}/api/firmware/{self.platform}",
                headers={
                    "X-API-Key": self.product.secrets["download_api_key"],
                    "User-Agent": "SkiClockNeo-OTA",
                },
            )


def chromium() -> str | None:
    """Return the system's Chromium; None: playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


@asynccontextmanager
async def running_product(**settings: str) -> AsyncIterator[Product]:
    """A product of its own, for a test that ends it or needs other settings."""
    # Not below pytest's own folder: as root, the database runs as a user who may not go there.
    with tempfile.TemporaryDirectory(prefix="skiclock-", ignore_cleanup_errors=True) as folder:
        product = Product(Path(folder), **settings)
        await product.start()
        try:
            yield product
        finally:
            await product.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def product() -> AsyncIterator[Product]:
    """One product for the tests that do not end it."""
    async with running_product() as product:
        yield product


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(), args=CHROMIUM_ARGUMENTS
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh browser profile."""
    context = await browser.new_context(
        viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="Europe/Stockholm"
    )
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A page whose errors fail the test that caused them."""
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if is_fault(message) else None)
    yield page
    assert errors == []


def is_fault(message: ConsoleMessage) -> bool:
    """Tell whether a page logged an error of its own; a server that we ended is none."""
    lost = ("Failed to load resource", "WebSocket connection", "net::ERR_")
    return message.type == "error" and not any(text in message.text for text in lost)


async def sign_in(page: Page, product: Product, path: str = "/") -> None:
    """Sign in as a person does."""
    await page.goto(f"{product.url}/login?next={path}")
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"{product.url}{path}")
    # A page that is left while its modules load reports what it did not get.
    await page.wait_for_load_state("networkidle")
