"""A role of one's own in a real browser: made, given, and what its people see of the clocks."""

from playwright.async_api import Browser, Page, expect

from e2e.conftest import Product, sign_in
from e2e.test_fleet_page import card

ASK = """([what, args]) => window.socket.timeout(5000)
    .emitWithAck("live_ask", {what, args, client_id: window.clientId})"""


async def test_whoever_sees_one_group_sees_no_other_clock_and_a_changed_role_holds_at_once(
    browser: Browser, page: Page, product: Product
) -> None:
    await sign_in(page, product)
    async with product.clock("c0ac1") as ours, product.clock("c0ac2") as theirs:
        await ours.heartbeat()
        await theirs.heartbeat()
        await put_into(page, "c0ac1", "Alpine")
        await put_into(page, "c0ac2", "Nordic")

        await page.goto(f"{product.url}/roles")
        await page.get_by_role("button", name="Make a role").click()
        await page.locator("#role-name").fill("Coach")
        await page.locator('[data-right="clocks.edit"]').check()
        await page.get_by_label("Only those of some groups").check()
        await expect(page.locator('[data-right="users.manage"]')).to_be_disabled()
        await page.get_by_label("Alpine").check()
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator('[data-role="Coach"]')).to_contain_text("Alpine")

        coach = await join_as(browser, page, product, "Coach")
        await expect(card(coach, "c0ac1")).to_be_visible()
        await expect(coach.locator("[data-device]")).to_have_count(1)
        await expect(coach.get_by_role("link", name="Roles")).to_have_count(0)
        assert (await coach.request.get(f"{product.url}/clocks/c0ac2")).status == 404
        assert (await coach.request.get(f"{product.url}/roles")).status == 403
        for what, args in (
            ("clock.state", {"device_id": "c0ac2"}),
            ("clock.settings", {"device_id": "c0ac2"}),
            ("clock.set", {"device_id": "c0ac2", "changes": {"brightness": 1}, "version": 0}),
        ):
            assert (await coach.evaluate(ASK, [what, args]))["code"] == "unknown_device", what
        answer = await coach.evaluate(ASK, ["updates.clocks", {"text": "c0ac"}])
        assert [one["device_id"] for one in answer["answer"]] == ["c0ac1"]
        answer = await coach.evaluate(ASK, ["roles.save", {"name": "Mine", "permissions": []}])
        assert answer["code"] == "forbidden"

        # The same open page, after its person's role sees the other group.
        await page.locator('[data-role="Coach"]').get_by_role("button", name="Edit").click()
        await page.get_by_label("Alpine").uncheck()
        await page.get_by_label("Nordic").check()
        await page.get_by_role("button", name="Save").click()
        await theirs.heartbeat(rssi=-50)
        await expect(card(coach, "c0ac2")).to_be_visible(timeout=20_000)
        await expect(card(coach, "c0ac1")).to_have_count(0)
        await coach.context.close()


async def put_into(page: Page, device_id: str, group: str) -> None:
    await card(page, device_id).locator("[data-action=menu]").click()
    await page.locator(".fleet-menu [data-action=rename]").click()
    await page.get_by_role("dialog").get_by_label("Group").fill(group)
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(card(page, device_id).locator("[data-field=group]")).to_have_text(group)


async def join_as(browser: Browser, page: Page, product: Product, role: str) -> Page:
    """Invite somebody with a role, and return their page of clocks."""
    guest = {"email": "coach@club.example", "role": role}
    answer = await page.evaluate(ASK, ["people.invite", guest])
    coach = await (await browser.new_context(viewport={"width": 1280, "height": 900})).new_page()
    await coach.goto(product.url + answer["answer"]["path"])
    await coach.locator("[name=new]").fill("amber gate and a late start")
    await coach.locator("[name=repeat]").fill("amber gate and a late start")
    await coach.get_by_role("button", name="Join").click()
    await coach.wait_for_url(f"{product.url}/")
    await coach.wait_for_load_state("networkidle")
    return coach
