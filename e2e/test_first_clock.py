"""The whole way, as its people meet it: from an empty dashboard to a tracked update."""

import time

import httpx
from playwright.async_api import Page, expect

from e2e.conftest import EMAIL, PASSWORD, Product, running_product, sign_in
from tests.backend.images import esp_image

OLD = "2026.11.1.1"


def card(page: Page, device_id: str):
    return page.locator(f'[data-device="{device_id}"]')


def field(page: Page, device_id: str, name: str):
    return card(page, device_id).locator(f'[data-field="{name}"]').first


async def test_heartbeat_makes_a_card_appear_and_change_without_reload(
    page: Page, product: Product
) -> None:
    await sign_in(page, product)
    async with product.clock("e8c5fbbdf5f0") as clock:
        sent = time.monotonic()
        await clock.heartbeat(rssi=-61)
        await expect(card(page, "e8c5fbbdf5f0")).to_be_visible(timeout=5000)
        assert time.monotonic() - sent < 1.0, "the issue says: within a second"
        await expect(card(page, "e8c5fbbdf5f0")).to_have_attribute("data-state", "online")
        await expect(field(page, "e8c5fbbdf5f0", "rssi")).to_contain_text("61")
        await clock.heartbeat(rssi=-72)
        await expect(field(page, "e8c5fbbdf5f0", "rssi")).to_contain_text("72")


async def test_clock_with_a_hostile_ssid_is_live_and_harmless(page: Page, product: Product) -> None:
    await sign_in(page, product)
    async with product.clock("bad551d") as clock:
        await clock.heartbeat(ssid='"><img src=x onerror=alert(1)>')
        await expect(card(page, "bad551d")).to_have_attribute("data-state", "online")
    assert await page.locator("img[src='x']").count() == 0


async def test_update_from_upload_to_success_on_the_card(page: Page, product: Product) -> None:
    await sign_in(page, product)
    image = esp_image("esp32", size_bytes=200_000)
    async with product.clock("c10c4") as clock:
        await clock.heartbeat()
        await expect(card(page, "c10c4")).to_be_visible()
        uploaded = await product.upload("esp32", "2026.11.24.7", image)
        assert uploaded.status_code == 201, uploaded.text
        await clock.hear("updates")
        answer = await clock.ask_version()
        assert b'"update_available":true' in answer
        assert b'"latest_version":"2026.11.24.7"' in answer
        session = answer.split(b'"session_id":"')[1][:36].decode()
        await clock.send(
            "ota/start",
            session_id=session,
            platform="esp32",
            old_version=OLD,
            new_version="2026.11.24.7",
        )
        body = await clock.download()
        assert body.status_code == 200
        assert body.content == image
        assert body.headers["content-length"] == str(len(image))
        assert "transfer-encoding" not in body.headers
        await clock.send("ota/progress", session_id=session, progress=40)
        await expect(card(page, "c10c4")).to_have_attribute("data-state", "updating")
        await expect(field(page, "c10c4", "progress")).to_be_visible()
        await clock.send("ota/complete", session_id=session, success=True)
    clock = product.clock("c10c4")
    clock.version = "2026.11.24.7"
    async with clock:
        await clock.heartbeat(uptime=2)
        await expect(field(page, "c10c4", "version")).to_contain_text("2026.11.24.7")
        await expect(card(page, "c10c4")).to_have_attribute("data-state", "online")
    statuses = await v1_log(page, product, "c10c4")
    assert statuses == ["success"]


async def v1_log(page: Page, product: Product, device_id: str) -> list[str]:
    answer = await page.request.get(f"{product.url}/api/ota-logs?device_id={device_id}")
    assert answer.ok, await answer.text()
    return [entry["status"] for entry in (await answer.json())["logs"]]


async def test_removed_clock_leaves_and_comes_back_when_it_speaks(
    page: Page, product: Product
) -> None:
    await sign_in(page, product)
    async with product.clock("4e40fe") as clock:
        await clock.heartbeat()
        await expect(card(page, "4e40fe")).to_be_visible()
        answer = await page.request.delete(
            f"{product.url}/api/devices/4e40fe", headers={"Origin": product.url}
        )
        assert answer.ok, await answer.text()
        await expect(card(page, "4e40fe")).to_have_count(0)
        await clock.heartbeat()
        await expect(card(page, "4e40fe")).to_be_visible()


async def test_wrong_password_is_refused_in_words(page: Page, product: Product) -> None:
    await page.goto(f"{product.url}/login")
    await page.get_by_label("E-mail").fill(EMAIL)
    await page.get_by_label("Password", exact=True).fill("not-the-password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.goto(f"{product.url}/")
    await expect(page).to_have_url(f"{product.url}/login?next=/")


async def test_broker_restart_while_the_page_is_open(page: Page) -> None:
    async with running_product() as product:
        await sign_in(page, product)
        async with product.clock("b0b0") as clock:
            await clock.heartbeat()
            await expect(card(page, "b0b0")).to_be_visible()
        since = (await product.part("broker"))["since"]
        for broker in product.children("nats-server"):
            broker.kill()
        await product.comes_back("broker", since=since)
        clock = product.clock("b0b0")
        clock.version = "2026.11.2.2"
        async with clock:
            await clock.heartbeat()
            await expect(field(page, "b0b0", "version")).to_contain_text("2026.11.2.2")


async def test_sigkill_in_the_middle_of_an_update_loses_nothing(page: Page) -> None:
    async with running_product() as product:
        await sign_in(page, product)
        await product.upload("esp32", "2026.11.24.7", esp_image("esp32"))
        async with product.clock("5167a") as clock:
            await clock.heartbeat()
            session = (await clock.ask_version()).split(b'"session_id":"')[1][:36].decode()
            await clock.send(
                "ota/start",
                session_id=session,
                platform="esp32",
                old_version=OLD,
                new_version="2026.11.24.7",
            )
            await clock.send("ota/progress", session_id=session, progress=40)
            await expect(card(page, "5167a")).to_have_attribute("data-state", "updating")
        assert product.process is not None
        product.process.kill()
        await product.process.wait()
        await product.start()
        # The open page finds its way back by itself and shows what the database kept.
        await expect(card(page, "5167a")).to_have_attribute(
            "data-state", "updating", timeout=30_000
        )
        clock = product.clock("5167a")
        clock.version = "2026.11.24.7"
        async with clock:
            await clock.heartbeat(uptime=3)
            await expect(field(page, "5167a", "version")).to_contain_text("2026.11.24.7")
            await expect(card(page, "5167a")).to_have_attribute("data-state", "online")
        assert await v1_log(page, product, "5167a") == ["success"]


async def test_v1_form_login_works_for_scripts(product: Product) -> None:
    async with httpx.AsyncClient(base_url=product.url) as client:
        answer = await client.post(
            "/login", data={"username": EMAIL, "password": PASSWORD, "next": "/api/status"}
        )
        assert answer.status_code == 303
        assert answer.headers["location"] == "/api/status"
        assert (await client.get("/api/devices")).status_code == 200
    async with httpx.AsyncClient(base_url=product.url) as stranger:
        assert (await stranger.get("/api/devices")).status_code == 401
