"""Every page but the clocks', in a real browser: live, refusing in words, for everybody."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from e2e.checks import WATCH_SHIFTS, axe
from e2e.conftest import EMAIL, PASSWORD, Clock, Product, running_product, sign_in
from tests.backend.images import esp_image

PATHS = [
    "/updates",
    "/firmware",
    "/flash",
    "/diagnostics",
    "/people",
    "/roles",
    "/keys",
    "/audit",
    "/sync",
    "/account",
    "/password",
    "/nothing-here",
]
FILE_TYPE = "application/octet-stream"
FOCUS_STAYS_AT_THE_LIST = """() => {
  if (!document.activeElement?.closest("[data-session]")) {
    document.querySelector("[data-session] a")?.focus();
    window.focusedAt = performance.now();
    return false;
  }
  return performance.now() - window.focusedAt > 1500;
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def club() -> AsyncIterator[Product]:
    """A product with a published version, updates that ended, one that runs, and bad input."""
    async with running_product() as product:
        await product.upload("esp32", "2026.11.20.1", esp_image("esp32", size_bytes=200_000))
        async with product.clock("a1b2c3") as clock:
            await clock.heartbeat(ssid='Vindeln "gast"')
            await begin(clock, "2026.11.20.1")
            await clock.send("ota/complete", success=False, error_message="HTTP error: 404")
            await begin(clock, "2026.11.20.1")
            await clock.send("ota/progress", progress=40)
            await clock.client.publish("skiclock/heartbeat", b"<script>alert(1)</script>" * 20)
            yield product


async def begin(clock: Clock, version: str) -> str:
    session_id = str(uuid4())
    await clock.send(
        "ota/start",
        session_id=session_id,
        platform=clock.platform,
        old_version=clock.version,
        new_version=version,
    )
    return session_id


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [390, 1440])
async def test_nothing_that_axe_finds_and_no_sideways_scroll(
    browser: Browser, club: Product, scheme: str, width: int
) -> None:
    context = await browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = await context.new_page()
    await page.goto(f"{club.url}/login?error=wrong_credentials")
    assert await axe(page) == []
    await sign_in(page, club, "/updates")
    for path in PATHS:
        await page.goto(club.url + path)
        await expect(page.locator("#main h1")).to_be_visible()
        assert [path, *await axe(page)] == [path]
        assert await page.evaluate("document.documentElement.scrollWidth") == width, path
    await page.goto(f"{club.url}/updates")
    for menu in ("Language", "Colours", "Account"):
        await page.locator(f'summary[title="{menu}"]').click()
        assert await axe(page) == []
    await context.close()


async def test_updates_are_followed_live_and_nothing_moves(page: Page, club: Product) -> None:
    await sign_in(page, club, "/updates")
    await expect(page.locator("[data-session]").first).to_be_visible()
    await page.evaluate("document.fonts.ready")
    await page.evaluate(WATCH_SHIFTS)
    async with club.clock("5e7") as clock:
        await clock.heartbeat()
        session_id = await begin(clock, "2026.11.20.1")
        row = page.locator(f'[data-session="{session_id}"]')
        await expect(row).to_have_attribute("data-state", "started")
        await clock.send("ota/progress", session_id=session_id, progress=35)
        await expect(row).to_contain_text(re.compile(r"Downloading 35\s%"))
        await clock.send("ota/complete", session_id=session_id, success=True)
        await expect(row).to_contain_text("Installed, restarting")
        clock.version = "2026.11.20.1"
        await clock.heartbeat(uptime=3)
        await expect(row).to_contain_text("Succeeded")
    assert await page.evaluate("window.shifts") == []


async def test_what_is_new_waits_while_somebody_is_at_the_list(page: Page, club: Product) -> None:
    await sign_in(page, club, "/updates")
    async with club.clock("5e8") as clock:
        await clock.heartbeat()
        # By keyboard: what moves while a page loads may move the list away from under a mouse.
        # What the page asks when it has its socket may draw the list anew, without the focus:
        # it is there once the focus has stayed for a while.
        await page.wait_for_function("window.socket?.connected")
        await page.wait_for_function(FOCUS_STAYS_AT_THE_LIST)
        session_id = await begin(clock, "2026.11.20.1")
        await expect(page.get_by_role("button", name="1 newer: show")).to_be_visible()
        await expect(page.locator(f'[data-session="{session_id}"]')).to_have_count(0)
        await page.get_by_placeholder("Clock: name or id").focus()
        await expect(page.locator(f'[data-session="{session_id}"]')).to_be_visible()
        await clock.send("ota/complete", session_id=session_id, success=False)


async def test_log_is_filtered_by_state_and_clock_and_keeps_it_in_the_address(
    page: Page, club: Product
) -> None:
    await sign_in(page, club, "/updates")
    await page.get_by_role("button", name="Failed", exact=True).click()
    await expect(page.locator('[data-session]:not([data-state="failed"])')).to_have_count(0)
    await page.get_by_placeholder("Clock: name or id").fill("a1b2")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Only a1b2c3")).to_be_visible()
    await expect(page.locator("[data-session]")).to_have_count(1)
    await expect(page.locator("[data-session]")).to_contain_text("HTTP error: 404")
    await page.reload()
    await expect(page.get_by_text("Only a1b2c3")).to_be_visible()
    await expect(page.locator("[data-session]")).to_have_count(1)
    await page.get_by_role("button", name="In progress").click()
    await expect(page.locator("[data-session]")).to_contain_text(re.compile(r"Downloading 40\s%"))
    await page.get_by_role("button", name="Show all clocks").click()
    await page.get_by_placeholder("Clock: name or id").fill("no such clock")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("No clock of that name or id.")).to_be_visible()


async def test_refused_file_says_why_at_the_field_and_can_be_mended(
    page: Page, club: Product
) -> None:
    await sign_in(page, club, "/firmware")
    pdf = {"name": "notes.bin", "mimeType": FILE_TYPE, "buffer": b"%PDF-1.7 " * 100}
    await page.locator("#firmware-file").set_input_files(pdf)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Publish").click()
    await expect(page.locator("#error-platform")).to_contain_text("Choose the platform")
    await expect(page.get_by_label("Platform")).to_be_focused()
    await page.get_by_label("Platform").select_option("esp32")
    await page.get_by_label("Version").fill("2026.11.21.1")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.locator("#error-file")).to_contain_text("PDF")
    image = {
        "name": "esp32-2026.11.19.1.bin",
        "mimeType": FILE_TYPE,
        "buffer": esp_image("esp32", size_bytes=150_000, fill=7),
    }
    await page.locator("#firmware-file").set_input_files(image)  # type: ignore[arg-type]
    await expect(page.get_by_label("Version")).to_have_value("2026.11.19.1")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.locator("#error-version")).to_contain_text("lower than 2026.11.20.1")


async def test_published_version_shows_on_every_open_page(
    context: BrowserContext, page: Page, club: Product
) -> None:
    await sign_in(page, club, "/firmware")
    other = await context.new_page()
    await other.goto(f"{club.url}/firmware")
    row = other.get_by_role("row").filter(has_text="2026.11.22.1")
    await expect(other.get_by_role("heading", name="Firmware")).to_be_visible()
    await expect(row).to_have_count(0)
    await club.upload("esp32c3", "2026.11.22.1", esp_image("esp32c3", size_bytes=150_000))
    await expect(row).to_contain_text("Newest")
    await other.close()


async def test_diagnostics_show_hostile_input_as_text(page: Page, club: Product) -> None:
    await sign_in(page, club, "/diagnostics")
    await expect(page.get_by_text("<script>alert(1)</script>").first).to_be_visible()
    await expect(page.get_by_role("link", name="a1b2c3")).to_be_visible()
    await expect(page.locator('[data-figure="rate"]')).not_to_have_text("–")


async def test_header_and_banner_speak_up_when_the_database_goes(page: Page) -> None:
    async with running_product() as product:
        await sign_in(page, product, "/updates")
        part = page.locator('[data-part="database"]')
        await expect(part).to_have_attribute("data-ok", "true")
        # A page that opens asks the database who opened it.
        await page.wait_for_function("window.socket?.connected")
        # Stopped, not killed: a killed one is back before a slow page can be asked.
        postgres = product.children("postgres")
        for process in postgres:
            process.suspend()
        await expect(part).to_have_attribute("data-ok", "false", timeout=30_000)
        await expect(page.locator('[data-matter="database"]')).to_contain_text(
            "The database has not answered since"
        )
        for process in postgres:
            process.resume()
        await expect(part).to_have_attribute("data-ok", "true", timeout=30_000)
        await expect(page.locator('[data-matter="database"]')).to_have_count(0)


async def test_page_that_lost_its_server_dims_says_so_and_recovers_alone(page: Page) -> None:
    async with running_product() as product:
        await sign_in(page, product, "/diagnostics")
        await expect(page.get_by_role("heading", name="Diagnostics")).to_be_visible()
        assert product.process is not None
        product.process.kill()
        await product.process.wait()
        await expect(page.locator('[data-matter="contact"]')).to_contain_text(
            "No contact with the server since"
        )
        await expect(page.locator("#main")).to_have_css("opacity", "0.55")
        await product.start()
        await expect(page.locator("html[data-stale]")).to_have_count(0, timeout=30_000)
        await expect(page.get_by_role("heading", name="Diagnostics")).to_be_visible()
        # One that is ended in good order says so; that is what an upgrade looks like.
        await page.wait_for_function("window.socket?.connected")
        product.process.send_signal(signal.SIGTERM)
        await expect(page.locator('[data-matter="contact"]')).to_contain_text(
            "The server is restarting"
        )


ASK = """async ([event, message]) =>
    window.socket.timeout(5000).emitWithAck(event, {client_id: window.clientId, ...message})"""


async def test_viewer_sees_no_more_than_the_role_allows(browser: Browser, club: Product) -> None:
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    await sign_in_as_viewer(page, club)
    await page.goto(f"{club.url}/firmware")
    await expect(page.get_by_text("2026.11.20.1", exact=True)).to_be_visible()
    await expect(page.get_by_role("link", name="Diagnostics")).to_have_count(0)
    await expect(page.get_by_role("button", name="Choose a file")).to_have_count(0)
    await expect(page.get_by_role("button", name="Download")).to_have_count(0)
    for event, message in (
        ("live_follow", {"topic": "diagnostics"}),
        ("live_ask", {"what": "firmware.link", "args": {"platform": "esp32"}}),
    ):
        assert (await page.evaluate(ASK, [event, message]))["code"] == "forbidden"
    refused = await page.goto(f"{club.url}/diagnostics")
    assert refused is not None
    assert refused.status == 403
    await expect(page.get_by_role("heading", name="Not for your role")).to_be_visible()
    await context.close()


async def sign_in_as_viewer(page: Page, product: Product) -> None:
    code, output = await product.run("user", "add", "ola@club.example", "--role", "viewer")
    assert code == 0, output
    first = output.split("Password, shown this once: ")[1].split()[0]
    form = {"username": "ola@club.example", "password": first}
    await page.request.post(f"{product.url}/login", form=form)
    form = {"current": first, "new": "klister-under-stjernene"}
    await page.request.post(f"{product.url}/password", form=form)


async def test_socket_answers_nobody_but_the_pages_own_person(
    page: Page, browser: Browser, club: Product
) -> None:
    await sign_in(page, club, "/updates")
    stranger = await browser.new_page()
    await sign_in(stranger, club, "/updates")
    await expect(stranger.locator("#main h1")).to_be_visible()
    stolen = {"client_id": await page.evaluate("window.clientId"), "topic": "updates"}
    assert (await stranger.evaluate(ASK, ["live_follow", stolen]))["code"] == "unknown_page"
    for junk in (
        {"topic": None},
        {"topic": "no-such"},
        {"topic": ["updates"]},
        {"what": "no-such", "args": {}},
        {"what": "updates.find", "args": None},
        {"client_id": 7},
    ):
        for event in ("live_follow", "live_ask"):
            assert "error" in await stranger.evaluate(ASK, [event, junk])
    hostile = {"clock": "x" * 9000, "state": {"a": 1}, "before_id": 2**70}
    found = await stranger.evaluate(ASK, ["live_ask", {"what": "updates.find", "args": hostile}])
    assert found["answer"] == {"rows": [], "more": False}
    await stranger.close()


async def test_language_and_colours_are_kept(page: Page, club: Product) -> None:
    await sign_in(page, club, "/updates?state=failed")
    await page.locator('summary[title="Language"]').click()
    await page.get_by_role("link", name="Norsk bokmål").click()
    await expect(page.get_by_role("heading", name="Oppdateringer", exact=True)).to_be_visible()
    assert page.url == f"{club.url}/updates?state=failed"
    await page.locator('summary[title="Farger"]').click()
    await page.get_by_role("button", name="Lyst").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")
    await expect(page.locator("html")).to_have_attribute("lang", "nb-NO")


async def test_sign_in_works_without_any_script(browser: Browser, club: Product) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="sv-SE")
    page = await context.new_page()
    await page.goto(f"{club.url}/account")
    await expect(page.get_by_role("heading", name="Logga in")).to_be_visible()
    await page.locator('summary[title="Språk"]').click()
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.get_by_label("E-mail").fill("nobody@club.example")
    await page.get_by_label("Password", exact=True).fill("wrong password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("do not fit together")
    await context.close()


async def test_keyboard_alone_is_enough(page: Page, club: Product) -> None:
    await sign_in(page, club, "/updates")
    await expect(page.locator("[data-session]").first).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()
    await page.keyboard.press("/")
    await expect(page.locator("#search")).to_be_focused()
    await page.locator('summary[title="Account"]').focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Change password")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator('summary[title="Account"]')).to_be_focused()
    await expect(page.get_by_role("link", name="Change password")).to_be_hidden()
    await page.locator("#search").fill("a1b2")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{club.url}/?q=a1b2")


async def test_every_open_page_hears_of_an_update(
    context: BrowserContext, page: Page, club: Product
) -> None:
    await sign_in(page, club, "/updates")
    others = [await context.new_page() for _ in range(2)]
    for other in others:
        await other.goto(f"{club.url}/updates")
        await expect(other.locator("[data-session]").first).to_be_visible()
    async with club.clock("5e9") as clock:
        await clock.heartbeat()
        session_id = await begin(clock, "2026.11.20.1")
        await asyncio.gather(
            *(
                expect(one.locator(f'[data-session="{session_id}"]')).to_be_visible()
                for one in (page, *others)
            )
        )
        await clock.send("ota/complete", session_id=session_id, success=False)
    for other in others:
        await other.close()


async def test_signed_out_elsewhere_leads_to_the_sign_in(
    context: BrowserContext, page: Page, club: Product
) -> None:
    await sign_in(page, club, "/updates")
    await expect(page.locator("[data-session]").first).to_be_visible()
    other = await context.new_page()
    await other.goto(f"{club.url}/account")
    await other.locator("#main").get_by_role("button", name="Sign out", exact=True).click()
    await expect(other).to_have_url(f"{club.url}/login")
    # The next word of the page is refused, and the socket with it.
    await page.get_by_role("button", name="Failed", exact=True).click()
    await expect(page).to_have_url(f"{club.url}/login?next=/updates%3Fstate%3Dfailed")


async def test_answers_over_the_socket_are_in_the_viewers_language(
    page: Page, club: Product
) -> None:
    cookie = {"name": "skiclock_lang", "value": "sv", "url": club.url}
    await page.context.add_cookies([cookie])  # type: ignore[list-item]
    await page.request.post(f"{club.url}/login", form={"username": EMAIL, "password": PASSWORD})
    await page.goto(f"{club.url}/?q=a1b2c3")
    await page.locator("[data-device] [data-action=menu]").click()
    await page.get_by_role("menuitem", name="Namn och grupp").click()
    await page.get_by_role("dialog").get_by_label("Namn").fill("Målhuset")
    await page.get_by_role("dialog").get_by_role("button", name="Spara").click()
    await expect(page.get_by_text("Sparat.")).to_be_visible()
