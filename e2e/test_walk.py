"""Every role tries every door: routes, pages, questions, topics, and the buttons that pages offer.

The tables are compared with what the product registers: a new door without an entry fails.
Letters say who passes: o = everybody, v = viewer, t = technician, a = administrator, and
c = a coach, whose own role sees one group of clocks, edits those, and flashes one board.
"""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from backend.api.guard import COOKIE
from e2e.conftest import EMAIL, PASSWORD, Clock, Product, sign_in
from e2e.test_fleet_page import card
from e2e.test_roles import ASK
from tests.backend.images import esp_image

OURS, THEIRS = "3a1c01", "3a1c02"
SECRET = "amber gate and a late start"
ALL = "vtac"

ROUTES = {
    ("GET", "/"): ALL,
    ("GET", "/_nicegui/{version}/components/{key:path}"): ALL,
    ("GET", "/_nicegui/{version}/dynamic_resources/{name}"): ALL,
    ("GET", "/_nicegui/{version}/esm/{key}/{path:path}"): ALL,
    ("GET", "/_nicegui/{version}/libraries/{key:path}"): ALL,
    ("GET", "/_nicegui/{version}/resources/{key}/{path:path}"): ALL,
    ("GET", "/account"): ALL,
    ("GET", "/api/audit.csv"): "a",
    **{
        (method, f"/api/broker/http/{path}"): "o"
        for path in ("user", "superuser", "acl")
        for method in ("GET", "POST", "PUT")
    },
    ("POST", "/api/broker/emqx/user"): "o",
    ("POST", "/api/broker/emqx/acl"): "o",
    ("GET", "/api/devices"): ALL,
    ("GET", "/api/firmware"): ALL,
    ("GET", "/api/firmware/{platform}"): "tac",
    ("GET", "/api/ota-logs"): ALL,
    ("GET", "/api/ota-stats"): ALL,
    ("GET", "/api/status"): ALL,
    ("GET", "/api/version"): ALL,
    **{
        (method, "/api/{path:path}"): ALL
        for method in ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
    },
    ("GET", "/audit"): "a",
    ("GET", "/clocks/{device_id}"): ALL,
    ("GET", "/diagnostics"): "ta",
    ("GET", "/docs"): ALL,
    ("GET", "/firmware"): ALL,
    ("GET", "/firmware/manifest/{platform}.json"): "tac",
    ("GET", "/firmware/manifest/{platform}/{version}.json"): "tac",
    ("GET", "/firmware/user-download/{token}"): "o",
    ("GET", "/flash"): "tac",
    ("GET", "/healthz"): "o",
    ("GET", "/join/{token}"): "o",
    ("GET", "/keys"): "a",
    ("GET", "/login"): "o",
    ("GET", "/login/code"): "o",
    ("GET", "/metrics"): "ta",
    ("GET", "/openapi.json"): ALL,
    ("GET", "/password"): ALL,
    ("GET", "/people"): "a",
    ("GET", "/readyz"): "o",
    ("GET", "/roles"): "a",
    ("GET", "/sso/callback"): "o",
    ("GET", "/sso/start"): "o",
    ("GET", "/static/{digest}/{name:path}"): "o",
    ("GET", "/sync"): "a",
    ("GET", "/ui/fleet.json"): ALL,
    ("GET", "/ui/language/{code}"): ALL,
    ("GET", "/ui/me"): ALL,
    ("GET", "/updates"): ALL,
    ("HEAD", "/api/firmware/{platform}"): "tac",
    ("HEAD", "/firmware/user-download/{token}"): "o",
    ("HEAD", "/openapi.json"): ALL,
    ("HEAD", "/static/{digest}/{name:path}"): "o",
    ("POST", "/api/clocks/claims"): "tac",
    ("POST", "/api/devices/{device_id}/credentials/rotate"): "tac",
    ("POST", "/api/devices/{device_id}/swap"): "tac",
    ("POST", "/api/promote"): "a",
    ("POST", "/api/upload"): "a",
    ("POST", "/join/{token}"): "o",
    ("POST", "/login"): "o",
    ("POST", "/login/code"): "o",
    ("POST", "/password"): ALL,
    # These end something, so they come last.
    ("DELETE", "/api/devices/{device_id}/credentials"): "tac",
    ("DELETE", "/api/devices/{device_id}"): "a",
    ("GET", "/logout"): ALL,
    ("POST", "/logout"): ALL,
}

QUESTIONS = {
    "audit.find": "a",
    "clock.credentials": ALL,
    "clock.revoke": "tac",
    "clock.rotate": "tac",
    "clock.set": "tac",
    "clock.settings": ALL,
    "clock.state": ALL,
    "clock.tell": "ta",
    "factor.begin": ALL,
    "factor.confirm": ALL,
    "factor.off": ALL,
    "factor.renew": ALL,
    "firmware.link": "tac",
    "firmware.promote": "a",
    "flash.attempts": ALL,
    "flash.begin": "tac",
    "flash.boards": "tac",
    "flash.finish": "tac",
    "flash.links": "tac",
    "flash.log": ALL,
    "keys.add": "a",
    "keys.revoke": "a",
    "keys.rotate": "a",
    "keys.turn": "a",
    "people.disable": "a",
    "people.enable": "a",
    "people.factor": "a",
    "people.invite": "a",
    "people.link": "a",
    "people.role": "a",
    "people.sessions": "a",
    "people.withdraw": "a",
    "roles.remove": "a",
    "roles.save": "a",
    "sessions.end": ALL,
    "sync.look": "a",
    "updates.clocks": ALL,
    "updates.find": ALL,
}

ENDS_THE_ASKER = "sessions.end"
"""Everybody may sign out their own browsers: asked with nothing, it signs out this one."""

TOPICS = {
    "certificates": "ta",
    "clock": ALL,
    "diagnostics": "ta",
    "firmware": ALL,
    "flash": "tac",
    "flashed": ALL,
    "health": ALL,
    "sync": "a",
    "updates": ALL,
}

CONTROLS = {
    "/": {
        ".fleet-menu [data-action=copy]": ALL,
        ".fleet-menu [data-action=rename]": "tac",
        ".fleet-menu [data-action=remove]": "a",
        'nav.places a[href="/flash"]': "tac",
        'nav.places a[href="/diagnostics"]': "ta",
        'nav.places a[href="/people"]': "a",
        'nav.places a[href="/roles"]': "a",
        'nav.places a[href="/keys"]': "a",
        'nav.places a[href="/audit"]': "a",
    },
    f"/clocks/{OURS}": {
        "[aria-labelledby=clock-tell] button": "ta",
        ".clock-set-form fieldset:not([disabled]) input": "tac",
        ".clock-set-form [type=submit]": "tac",
    },
    "/firmware": {
        "form.publish": "a",
        ".firmware-get button, .firmware-get a": "tac",
    },
}
"""What each page offers, by a selector: what changes something, and ways to where that is done."""

HERE = {
    "{version}.json": "2026.11.24.1.json",
    "{platform}": "esp01",
    "{device_id}": OURS,
    "{token}": "nonsense",
    "{code}": "en",
    "{path:path}": "nothing",
}
BOARD = {"platform": "esp01", "version": "2026.11.24.1"}
CLOSED = {"not_signed_in", "forbidden", "not_allowed"}
FOLLOW = ASK.replace("live_ask", "live_follow").replace("{what, args,", "{topic: what,")


@dataclass
class Walkers:
    """Somebody of each role, by letter, and the clients through which they knock."""

    product: Product
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def client(self) -> httpx.AsyncClient:
        headers = {"accept": "application/json", "origin": self.product.url}
        # A door that is shut before the body was read may shut the connection, too.
        limits = httpx.Limits(max_keepalive_connections=0)
        return httpx.AsyncClient(
            base_url=self.product.url, headers=headers, timeout=60, limits=limits
        )

    async def page_of(self, letter: str, browser: Browser) -> Page:
        context = await browser.new_context(viewport={"width": 1280, "height": 900})
        cookie = self.clients[letter].cookies[COOKIE]
        await context.add_cookies([{"name": COOKIE, "value": cookie, "url": self.product.url}])
        page = await context.new_page()
        await page.goto(self.product.url)
        await expect(card(page, OURS)).to_be_visible(timeout=20_000)
        return page


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def walkers(browser: Browser, product: Product) -> AsyncIterator[Walkers]:
    await product.upload("esp01", "2026.11.24.1", esp_image("esp01", size_bytes=200_000))
    for device_id in (OURS, THEIRS):
        async with product.clock(device_id) as clock:
            await second_generation(clock)
    page = await browser.new_page()
    await sign_in(page, product)
    for device_id, group in ((OURS, "Walkers"), (THEIRS, "Others")):
        await put_into(page, device_id, group)
    coach = {
        "name": "Walking coach",
        "permissions": ["clocks.edit", "firmware.download"],
        "platforms": ["esp01"],
        "groups": ["Walkers"],
    }
    answer = await page.evaluate(ASK, ["roles.save", coach])
    assert "answer" in answer, answer
    found = Walkers(product)
    for letter, role in (("v", "viewer"), ("t", "technician"), ("c", "Walking coach")):
        guest = {"email": f"walker-{letter}@club.example", "role": role}
        answer = await page.evaluate(ASK, ["people.invite", guest])
        found.clients[letter] = found.client()
        form = {"new": SECRET, "repeat": SECRET}
        joined = await found.clients[letter].post(answer["answer"]["path"], data=form)
        assert joined.status_code == 200, joined.text
    await page.close()
    found.clients["a"] = found.client()
    form = {"username": EMAIL, "password": PASSWORD}
    assert (await found.clients["a"].post("/login", data=form)).status_code in {200, 303}
    found.clients["-"] = found.client()
    yield found
    for client in found.clients.values():
        await client.aclose()


async def second_generation(clock: Clock) -> None:
    await clock.send(
        "heartbeat", board="ESP-01", version="2026.11.24.1", uptime=60, rssi=-61, free_heap=30000,
        ssid="Stadion", ip="192.168.1.5", protocol=2, reset_reason="power_on", time_source="ntp",
        clock_error_ms=12, frame_ms=9, trust="verified", config_version=0,
    )  # fmt: skip


async def put_into(page: Page, device_id: str, group: str) -> None:
    await card(page, device_id).locator("[data-action=menu]").click()
    await page.locator(".fleet-menu [data-action=rename]").click()
    await page.get_by_role("dialog").get_by_label("Group").fill(group)
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(card(page, device_id).locator("[data-field=group]")).to_have_text(group)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def doors(tmp_path_factory: Any) -> dict[str, Any]:
    """What the product registers, asked in a process of its own."""
    folder = tmp_path_factory.mktemp("doors")
    script = Path(__file__).with_name("doors.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), str(folder), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return dict(json.loads(output.decode().splitlines()[-1]))


async def test_the_tables_name_every_door(doors: dict[str, Any]) -> None:
    routes = {
        (method, re.sub(r"^/_nicegui/[\d.]+/", "/_nicegui/{version}/", path))
        for method, path in doors["routes"]
    }
    assert sorted(routes ^ set(ROUTES)) == []
    assert sorted(set(doors["questions"]) ^ set(QUESTIONS)) == []
    assert sorted(set(doors["topics"]) ^ set(TOPICS)) == []


async def test_everybody_asks_every_question_and_follows_every_topic(
    walkers: Walkers, browser: Browser
) -> None:
    wrong = []
    for letter in ALL:
        page = await walkers.page_of(letter, browser)
        for script, table in ((ASK, QUESTIONS), (FOLLOW, TOPICS)):
            answers = await page.evaluate(
                f"async names => {{ const ask = {script}; const found = {{}};"
                f" const BOARD = {json.dumps(BOARD)};"
                " for (const one of names)"
                " found[one] = (await ask([one, BOARD])).code ?? 'answered';"
                " return found; }",
                [name for name in table if name != ENDS_THE_ASKER],
            )
            wrong += [
                (letter, name, code)
                for name, code in answers.items()
                if (code not in CLOSED) != (letter in table[name])
            ]
        await page.context.close()
    assert wrong == []


async def test_a_page_offers_what_its_reader_may_do_and_nothing_else(
    walkers: Walkers, browser: Browser
) -> None:
    wrong = []
    for letter in ALL:
        page = await walkers.page_of(letter, browser)
        for path, controls in CONTROLS.items():
            await page.goto(walkers.product.url + path)
            await page.wait_for_load_state("networkidle")
            if path == "/":
                await card(page, OURS).locator("[data-action=menu]").click()
            for selector, letters in controls.items():
                is_there = await page.locator(selector).count() > 0
                if is_there != (letter in letters):
                    wrong.append((letter, path, selector, is_there))
        await page.context.close()
    assert wrong == []


async def test_everybody_tries_every_door(walkers: Walkers) -> None:
    wrong = []
    for letter in "-vtca":  # the administrator last, who removes the clock
        client = walkers.clients[letter]
        for (method, path), letters in ROUTES.items():
            if letter != "-" and (method, path) == ("GET", "/logout"):
                continue  # it ends the session as well, and the other way is tried
            if letter == "c" and path.endswith("/swap"):
                await check_the_other_clock(client)
            answer = await client.request(method, address_of(path), follow_redirects=False)
            passes = not is_refused(answer)
            if passes != (letters == "o" or letter in letters):
                wrong.append((letter, method, path, answer.status_code, answer.text[:80]))
    assert wrong == []


async def check_the_other_clock(coach: httpx.AsyncClient) -> None:
    """A clock of another group is not there for the coach, at any door that names one."""
    for method, path in ROUTES:
        if "{device_id}" in path and path != "/api/devices/{device_id}":
            answer = await coach.request(method, path.replace("{device_id}", THEIRS))
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_device"), path


def address_of(path: str) -> str:
    for name, value in HERE.items():
        path = path.replace(name, value)
    return re.sub(r"{[^}]*}", "nothing", path) + (
        "?platform=esp01" if path == "/api/version" else ""
    )


def is_refused(answer: httpx.Response) -> bool:
    """Tell whether the door was shut: who asks is nobody here, or may not do it."""
    if answer.status_code not in {401, 403}:
        return answer.status_code == 303 and answer.headers["location"].startswith("/login?")
    if not answer.content:  # to HEAD
        return True
    return answer.json()["code"] in CLOSED
