"""Takes README's screenshots of the real thing: `python -m e2e.screenshots`."""

import asyncio
from pathlib import Path

from playwright.async_api import Browser, async_playwright, expect

from e2e.conftest import CHROMIUM_ARGUMENTS, Product, chromium, running_product, sign_in
from tests.backend.images import esp_image

FOLDER = Path(__file__).parents[1] / ".github" / "screenshots"
CLOCKS = 50
SHOTS = (
    ("clocks-dark", "/", 1440, 900, "dark"),
    ("clocks-phone-light", "/", 390, 844, "light"),
    ("updates-light", "/updates", 1440, 900, "light"),
    ("firmware-dark", "/firmware", 1440, 900, "dark"),
)


async def main() -> None:
    """Start the product with a living fleet, publish firmware, and look at it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with running_product(SKICLOCK_CLUB="Åre Skistadion") as product:
        simulator = await product.spawn("simulate", "--devices", str(CLOCKS), "--interval", "5")
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=chromium(), args=CHROMIUM_ARGUMENTS
                )
                await fill(browser, product)
                for name, path, width, height, scheme in SHOTS:
                    await shoot(browser, product, name, path, width, height, scheme)
                await browser.close()
        finally:
            simulator.terminate()
            await simulator.wait()


async def fill(browser: Browser, product: Product) -> None:
    """Let all clocks appear, and some of them update."""
    page = await browser.new_page()
    await sign_in(page, product)
    await expect(page.get_by_text(str(CLOCKS), exact=True).first).to_be_visible(timeout=60_000)
    for version in ("2026.11.20.4", "2026.11.24.1"):
        for platform in ("esp32", "esp32c3", "esp32s3", "esp12f", "d1mini"):
            await product.upload(platform, version, esp_image(platform, size_bytes=500_000))
        updating = page.locator('[data-state="updating"]').first
        await expect(updating).to_be_visible(timeout=60_000)
    await page.close()


async def shoot(
    browser: Browser, product: Product, name: str, path: str, width: int, height: int, scheme: str
) -> None:
    """Take one picture, once the page is still."""
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
        timezone_id="Europe/Stockholm",
    )
    page = await context.new_page()
    await sign_in(page, product, path)
    await page.wait_for_load_state("networkidle")
    await page.screenshot(path=FOLDER / f"{name}.png")
    await context.close()


if __name__ == "__main__":
    asyncio.run(main())
