"""Keys in a real browser: made once, rotated, revoked; and what is shared is turned off and on."""

import asyncio

import aiomqtt
import httpx
import pytest
from playwright.async_api import Page, expect

from e2e.conftest import Clock, Product, sign_in
from e2e.test_fleet_page import card


async def test_a_key_is_shown_once_rotated_with_both_valid_and_revoked_at_once(
    page: Page, product: Product
) -> None:
    await sign_in(page, product, "/keys")
    await page.get_by_role("button", name="Make a key").click()
    await page.locator("#key-name").fill("Scoreboard")
    await page.locator('[data-scope="read"]').check()
    await page.locator("form").get_by_role("button", name="Make a key").click()
    first = await page.locator("#key-made").inner_text()
    assert await status(product, first) == 200
    row = page.locator(f'[data-key="{first.split("_")[1]}"]')
    await row.get_by_role("button", name="Rotate").click()
    await row.get_by_role("button", name="Rotate").click()
    await expect(page.locator("#key-made")).not_to_have_text(first)
    second = await page.locator("#key-made").inner_text()
    assert [await status(product, key) for key in (first, second)] == [200, 200]

    await page.reload()
    await expect(row).to_be_visible()
    assert first.split("_", 2)[2] not in await page.content()
    await row.get_by_role("button", name="Revoke").click()
    await row.get_by_role("button", name="Revoke").click()
    await expect(row).to_have_count(0)
    assert [await status(product, key) for key in (first, second)] == [401, 200]


async def test_the_shared_user_is_cut_off_at_once_and_let_in_again(
    page: Page, product: Product
) -> None:
    await sign_in(page, product)
    switch = page.locator('[data-shared="mqtt_user"]')
    async with product.clock("5aa4e") as clock:
        await clock.heartbeat()
        await expect(card(page, "5aa4e")).to_be_visible()
        await page.goto(f"{product.url}/keys")
        await page.locator("[aria-labelledby=shared-title] summary").click()
        await expect(page.locator('a[href="/clocks/5aa4e"]')).to_be_visible()
        try:
            await switch.get_by_role("button", name="Turn off").click()
            await expect(switch).to_contain_text("cut off. Sure?")
            await switch.get_by_role("button", name="Turn off").click()
            await expect(switch).to_contain_text("Turned off")
            with pytest.raises(aiomqtt.MqttError):
                await clock.hear("its end")
            with pytest.raises(aiomqtt.MqttError):
                await Clock(product, "5aa4f").__aenter__()
        finally:
            await switch.get_by_role("button", name="Turn on").click()
            await expect(switch.get_by_role("button", name="Turn off")).to_be_visible()
    await speaks_again(product)


async def speaks_again(product: Product) -> None:
    """Wait until the broker lets a clock in again."""
    async with asyncio.timeout(20):
        while True:
            try:
                async with product.clock("5aa4e") as clock:
                    return await clock.heartbeat()
            except aiomqtt.MqttError:
                await asyncio.sleep(0.05)


async def status(product: Product, key: str) -> int:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{product.url}/api/devices", headers={"X-API-Key": key})
        return answer.status_code
