"""A blank chip in the cable: the flash page writes it, with ESP Web Tools in a real browser."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Locator, Page, ViewportSize, expect

from backend.contract.flash_map import NVS_BYTES, NVS_OFFSET, Part, offsets_of
from backend.contract.platforms import PLATFORMS
from backend.identity_part import NVS_NAMESPACE
from e2e.conftest import EMAIL, Product, running_product, sign_in
from e2e.linux_clock import Programs, boot
from e2e.serial_bridge import cable
from e2e.written_flash import WrittenFlash
from tests.backend.flash_images import factory_parts
from tests.backend.images import esp_image
from tests.nvs import read_blobs

pytestmark = pytest.mark.timeout(600)

VERSION = "2026.11.24.1"
FAMILIES = {"esp32": "esp32", "esp32c3": "esp32c3", "esp32s3": "esp32s3", "d1mini": "esp8266"}
WRITE_WITHIN_MS = 180_000
DEVICE = "2695e2c40a24"  # of the emulated ESP32's MAC address, 24:0a:c4:e2:95:26
PICTURE: ViewportSize = {"width": 960, "height": 600}
WIFI_PASSWORD = "snow-on-the-roof"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def club() -> AsyncIterator[Product]:
    """A product with firmware for one board of each chip family, and clocks that run on Linux."""
    async with running_product(SKICLOCK_DEVELOPMENT="1") as product, httpx.AsyncClient() as client:
        for platform in FAMILIES:
            parts = {} if platform == "d1mini" else factory_parts(platform)
            answer = await client.post(
                f"{product.url}/api/upload",
                headers={"X-API-Key": product.secrets["upload_api_key"]},
                files={
                    "platform": (None, platform),
                    "version": (None, VERSION),
                    "file": ("firmware.bin", esp_image(platform)),
                    **{part.value: (f"{part}.bin", data) for part, data in parts.items()},
                },
            )
            assert answer.status_code == 201, answer.text
        yield product


@pytest.fixture(scope="module")
def programs() -> Iterator[Programs]:
    with TemporaryDirectory(prefix="skiclock-clock-") as folder:
        yield Programs(Path(folder))


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> Page:
    """A page that may log: ESP Web Tools does so when no firmware answers after the flash."""
    return await context.new_page()


async def open_page(page: Page, club: Product, board: str) -> None:
    """Open the flash page at a board."""
    await sign_in(page, club, "/flash")
    await page.goto(f"{club.url}/flash?board={board}")


async def begin(
    page: Page, club: Product, board: str, *, name: str = "Start hut", shot: str = ""
) -> None:
    """Say what a board is to be, press the button and say yes to everything."""
    await open_page(page, club, board)
    await page.get_by_label("Name", exact=True).fill(name)
    if shot:
        await shoot(page.locator(".flash-step").last, shot)
    await page.locator(".flash-go").click()
    dialog = page.locator("ewt-install-dialog")
    await dialog.get_by_text("Install Ski Clock Neo").click(timeout=60_000)
    await dialog.get_by_role("button", name="Install", exact=True).click(timeout=60_000)


async def dialog_says(page: Page, words: str, within_ms: int = WRITE_WITHIN_MS) -> None:
    """Wait for words in ESP Web Tools' dialog, as a screen reader finds them."""
    await expect(page.get_by_role("dialog")).to_match_aria_snapshot(
        f"- dialog: /{words}/", timeout=within_ms
    )


@pytest.mark.parametrize("board", ["esp32c3", "esp32s3", "d1mini"])
async def test_a_blank_chip_of_each_other_family_is_flashed(
    context: BrowserContext, page: Page, club: Product, board: str
) -> None:
    async with cable(context, page, FAMILIES[board]) as bridge:
        await begin(page, club, board)
        await expect(page.locator(".notice.ok")).to_contain_text(
            "Written.", timeout=WRITE_WITHIN_MS
        )
        attempt = page.locator(".flashed li").first
        await expect(attempt).to_have_attribute("data-attempt", "done")
        await expect(attempt).to_contain_text("24:0a:c4")
        await expect(attempt).to_contain_text(EMAIL)
    assert bridge.written_bytes > 30_000
    assert bridge.flash.was_erased


async def test_blank_board_becomes_a_live_clock_with_credentials_of_its_own(
    context: BrowserContext, page: Page, club: Product, programs: Programs, tmp_path: Path
) -> None:
    program = await asyncio.to_thread(programs.make)
    await page.set_viewport_size(PICTURE)
    async with cable(context, page, "esp32") as bridge:
        bridge.firmware = lambda flash: boot(flash, program.path, DEVICE, tmp_path / "clock")
        await begin(page, club, "esp32", name="Slalom start", shot="flash-form")
        await dialog_says(page, "Installation complete")
        await shoot(page, "flash-written")
        check_written(bridge.flash, club)

        dialog = page.locator("ewt-install-dialog")
        await dialog.get_by_role("button", name="Next", exact=True).click()
        await set_wifi(page)

        dashboard = await context.new_page()
        await dashboard.goto(club.url)
        card = dashboard.locator(f'[data-device="{DEVICE}"]')
        await expect(card).to_have_attribute("data-state", "online", timeout=60_000)
        await expect(card).to_contain_text("Slalom start")
        await expect(card).to_contain_text("Skistadion")
        await dashboard.set_viewport_size(PICTURE)
        await dashboard.reload()
        await expect(card).to_have_attribute("data-state", "online", timeout=60_000)
        await shoot(dashboard, "flash-live")

        await dashboard.goto(f"{club.url}/clocks/{DEVICE}")
        flashed = dashboard.locator(".flashed li").first
        await flashed.get_by_text("Log", exact=True).click()
        await expect(flashed.locator("pre")).to_contain_text("Writing complete")
        await expect(flashed.locator("pre")).not_to_contain_text(WIFI_PASSWORD)
        await shoot(dashboard.locator(".flashed"), "flash-history")


async def set_wifi(page: Page) -> None:
    """Give the clock its network, as often as the window asks: Improv's patience is 45 s."""
    dialog = page.locator("ewt-install-dialog")
    for is_last in (False, False, True):
        await dialog.locator("ew-filled-text-field[name=ssid] input").fill(
            "Skistadion", timeout=60_000
        )
        await dialog.locator("ew-filled-text-field[name=password] input").fill(WIFI_PASSWORD)
        await shoot(page, "flash-wifi")
        await dialog.get_by_role("button", name="Connect", exact=True).click()
        try:
            await dialog_says(page, "Device connected to the network", within_ms=60_000)
        except AssertionError:
            if is_last:
                raise
        else:
            return


def check_written(flash: WrittenFlash, club: Product) -> None:
    """Check that every part lies in the erased chip, and that no secret is another clock's too."""
    parts = expected_parts()
    assert flash.was_erased
    assert flash.offsets == sorted({*parts, NVS_OFFSET})
    for offset, data in parts.items():
        assert flash.read(offset, len(data)) == data
    own = read_blobs(flash.read(NVS_OFFSET, NVS_BYTES))[NVS_NAMESPACE, "identity"]
    assert f"{DEVICE}-".encode() in own
    everything = flash.read(0, 4 * 1024 * 1024)
    for shared in ("mqtt_password", "download_api_key"):
        assert club.secrets[shared].encode() not in everything


def expected_parts() -> dict[int, bytes]:
    """Return what was published for the ESP32 by where it lies in flash."""
    published = {**factory_parts("esp32"), Part.APPLICATION: esp_image("esp32")}
    return {offset: published[part] for part, offset in offsets_of(PLATFORMS["esp32"]).items()}


async def shoot(page: Page | Locator, name: str) -> None:
    """Take a picture for README: `SKICLOCK_SHOTS=.github/screenshots pytest e2e/test_flash.py`."""
    if folder := os.environ.get("SKICLOCK_SHOTS"):
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def test_another_chip_than_the_chosen_one_is_told_before_anything_is_written(
    context: BrowserContext, page: Page, club: Product
) -> None:
    async with cable(context, page, "esp32c3") as bridge:
        await open_page(page, club, "esp32")
        await page.locator(".flash-go").click()
        await expect(page.locator(".notice.bad")).to_contain_text(
            "In the cable is an ESP32-C3, but ESP32 has an ESP32. Nothing was written.",
            timeout=60_000,
        )
        await expect(page.locator("ewt-install-dialog")).to_have_count(0)
    assert bridge.written_bytes < 5_000


async def test_a_cable_that_is_pulled_is_told(
    context: BrowserContext, page: Page, club: Product
) -> None:
    async with cable(context, page, "esp32") as bridge:
        bridge.pull_after_bytes = 40_000
        await begin(page, club, "esp32")
        await dialog_says(page, "Serial data stream stopped")
        attempt = page.locator(".flashed li").first
        await expect(attempt).to_have_attribute("data-attempt", "failed")
        await expect(attempt).to_contain_text("Serial data stream stopped")
        await attempt.get_by_text("Log").dispatch_event("click")
        await expect(attempt.locator("pre")).to_contain_text("Writing progress")


async def test_without_web_serial_the_command_line_is_shown(
    context: BrowserContext, page: Page, club: Product
) -> None:
    await context.add_init_script("delete Navigator.prototype.serial")
    await sign_in(page, club, "/flash")
    await page.goto(f"{club.url}/flash?board=esp32")
    await expect(page.get_by_text("This browser cannot reach USB.")).to_be_visible()
    await page.get_by_role("button", name="Get links").click()
    await expect(page.locator(".flash-files a")).to_have_count(4)
    command = await page.locator(".flash .command code").inner_text()
    assert command.startswith("esptool --chip esp32 write-flash 0x1000 ")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Boot loader").click()
    assert (await download.value).suggested_filename == f"esp32-{VERSION}-bootloader.bin"
