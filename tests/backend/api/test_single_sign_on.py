"""Single sign-on: the whole way through a certified provider, and what is refused on it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import select, update

from backend.access import add_user
from backend.api.guard import COOKIE
from backend.api.single_sign_on import COOKIE as WAY_BACK
from backend.config import Settings
from backend.issuers import IssuerAwayError, Issuers
from backend.models import AuditEntry, Session, User
from backend.sign_in_models import SsoAccount
from tests.backend.api.conftest import PASSWORD, Site, serve
from tests.backend.api.provider import CLIENT, SECRET, running_provider, sign_in_there
from tests.backend.issuer import Issuer, new_key, served_issuer

HOME = "http://clocks.test"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "kari": {"email": "Kari@Club.example", "email_verified": True, "groups": ["ski"]},
    "ola": {"email": "ola@club.example", "email_verified": True, "groups": ["ski", "wheels"]},
    "nobody": {"email": "nobody@club.example", "email_verified": True, "groups": ["curling"]},
    "liar": {"email": "kari@club.example", "email_verified": False, "groups": ["wheels"]},
    "heir": {"email": "kari@club.example", "email_verified": True},
    "stranger": {"email": "kari@else.example", "email_verified": True, "groups": ["wheels"]},
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def provider() -> AsyncIterator[str]:
    async with running_provider(ACCOUNTS, site=HOME) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def issuer() -> AsyncIterator[Issuer]:
    async with served_issuer() as issuer:
        yield issuer


def with_provider(settings: Settings, url: str, **others: str) -> Settings:
    return settings.model_copy(
        update={
            "base_url": HOME,
            "oidc_issuer": url,
            "oidc_client_id": CLIENT,
            "oidc_client_secret": SecretStr(SECRET),
            "oidc_scopes": "openid email groups",
            "oidc_roles": "wheels=admin, ski=viewer",
            "oidc_domains": "club.example",
            **others,
        }
    )


@pytest_asyncio.fixture(loop_scope="session")
async def site(settings: Settings, provider: str) -> AsyncIterator[Site]:
    """A server whose people may come through the certified provider."""
    async with serve(with_provider(settings, provider)) as site:
        await site.server.loaded.wait()
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def strange(settings: Settings, issuer: Issuer) -> AsyncIterator[Site]:
    """A server whose provider is the tests' own."""
    async with serve(with_provider(settings, issuer.url)) as site:
        await site.server.loaded.wait()
        yield site


async def begin(browser: httpx.AsyncClient, after: str = "/") -> str:
    """Press the button; return the way to the provider."""
    answer = await browser.get("/sso/start", params={"next": after})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def there_and_back(site: Site, browser: httpx.AsyncClient, name: str) -> httpx.Response:
    """Sign in at the provider as somebody; return how the server receives them."""
    async with httpx.AsyncClient() as web:
        back = await sign_in_there(web, await begin(browser, "/updates"), name, back_to=HOME)
    return await browser.get(back.removeprefix(HOME))


def outcome(answer: httpx.Response) -> str:
    """Return where one was led, or why not."""
    assert answer.status_code == 303
    where = urlsplit(answer.headers["location"])
    return parse_qs(where.query).get("error", [where.path])[0]


async def add(site: Site, email: str, role: str = "technician") -> None:
    async with site.server.database.session() as session:
        await add_user(
            session, email=email, role=role, password=PASSWORD, actor="test", address=None,
            now=site.server.started_at,
        )  # fmt: skip


async def test_somebody_who_is_known_here_comes_in_with_the_role_given_here(site: Site) -> None:
    await add(site, "kari@club.example")
    browser = site.client()

    assert outcome(await there_and_back(site, browser, "kari")) == "/updates"
    assert COOKIE in browser.cookies
    assert WAY_BACK not in browser.cookies
    assert (await browser.get("/api/status")).status_code == 200
    assert (await site.identity("kari@club.example")).role == "technician"
    async with site.server.database.session() as session:
        actions = (await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))).all()
    assert actions[-2:] == ["user.link", "user.sign_in"]


async def test_what_is_asked_for_at_the_provider_is_bound_to_this_browser(site: Site) -> None:
    browser = site.client()
    query = parse_qs(urlsplit(await begin(browser)).query)
    again = parse_qs(urlsplit(await begin(browser)).query)

    assert query["code_challenge_method"] == ["S256"]
    assert query["response_type"] == ["code"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(query[name][0]) >= 43
        assert query[name] != again[name]
    cookie = (await browser.get("/sso/start")).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/sso", "Max-Age=600"} <= set(cookie.split("; "))
    assert query["state"][0] not in cookie


async def test_groups_give_newcomers_their_role_and_take_it_away(
    site: Site, settings: Settings, provider: str
) -> None:
    browser = site.client()
    assert outcome(await there_and_back(site, browser, "ola")) == "/updates"
    assert (await site.identity("ola@club.example")).role == "admin"

    changed = with_provider(settings, provider, oidc_roles="ski=viewer")
    async with serve(changed) as later:
        await later.server.loaded.wait()
        assert outcome(await there_and_back(later, later.client(), "ola")) == "/updates"
        assert (await later.identity("ola@club.example")).role == "viewer"
    changed = with_provider(settings, provider, oidc_roles="wax=viewer")
    async with serve(changed) as later:
        await later.server.loaded.wait()
        assert outcome(await there_and_back(later, later.client(), "ola")) == "sso_unknown"


async def test_whom_the_provider_or_the_settings_do_not_vouch_for_is_refused(site: Site) -> None:
    await add(site, "kari@club.example", "admin")
    for name, code in (
        ("nobody", "sso_unknown"),
        ("liar", "sso_unverified"),
        ("never@heard.example", "sso_unverified"),
        ("stranger", "sso_domain"),
    ):
        browser = site.client()
        assert outcome(await there_and_back(site, browser, name)) == code
        assert COOKIE not in browser.cookies
    async with site.server.database.session() as session:
        assert (await session.scalars(select(SsoAccount))).all() == []


async def test_an_address_that_passes_to_another_person_opens_nothing(site: Site) -> None:
    await add(site, "kari@club.example")
    await there_and_back(site, site.client(), "kari")
    assert outcome(await there_and_back(site, site.client(), "heir")) == "sso_taken"


async def test_who_is_disabled_here_does_not_come_in(site: Site) -> None:
    await add(site, "kari@club.example")
    await there_and_back(site, site.client(), "kari")
    async with site.server.database.session() as session:
        await session.execute(update(User).values(disabled=True))
    assert outcome(await there_and_back(site, site.client(), "kari")) == "sso_disabled"


async def test_a_way_back_works_once_and_in_its_own_browser(site: Site) -> None:
    await add(site, "kari@club.example")
    mine, other = site.client(), site.client()
    async with httpx.AsyncClient() as web:
        back = await sign_in_there(web, await begin(mine), "kari", back_to=HOME)
    path = back.removeprefix(HOME)
    cookie = mine.cookies[WAY_BACK]

    assert outcome(await other.get(path)) == "sso_failed"  # a link that somebody was sent
    await begin(other)
    assert outcome(await other.get(path)) == "sso_failed"  # … in the middle of their own way
    assert outcome(await mine.get(path)) == "/"
    thief = site.client(cookie=f"{WAY_BACK}={cookie}")
    assert outcome(await thief.get(path)) == "sso_failed"  # the code was used


async def test_a_planted_session_ends_when_its_browser_signs_in(site: Site) -> None:
    await add(site, "kari@club.example")
    browser = await site.signed_in("viewer")
    planted = browser.cookies[COOKIE]
    await there_and_back(site, browser, "kari")
    assert browser.cookies[COOKIE] != planted
    old = site.client(cookie=f"{COOKIE}={planted}")
    assert (await old.get("/api/status")).status_code == 401


async def test_signing_out_ends_the_session_at_the_provider_too(site: Site, provider: str) -> None:
    await add(site, "kari@club.example")
    for method in ("GET", "POST"):
        browser = site.client()
        async with httpx.AsyncClient() as web:
            back = await sign_in_there(web, await begin(browser), "kari", back_to=HOME)
            await browser.get(back.removeprefix(HOME))
            answer = await browser.request(method, "/logout")
            assert COOKIE not in browser.cookies
            url = answer.headers.get("location") or answer.text.split("url=")[1].split('"')[0]
            assert url.startswith(f"{provider}/session/end?id_token_hint=")
            page = await web.get(url.replace("&amp;", "&"))
            assert page.status_code == 200
            assert "Do you want to sign-out" in page.text
    async with site.server.database.session() as session:
        assert (await session.scalars(select(Session))).all() == []


async def test_after_a_password_one_signs_out_here_alone(site: Site) -> None:
    person = await site.signed_in()
    assert (await person.get("/logout")).headers["location"] == "/login"


async def back_at(strange: Site, **query: str) -> str:
    """Go to the tests' own issuer and back; return how that ends."""
    browser = strange.client()
    async with httpx.AsyncClient() as web:
        back = (await web.get(await begin(browser))).headers["location"]
    path = back.removeprefix(HOME) + "".join(f"&{key}={value}" for key, value in query.items())
    return outcome(await browser.get(path))


GOOD = {"email": "kari@club.example", "email_verified": True, "groups": ["ski"]}


CLAIMS: list[tuple[dict[str, Any], str]] = [
    ({}, "/"),
    ({"email_verified": "true"}, "/"),
    ({"email_verified": None, "xms_edov": "1"}, "/"),
    ({"aud": ["clocks"]}, "/"),
    ({"aud": ["clocks", "else"], "azp": "clocks"}, "/"),
    ({"nonce": "another"}, "bad_token"),
    ({"nonce": None}, "bad_token"),
    ({"aud": "else"}, "bad_token"),
    ({"aud": None}, "bad_token"),
    ({"aud": ["clocks", "else"]}, "bad_token"),
    ({"azp": "else"}, "bad_token"),
    ({"iss": "http://localhost:1"}, "bad_token"),
    ({"exp": 1}, "bad_token"),
    ({"iat": 2**40}, "bad_token"),
    ({"nbf": 2**40}, "bad_token"),
    ({"exp": "soon"}, "bad_token"),
    ({"sub": None}, "bad_token"),
    ({"sub": ""}, "bad_token"),
    ({"sub": ["kari"]}, "bad_token"),
    ({"at_hash": "another"}, "bad_token"),
    ({"email_verified": False}, "sso_unverified"),
    ({"email_verified": None}, "sso_unverified"),
    ({"email_verified": "no"}, "sso_unverified"),
    ({"email": ["kari@club.example"]}, "sso_unverified"),
    ({"email": "kari"}, "bad_email"),
    ({"groups": {"ski": True}}, "sso_unknown"),
    ({"groups": "ski"}, "/"),
]


async def test_only_a_token_for_us_of_now_is_believed(strange: Site, issuer: Issuer) -> None:
    wrong = []
    for claims, how in CLAIMS:
        issuer.claims = GOOD | claims
        found = await back_at(strange)
        if found != how:
            wrong.append((claims, found, how))
    assert wrong == []


async def test_a_token_of_another_key_is_not_believed(strange: Site, issuer: Issuer) -> None:
    issuer.claims = GOOD
    for kid in ("one", "two"):
        issuer.key = new_key(kid)
        assert await back_at(strange) == "bad_token"


async def test_more_is_asked_for_where_the_token_holds_little(
    strange: Site, issuer: Issuer
) -> None:
    issuer.user_info = GOOD | {"sub": "kari"}
    assert await back_at(strange) == "/"
    issuer.user_info = GOOD | {"sub": "ola"}
    assert await back_at(strange) == "bad_token"


async def test_what_the_provider_refuses_is_refused(strange: Site, issuer: Issuer) -> None:
    assert await back_at(strange, iss="http://localhost:1") == "sso_failed"
    browser = strange.client()
    state = parse_qs(urlsplit(await begin(browser)).query)["state"][0]
    answer = await browser.get(f"/sso/callback?state={state}&error=access_denied")
    assert outcome(answer) == "sso_failed"
    assert outcome(await strange.client().get("/sso/callback")) == "sso_failed"


@pytest.mark.parametrize(
    "says",
    [
        {"issuer": "http://localhost:1"},
        {"jwks_uri": 7},
        {"authorization_endpoint": None},
        {"padding": "x" * 600_000},
    ],
    ids=lambda says: next(iter(says)),
)
async def test_a_provider_that_answers_strangely_is_as_good_as_away(
    issuer: Issuer, says: dict[str, Any]
) -> None:
    issuer.says = says
    issuers, now = Issuers(), datetime.now(UTC)
    for after_s in (0, 1):  # it is left alone for a while
        with pytest.raises(IssuerAwayError):
            await issuers.get(issuer.url).metadata(now=now + timedelta(seconds=after_s))
    assert issuer.asked == ["metadata"]
    await issuers.close()


async def test_a_foreign_page_signs_nobody_in(site: Site) -> None:
    answer = await site.client().get("/sso/start", headers={"sec-fetch-site": "cross-site"})
    assert answer.headers["location"] == "/login"
