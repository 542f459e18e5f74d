"""What people do beside watching: first password, firmware by hand, links, languages."""

import re

from itsdangerous import URLSafeSerializer
from playwright.async_api import Browser, Page, expect

from e2e.conftest import EMAIL, Product, running_product, sign_in
from tests.backend.images import esp_image


async def test_first_password_must_be_changed_before_anything_else(page: Page) -> None:
    async with running_product(SKICLOCK_ADMIN_PASSWORD="") as product:
        shown = re.search(r"Password\s+(\S+)", product.log.read_text())
        assert shown is not None, "printed once at the first start"
        await page.goto(f"{product.url}/login")
        await page.get_by_label("E-mail").fill(EMAIL)
        await page.get_by_label("Password", exact=True).fill(shown[1])
        await page.get_by_role("button", name="Sign in").click()
        await expect(page).to_have_url(re.compile("/password"))
        await page.goto(f"{product.url}/firmware")
        await expect(page).to_have_url(re.compile("/password"))
        await page.locator("[name=current]").fill(shown[1])
        await page.locator("[name=new]").fill("ice on the lake at dawn")
        await page.locator("[name=repeat]").fill("ice on the lake at dawn")
        await page.locator("form:has([name=current]) button[type=submit]").click()
        await expect(page).to_have_url(f"{product.url}/")
        await product.stop()
        await product.start()
        assert shown[1] not in product.log.read_text().split("Ski Clock Neo is running.")[-1]


async def test_firmware_is_published_and_downloaded_by_hand(page: Page, product: Product) -> None:
    await sign_in(page, product, "/firmware")
    image = esp_image("esp32s3", size_bytes=300_000)
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Choose a file").click()
    await (await chooser.value).set_files(
        {
            "name": "esp32s3-2026.11.24.9.bin",
            "mimeType": "application/octet-stream",
            "buffer": image,
        }
    )
    await page.get_by_role("button", name="Publish").click()
    row = page.get_by_role("row").filter(has_text="2026.11.24.9")
    await expect(row).to_be_visible()
    async with page.expect_download() as download:
        await row.get_by_text("Download").click()
    path = await (await download.value).path()
    assert path.read_bytes() == image


async def test_expired_and_changed_links_are_refused(page: Page, product: Product) -> None:
    await sign_in(page, product)
    answer = await page.request.get(f"{product.url}/firmware/user-download/nonsense")
    assert answer.status == 404
    signer = URLSafeSerializer(product.secrets["secret_key"], salt="firmware download")
    expired = signer.dumps([1, "esp32", "2026.11.24.7", "application", "", 1])
    answer = await page.request.get(f"{product.url}/firmware/user-download/{expired}")
    assert answer.status == 410
    assert "expired" in await answer.text()


async def test_pages_speak_swedish_and_norwegian(page: Page, product: Product) -> None:
    await sign_in(page, product)
    for language, word in (("sv", "Klockor"), ("nb", "Klokker"), ("en", "Clocks")):
        cookie = {"name": "skiclock_lang", "value": language, "url": product.url}
        await page.context.add_cookies([cookie])
        await page.goto(product.url)
        await expect(page.locator("html")).to_have_attribute("lang", re.compile(language))
        await expect(page.get_by_role("link", name=word, exact=True)).to_be_visible()
        await page.wait_for_load_state("networkidle")


async def test_nothing_is_loaded_from_elsewhere(page: Page, product: Product) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    await sign_in(page, product)
    for path in ("/updates", "/firmware", "/diagnostics", "/account", "/docs"):
        await page.goto(product.url + path)
        await page.wait_for_load_state("networkidle")
    assert hosts == {f"localhost:{product.port}"}


async def test_whoever_is_invited_joins_by_link_and_the_log_tells_of_it(
    browser: Browser, page: Page, product: Product
) -> None:
    await sign_in(page, product, "/people")
    await page.get_by_role("button", name="Invite somebody").click()
    await page.get_by_label("E-mail").fill("Ola@club.example")
    await page.locator("#people-role").select_option("viewer")
    await page.keyboard.press("Enter")
    link = await page.locator("#people-link").inner_text()
    row = page.locator('[data-person="ola@club.example"]')
    await expect(row).to_contain_text("Invited")

    context = await browser.new_context()
    guest = await context.new_page()
    await guest.goto(link)
    for password, said in (("password12345", "easy to guess"), ("amber gate and a late start", "")):
        await guest.locator("[name=new]").fill(password)
        await guest.locator("[name=repeat]").fill(password)
        await guest.get_by_role("button", name="Join").click()
        if said:
            await expect(guest.get_by_role("alert")).to_contain_text(said)
    await expect(guest).to_have_url(f"{product.url}/")
    again = await guest.request.get(link)
    assert again.status == 404
    for forbidden in ("/people", "/audit"):
        answer = await guest.goto(product.url + forbidden)
        assert answer is not None
        assert answer.status == 403

    await page.reload()
    await row.get_by_label("Role: ola@club.example").select_option("technician")
    await expect(page.get_by_text("ola@club.example has another role from now on.")).to_be_visible()
    await row.get_by_role("button", name="Browsers").click()
    await row.get_by_role("button", name="Sign out: ").click()
    await expect(row).to_contain_text("Signed in nowhere.")
    await guest.goto(f"{product.url}/account")
    await expect(guest).to_have_url(f"{product.url}/login?next=/account")
    await row.get_by_role("button", name="Disable").click()
    await row.get_by_role("button", name="Disable").click()
    await expect(row).to_contain_text("Disabled")
    await context.close()

    await page.goto(f"{product.url}/audit?object=ola@club.example&action=user.role")
    entry = page.locator("[data-action='user.role']")
    await expect(entry).to_have_count(1)
    await expect(entry).to_contain_text(EMAIL)
    await expect(entry.locator("del")).to_have_text("viewer")
    await expect(entry.locator("ins")).to_have_text("technician")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="Export as CSV").click()
    lines = (await (await download.value).path()).read_text().splitlines()
    assert [line.split(",")[3:5] for line in lines[1:]] == [["user.role", "ola@club.example"]]
    await page.get_by_role("button", name="Show all entries").click()
    await expect(page.locator("[data-action='audit.export']").first).to_be_visible()


async def test_ones_own_other_browsers_are_signed_out_from_the_account(
    browser: Browser, page: Page, product: Product
) -> None:
    contexts = [await browser.new_context() for _ in range(2)]
    for context in contexts:
        other = await context.new_page()
        await sign_in(other, product, "/account")
    await sign_in(page, product, "/account")
    await expect(page.get_by_text("this one")).to_have_count(1)
    await page.get_by_role("button", name="Sign out all others").click()
    await expect(page.locator("[data-session-id] button")).to_have_count(0)
    await other.goto(f"{product.url}/account")
    await expect(other).to_have_url(f"{product.url}/login?next=/account")
    await page.reload()
    await expect(page.get_by_text("this one")).to_have_count(1)
    for context in contexts:
        await context.close()
