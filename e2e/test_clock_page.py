"""One clock's page, live: its picture, journal and facts; what it is told, and its answer."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiomqtt
import pytest_asyncio
from playwright.async_api import Page, expect

from e2e.checks import axe
from e2e.conftest import Product, running_product, sign_in

DEVICE = "e8c5fbbdf5f0"
INFO = {
    "board": "ESP32",
    "platform": "esp32",
    "chip": "ESP32-D0WD-V3",
    "flash_bytes": 4194304,
    "boots": 7,
    "panels": "2",
    "width": 32,
    "height": 16,
    "identity": "shared",
}


class SecondGeneration:
    """A v2 clock, as far as this page can tell: it talks, and obeys every command."""

    def __init__(self, product: Product) -> None:
        self.heard: list[dict[str, Any]] = []
        self._client = aiomqtt.Client(
            "127.0.0.1",
            product.mqtt_port,
            username="skiclock",
            password=product.secrets["mqtt_password"],
            identifier=f"SkiClock-{DEVICE}",
        )
        self._obey: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "SecondGeneration":
        await self._client.__aenter__()
        await self._client.subscribe(f"skiclock/command/{DEVICE}", qos=1)
        await self._client.subscribe(f"skiclock/config/{DEVICE}", qos=1)
        self._obey = asyncio.create_task(self._obey_commands())
        await self.say("heartbeat", board="ESP32", version="2026.11.24.1", uptime=60, rssi=-61,
                       free_heap=180000, ssid="Stadion", ip="192.168.1.5", protocol=2,
                       reset_reason="power_on", time_source="ntp", clock_error_ms=12, frame_ms=9,
                       trust="verified", config_version=0)  # fmt: skip
        await self.say("info", **INFO)
        await self.say(
            "event",
            boot=7,
            lost=0,
            events=[{"seq": 1, "boot": 7, "at": int(time.time()), "up": 3, "kind": "boot",
                     "detail": "power_on"}],
        )  # fmt: skip
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._obey is not None:
            self._obey.cancel()
            await asyncio.gather(self._obey, return_exceptions=True)
        await self._client.__aexit__(None, None, None)

    async def say(self, kind: str, **fields: Any) -> None:
        """Publish one message."""
        payload = json.dumps({"device_id": DEVICE, **fields}, separators=(",", ":"))
        await self._client.publish(f"skiclock/{kind}/{DEVICE}", payload, qos=1)

    async def _obey_commands(self) -> None:
        async for message in self._client.messages:
            command = json.loads(bytes(message.payload))
            if str(message.topic).startswith("skiclock/config/"):
                await self.say("config/report", result="applied", **command)
                continue
            self.heard.append(command)
            if command["command"] == "snapshot":
                bits = bytes([0b01_00_01_00]) * (32 * 16 // 4)
                await self.say(
                    "snapshot",
                    width=32,
                    height=16,
                    bits=base64.b64encode(bits).decode(),
                    palette=["000000", "ffb020", "40c0ff", "ff4030"],
                )
            await self.say("command/result", id=command["id"], result="done", detail="as told")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def club() -> AsyncIterator[Product]:
    async with running_product() as product:
        yield product


async def test_a_clock_is_looked_at_and_told_something(page: Page, club: Product) -> None:
    async with SecondGeneration(club) as clock:
        await sign_in(page, club)
        await page.get_by_role("link", name=DEVICE).click()
        await page.wait_for_url(f"{club.url}/clocks/{DEVICE}")
        await expect(page.get_by_text("ESP32-D0WD-V3")).to_be_visible()
        await expect(page.get_by_text("Started")).to_be_visible()
        assert await axe(page) == []

        await expect(page.get_by_text("No picture yet.")).to_be_visible()
        await page.get_by_role("button", name="Look now").click()
        await expect(page.get_by_role("img", name="On the panels")).to_be_visible()

        await page.get_by_label("Message", exact=True).fill("Start i 5 min")
        await page.get_by_role("button", name="Show").click()
        told = page.get_by_role("listitem").filter(has_text="Start i 5 min")
        await expect(told).to_contain_text("Done")
        await expect(told).to_contain_text("as told")
        assert clock.heard[-1]["text"] == "Start i 5 min"
        assert clock.heard[-1]["seconds"] == 30


async def test_a_restart_wants_a_yes(page: Page, club: Product) -> None:
    async with SecondGeneration(club) as clock:
        await sign_in(page, club)
        await page.goto(f"{club.url}/clocks/{DEVICE}")
        await page.get_by_role("button", name="Restart").click()
        await page.get_by_role("button", name="No", exact=True).click()
        assert clock.heard == []
        await page.get_by_role("button", name="Restart").click()
        await page.get_by_role("button", name="Yes", exact=True).click()
        await expect(page.get_by_role("listitem").filter(has_text="Restart")).to_contain_text(
            "Done"
        )
        assert [one["command"] for one in clock.heard] == ["restart"]


async def test_settings_are_sent_and_shown_as_applied(page: Page, club: Product) -> None:
    async with SecondGeneration(club):
        await sign_in(page, club)
        await page.goto(f"{club.url}/clocks/{DEVICE}")
        await expect(page.locator("[data-standing]")).to_have_text("As the clock is")
        await page.get_by_label("Seconds of each").fill("0")
        await page.get_by_role("button", name="Send to the clock").click()
        await expect(page.get_by_text("A number from 1 to 255.")).to_be_visible()
        await page.get_by_label("Seconds of each").fill("9")
        await page.get_by_label("Name", exact=True).fill("Start")
        await page.get_by_role("button", name="Send to the clock").click()
        await expect(page.locator("[data-standing]")).to_have_text("Applied", timeout=15_000)
        await expect(page.get_by_role("heading", name="Start")).to_be_visible()
        assert await axe(page) == []


async def test_a_clock_that_is_not_there_is_said_to_be_none(page: Page, club: Product) -> None:
    await sign_in(page, club)
    answer = await page.goto(f"{club.url}/clocks/abcdef")
    assert answer is not None
    assert answer.status == 404


async def test_a_spare_takes_a_clocks_place(page: Page, club: Product) -> None:
    async with SecondGeneration(club), club.clock("b2c3") as spare:
        await spare.heartbeat()
        await sign_in(page, club)
        await expect(page.locator('[data-device="b2c3"]')).to_be_visible(timeout=15_000)
        await page.goto(f"{club.url}/clocks/{DEVICE}")
        await page.get_by_label("The spare's id").fill("b2c4")
        await page.get_by_role("button", name="Replace", exact=True).click()
        await page.get_by_role("button", name="Yes, replace it").click()
        await expect(page.get_by_text("There is no clock b2c4.")).to_be_visible()
        await page.get_by_label("The spare's id").fill("b2c3")
        await page.get_by_role("button", name="Replace", exact=True).click()
        await expect(page.get_by_text("Let b2c3 (ESP32) take the place of")).to_be_visible()
        await page.get_by_role("button", name="Yes, replace it").click()
        await page.wait_for_url(f"{club.url}/clocks/b2c3")
        took = page.locator("[data-swap]")
        await expect(took).to_contain_text(f"This clock took the place of {DEVICE}.")
        assert await axe(page) == []
        await took.get_by_role("link", name="Earlier journal").click()
        await page.wait_for_url(f"{club.url}/clocks/{DEVICE}")
        await expect(took).to_contain_text("This clock was replaced by b2c3.")
