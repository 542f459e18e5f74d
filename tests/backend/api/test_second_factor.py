"""Signing in with a second factor: by form, by JSON, and after a link to a new password."""

from datetime import UTC, datetime, timedelta

import httpx
import pyotp
from sqlalchemy import update

from backend.api.guard import COOKIE
from backend.api.sign_in import STEP_COOKIE
from backend.models import User
from backend.people import By, make_link
from tests.backend.api.conftest import PASSWORD, Site

EMAIL = "admin@example.org"
FORM = {"username": EMAIL, "password": PASSWORD}


async def turned_on(site: Site) -> tuple[pyotp.TOTP, list[str]]:
    """Turn the factor of somebody on, a minute ago; return their app and recovery codes."""
    await site.signed_in()
    identity, now = await site.identity(EMAIL), datetime.now(UTC) - timedelta(seconds=60)
    setup = await site.server.factors.begin(identity, now=now)
    app = pyotp.TOTP(setup.secret)
    return app, await site.server.factors.confirm(identity, app.at(now), address=None, now=now)


async def code(client: httpx.AsyncClient, typed: str) -> str:
    """Type a code on the second page; return where that leads."""
    answer = await client.post("/login/code", data={"code": typed})
    assert answer.status_code == 303
    return answer.headers["location"]


async def test_the_password_alone_leads_to_the_code_and_opens_nothing(site: Site) -> None:
    app, _ = await turned_on(site)
    browser = site.client()
    answer = await browser.post("/login", data=FORM | {"next": "/updates"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/login/code")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{STEP_COOKIE}=")
    assert {"HttpOnly", "SameSite=lax", "Path=/login", "Max-Age=300"} <= set(cookie.split("; "))
    assert COOKIE not in browser.cookies
    assert (await browser.get("/api/status")).status_code == 401

    assert await code(browser, "000000") == "/login/code?error=wrong_code&next=%2Fupdates"
    typed = app.now()
    assert await code(browser, typed) == "/updates"
    assert (await browser.get("/api/status")).status_code == 200
    assert STEP_COOKIE not in browser.cookies
    thief = site.client()
    await thief.post("/login", data=FORM)
    assert "wrong_code" in await code(thief, typed)  # seen over a shoulder


async def test_a_code_without_its_password_opens_nothing(site: Site) -> None:
    app, codes = await turned_on(site)
    assert await code(site.client(), app.now()) == "/login?error=wrong_credentials"
    forged = site.client(cookie=f"{STEP_COOKIE}=nonsense")
    assert await code(forged, app.now()) == "/login?error=wrong_credentials"

    begun = site.client()
    await begun.post("/login", data=FORM)
    for change in ({"password_hash": "another"}, {"disabled": True}):
        async with site.server.database.session() as session:
            await session.execute(update(User).where(User.email == EMAIL).values(change))
        assert "wrong_credentials" in await code(begun, codes[0])
    assert COOKIE not in begun.cookies


async def test_a_program_sends_the_code_along(site: Site) -> None:
    app, _ = await turned_on(site)
    program = site.client(accept="application/json")
    answer = await program.post("/login", data=FORM)
    assert (answer.status_code, answer.json()["code"]) == (401, "code_required")
    answer = await program.post("/login", data=FORM | {"code": "000000"})
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_code")
    answer = await program.post("/login", data=FORM | {"password": "wrong", "code": app.now()})
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")
    assert (await program.post("/login", data=FORM | {"code": app.now()})).status_code == 200


async def test_a_link_to_a_new_password_is_no_way_around_it(site: Site) -> None:
    app, _ = await turned_on(site)
    identity = await site.identity(EMAIL)
    async with site.server.database.session() as session:
        token = await make_link(
            session, identity.user_id, by=By("test", None), now=datetime.now(UTC)
        )
    browser = site.client()
    answer = await browser.post(f"/join/{token}", data={"new": "ice on the lake"})
    assert answer.headers["location"] == "/login/code"
    assert COOKIE not in browser.cookies
    assert await code(browser, app.now()) == "/"
    assert COOKIE in browser.cookies
