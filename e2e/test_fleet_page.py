"""The fleet page in a real browser: acting on clocks, finding them, without eyes or mouse too."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from e2e.conftest import Product, running_product, sign_in

AXE = Path(__file__).parents[1] / "skiclock_ui" / "node_modules" / "axe-core" / "axe.min.js"
FLEET = 300

FORGED_REMOVAL = """() => new Promise(resolve => {
    window.socket.on("fleet_answer", resolve);
    const isOurs = event => event.type === "remove";
    const [id, element] = Object.entries(mounted_app.elements)
        .find(([, element]) => element.events?.some(isOurs));
    window.socket.emit("event", {
        id: Number(id), client_id: window.clientId,
        listener_id: element.events.find(isOurs).listener_id,
        args: [JSON.stringify({device_id: "5afe", request: 1})],
    });
})"""
WATCH_SHIFTS = """() => {
    window.shifts = [];
    const note = one => window.shifts.push(one.sources.map(({node}) => node?.textContent));
    const watch = new PerformanceObserver(list => list.getEntries().forEach(note));
    watch.observe({type: "layout-shift"});
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def club() -> AsyncIterator[Product]:
    """A product with FLEET clocks that have just spoken."""
    async with running_product() as product:
        async with product.clock("0") as clock:
            for number in range(1, FLEET + 1):
                clock.device_id = f"{number:x}"
                clock.board = "ESP32" if number % 3 else "ESP-01"
                await clock.heartbeat(rssi=-40 - number % 50, ssid=f"Net {number % 4}")
        yield product


def card(page: Page, device_id: str) -> Locator:
    return page.locator(f'[data-device="{device_id}"]')


async def open_fleet(page: Page, product: Product, query: str = "") -> None:
    await sign_in(page, product)
    if query:
        await page.goto(f"{product.url}/{query}")
    await expect(page.locator('[data-total="online"]')).not_to_have_text("–")


async def choose(page: Page, device_id: str, action: str) -> None:
    await card(page, device_id).locator("[data-action=menu]").click()
    await page.locator(f".fleet-menu [data-action={action}]").click()


async def test_renamed_clock_shows_its_name_at_once_and_after_a_reload(
    page: Page, product: Product
) -> None:
    await sign_in(page, product)
    async with product.clock("4e4a3e") as clock:
        await clock.heartbeat()
        await choose(page, "4e4a3e", "rename")
        dialog = page.get_by_role("dialog", name="Name and group of 4e4a3e")
        await dialog.get_by_label("Name").fill("  Målgång <b>2</b> ")
        await dialog.get_by_label("Group").fill(" Slalom ")
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog).to_be_hidden()
        await expect(card(page, "4e4a3e").locator(".fleet-name")).to_have_text("Målgång <b>2</b>")
        await page.reload()
        await expect(card(page, "4e4a3e").locator(".fleet-name")).to_have_text("Målgång <b>2</b>")
        await expect(card(page, "4e4a3e")).to_contain_text("4e4a3e")
        await expect(card(page, "4e4a3e").locator("[data-field=group]")).to_have_text("Slalom")
        await page.locator("select[data-filter=group]:visible").select_option("Slalom")
        await expect(card(page, "4e4a3e")).to_be_visible()
        await expect(page).to_have_url(f"{product.url}/?group=Slalom")


async def test_clock_is_removed_only_by_naming_it(page: Page, product: Product) -> None:
    await sign_in(page, product)
    async with product.clock("de1e7e") as clock:
        await clock.heartbeat()
        await choose(page, "de1e7e", "remove")
        dialog = page.get_by_role("dialog", name="Remove de1e7e?")
        button = dialog.get_by_role("button", name="Remove")
        await expect(button).to_be_disabled()
        await dialog.get_by_role("textbox").fill("de1e7")
        await expect(button).to_be_disabled()
        await dialog.get_by_role("textbox").fill("DE1E7E ")
        await button.click()
        await expect(dialog).to_be_hidden()
        await expect(card(page, "de1e7e")).to_have_count(0)
        await clock.heartbeat()
        await expect(card(page, "de1e7e")).to_be_visible()


async def test_clock_that_somebody_else_removed_meanwhile_is_said_so(
    page: Page, product: Product
) -> None:
    await sign_in(page, product)
    async with product.clock("90e") as clock:
        await clock.heartbeat()
        await choose(page, "90e", "rename")
        await page.request.delete(f"{product.url}/api/devices/90e", headers={"Origin": product.url})
        await page.get_by_role("dialog").get_by_label("Name").fill("Late")
        await page.get_by_role("dialog").get_by_role("button", name="Save").click()
        await expect(page.get_by_role("alert")).to_contain_text("Somebody else removed it")


async def test_viewer_is_offered_no_change_and_a_forged_one_is_refused(
    browser: Browser, product: Product
) -> None:
    page = await (await browser.new_context(viewport={"width": 1280, "height": 900})).new_page()
    await sign_in_as_viewer(page, product)
    async with product.clock("5afe") as clock:
        await clock.heartbeat()
        await card(page, "5afe").locator("[data-action=menu]").click()
        assert await page.locator(".fleet-menu [data-action]").evaluate_all(
            "items => items.map(item => item.dataset.action)"
        ) == ["copy"]
        answer = await page.evaluate(FORGED_REMOVAL)
        assert "Your role may not do this" in answer["error"]
        await expect(card(page, "5afe")).to_be_visible()
    await page.context.close()


async def sign_in_as_viewer(page: Page, product: Product) -> None:
    code, output = await product.run("user", "add", "eve@club.example", "--role", "viewer")
    assert code == 0, output
    first = output.split("Password, shown this once: ")[1].split()[0]
    await page.goto(f"{product.url}/login")
    await page.get_by_label("E-mail").fill("eve@club.example")
    await page.get_by_label("Password", exact=True).fill(first)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("Current password").fill(first)
    await page.get_by_label("New password", exact=True).fill("klister-under-stjernene")
    await page.get_by_label("New password again").fill("klister-under-stjernene")
    await page.get_by_role("button", name="Change password").click()
    await page.wait_for_url(f"{product.url}/")


async def test_page_cannot_join_the_stream_with_another_pages_id(
    page: Page, browser: Browser, product: Product
) -> None:
    await sign_in(page, product)
    stranger = await browser.new_page()
    await sign_in(stranger, product)
    await expect(stranger.locator(".fleet")).to_be_visible()
    stolen = await page.evaluate("window.clientId")
    answer = await stranger.evaluate(
        "id => window.socket.timeout(5000).emitWithAck('fleet_join', {client_id: id})", stolen
    )
    assert answer == {"error": "unknown_page"}
    for junk in (None, [], {"client_id": 7}, "x"):
        answer = await stranger.evaluate(
            "junk => window.socket.timeout(5000).emitWithAck('fleet_join', junk)", junk
        )
        assert answer == {"error": "unknown_page"}
    await stranger.close()


async def test_only_what_is_in_view_is_rendered_and_the_end_can_be_reached(
    page: Page, club: Product
) -> None:
    await open_fleet(page, club)
    await expect(page.locator('[data-total="online"]')).to_have_text("276")
    assert 6 <= await page.locator("[data-device]").count() < 60
    first = page.locator("[data-device]").first
    await expect(first).to_have_attribute("aria-setsize", str(FLEET))
    await expect(first).to_have_attribute("aria-posinset", "1")
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    await expect(page.locator(f'[aria-posinset="{FLEET}"]')).to_be_in_viewport()


async def test_search_and_filters_stay_in_the_address(page: Page, club: Product) -> None:
    await open_fleet(page, club)
    await page.keyboard.press("/")
    await page.keyboard.type("NET skistadion")
    await expect(page.get_by_role("heading", name="No clock matches")).to_be_visible()
    await page.get_by_role("searchbox").fill("NET 192.168")
    await page.locator("select[data-filter=network]:visible").select_option("Net 1")
    await page.locator("select[data-filter=platform]:visible").select_option("esp01")
    await expect(page.locator(".fleet-count")).to_contain_text("25 of 300 clocks")
    await expect(page).to_have_url(f"{club.url}/?q=NET+192.168&platform=esp01&network=Net+1")
    await page.reload()
    await expect(page.locator(".fleet-count")).to_contain_text("25 of 300 clocks")
    await page.get_by_role("searchbox").fill("nothing like it")
    await expect(page.get_by_role("heading", name="No clock matches")).to_be_visible()
    await page.locator(".fleet-message").get_by_role("button", name="Clear filters").click()
    await expect(page).to_have_url(f"{club.url}/")
    await expect(page.locator("[data-device]").first).to_be_visible()


async def test_totals_filter_by_state(page: Page, club: Product) -> None:
    await open_fleet(page, club)
    await page.get_by_role("button", name="Degraded").click()
    await expect(page.locator(".fleet-count")).to_contain_text("24 of 300 clocks")
    states = page.locator("[data-device]")
    assert set(await states.evaluate_all("all => all.map(one => one.dataset.state)")) == {
        "degraded"
    }
    await expect(states.first.locator('[data-field="line"]')).to_contain_text("Weak signal")


async def test_table_sorts_by_its_headers(page: Page, club: Product) -> None:
    await open_fleet(page, club, "?view=table")
    header = page.get_by_role("columnheader", name="Signal")
    await header.get_by_role("button").click()
    await expect(header).to_have_attribute("aria-sort", "ascending")
    await expect(page.locator('[data-device] [data-field="rssi"]').first).to_contain_text("89")
    await header.get_by_role("button").click()
    await expect(header).to_have_attribute("aria-sort", "descending")
    await expect(page.locator('[data-device] [data-field="rssi"]').first).to_contain_text("40")
    await expect(page).to_have_url(f"{club.url}/?view=table&sort=-rssi")


async def test_keyboard_walks_the_cards_opens_the_menu_and_comes_back(
    page: Page, club: Product
) -> None:
    await open_fleet(page, club)
    await page.locator("[data-device]").first.focus()
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name="Name and group")).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_role("menuitem", name="Remove")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("menu")).to_be_hidden()
    await page.keyboard.press("End")
    await expect(page.locator(f'[aria-posinset="{FLEET}"]')).to_be_focused()
    await page.keyboard.press("Home")
    await expect(page.locator('[aria-posinset="1"]')).to_be_focused()


async def test_live_page_shifts_nothing(page: Page, club: Product) -> None:
    await open_fleet(page, club)
    await page.evaluate("document.fonts.ready")
    await page.evaluate(WATCH_SHIFTS)
    async with club.clock("1") as clock:
        for rssi in (-9, -100, -45):
            await clock.heartbeat(rssi=rssi, uptime=abs(rssi) * 100_000, ssid="Net 1")
            await expect(card(page, "1").locator('[data-field="rssi"]')).to_contain_text(str(-rssi))
    assert await page.evaluate("window.shifts") == []


async def test_phone_has_no_sideways_scroll_and_its_filters_in_a_sheet(
    browser: Browser, club: Product
) -> None:
    context = await browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = await context.new_page()
    await open_fleet(page, club)
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.get_by_role("button", name="Filter and sort").click()
    sheet = page.get_by_role("dialog", name="Filter and sort")
    await sheet.get_by_label("Board", exact=True).select_option("esp01")
    await sheet.get_by_role("button", name="100 of 300 clocks").click()
    await expect(sheet).to_be_hidden()
    await expect(page.locator("[data-device]").first).to_contain_text("ESP-01")
    await page.get_by_role("button", name="Table").click()
    await expect(page.get_by_role("table")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await context.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("view", ["cards", "table"])
async def test_nothing_that_axe_finds(
    browser: Browser, club: Product, scheme: str, view: str
) -> None:
    context = await browser.new_context(
        viewport={"width": 1280, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = await context.new_page()
    await open_fleet(page, club, f"?view={view}")
    await page.evaluate(AXE.read_text())
    assert await axe(page) == []
    await choose(page, "1", "remove")
    assert await axe(page) == []
    await context.close()


async def axe(page: Page) -> list[str]:
    """Return what axe-core finds wrong, a line for each element."""
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['html'][:160]} {json.dumps(node['any'][:1])[:300]}"
        for violation in found["violations"]
        for node in violation["nodes"][:3]
    ]


async def test_page_says_that_it_lost_the_server_dims_and_recovers_alone(page: Page) -> None:
    async with running_product() as product:
        await sign_in(page, product)
        async with product.clock("1057") as clock:
            await clock.heartbeat()
            await expect(card(page, "1057")).to_be_visible()
        assert product.process is not None
        product.process.kill()
        await product.process.wait()
        await expect(page.locator(".fleet-notices")).to_contain_text(
            "No contact with the server since"
        )
        await expect(page.locator(".fleet")).to_have_class("fleet is-stale")
        seen = card(page, "1057").locator('[data-field="last_seen"]')
        frozen = await seen.text_content()
        await asyncio.sleep(2)  # long enough for a clock that still ticked to show it
        assert await seen.text_content() == frozen
        await product.start()
        await expect(page.locator(".fleet")).to_have_class("fleet", timeout=30_000)
        await expect(card(page, "1057")).to_be_visible()
