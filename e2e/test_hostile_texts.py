"""Markup in every field that a clock controls is text on every page that shows it."""

import json

from playwright.async_api import Page, expect

from e2e.conftest import Product, sign_in

DEVICE = "badc10c"
EVIL = '<img src=x data-evil onerror="window.evil=1">'
SHORT = "<i data-evil>1</i>"
PATHS = ("/", "/updates", f"/clocks/{DEVICE}", "/diagnostics", "/audit", "/firmware")


async def test_markup_from_a_clock_is_text_on_every_page(page: Page, product: Product) -> None:
    async with product.clock(DEVICE) as clock:
        clock.board, clock.version = EVIL.replace('"', ""), SHORT
        await clock.heartbeat(ssid=EVIL.replace('"', ""))
        await clock.send("ota/start", platform="esp32", old_version=SHORT, new_version=SHORT)
        await clock.send("ota/complete", success=False, error_message=EVIL)
        await clock.send("info/" + DEVICE, chip=EVIL, panels=EVIL, board=EVIL)
        events = [{"seq": 1, "boot": 1, "at": 1, "up": 3, "kind": "boot", "detail": SHORT}]
        await clock.send("event/" + DEVICE, boot=1, lost=0, events=events)
        wrong_id = json.dumps({"device_id": EVIL, "ssid": EVIL})
        await clock.client.publish("skiclock/heartbeat", wrong_id)
        await sign_in(page, product)
        await expect(page.get_by_text(DEVICE).first).to_be_visible(timeout=30_000)
        for path in PATHS:
            await page.goto(product.url + path)
            await expect(page.locator("#main h1").first).to_be_visible(timeout=30_000)
            await page.wait_for_load_state("networkidle")
            if path in {"/updates", f"/clocks/{DEVICE}", "/diagnostics"}:
                await expect(page.locator("#main")).to_contain_text("data-evil", timeout=30_000)
            assert await page.locator("[data-evil]").count() == 0, path
            assert await page.evaluate("window.evil") is None, path
        gone = await page.request.delete(
            f"{product.url}/api/devices/{DEVICE}", headers={"origin": product.url}
        )
        assert gone.ok, await gone.text()
