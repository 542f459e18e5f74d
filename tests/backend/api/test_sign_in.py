"""Signing in and out by plain forms, as scripts and password managers do."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select

from backend.api.guard import COOKIE, PASSWORD_PATH
from backend.api.sign_in import own_path
from backend.models import Session
from tests.backend.api.conftest import ADMIN, PASSWORD, Site

JSON = {"accept": "application/json"}


@pytest_asyncio.fixture(loop_scope="session")
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    yield site.client()


async def sign_in(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    return await client.post("/login", data={"username": ADMIN, "password": PASSWORD} | fields)


async def test_a_plain_form_signs_in_and_leads_on(client: httpx.AsyncClient) -> None:
    answer = await sign_in(client, next="/firmware?platform=esp32")

    assert (answer.status_code, answer.headers["location"]) == (303, "/firmware?platform=esp32")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert (await client.get("/api/status")).status_code == 200


async def test_the_cookie_is_for_https_alone_behind_a_proxy_that_speaks_it(site: Site) -> None:
    client = site.client(**{"x-forwarded-proto": "https"})
    assert "; Secure" in (await sign_in(client)).headers["set-cookie"]


@pytest.mark.parametrize(
    "send",
    [
        {"data": {"email": ADMIN, "password": PASSWORD}},
        {"json": {"username": ADMIN, "password": PASSWORD}},
        {"files": {"username": (None, ADMIN), "password": (None, PASSWORD)}},
        {"data": {"username": f"  {ADMIN.upper()} ", "password": PASSWORD}},
    ],
    ids=["email", "json", "multipart", "upper case"],
)
async def test_every_kind_of_form_signs_in(
    client: httpx.AsyncClient, send: dict[str, dict[str, str]]
) -> None:
    answer = await client.post("/login", **send)  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_a_wrong_password_leads_back_with_a_word(client: httpx.AsyncClient) -> None:
    answer = await sign_in(client, password="wrong", next="/firmware")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?error=wrong_credentials&next=%2Ffirmware"
    assert "set-cookie" not in answer.headers


async def test_a_program_is_told_by_json(client: httpx.AsyncClient) -> None:
    form = {"username": ADMIN, "password": "wrong"}
    wrong = await client.post("/login", data=form, headers=JSON)
    right = await client.post("/login", data=form | {"password": PASSWORD}, headers=JSON)

    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_credentials")
    assert (right.status_code, right.json()) == (200, {"email": ADMIN, "next": "/"})
    assert COOKIE in right.cookies


async def test_guessing_is_slowed_down(client: httpx.AsyncClient) -> None:
    for _ in range(5):
        await sign_in(client, password="wrong")

    refused = (await sign_in(client)).headers["location"]
    assert refused.startswith("/login?error=too_many_attempts&wait_s=")
    answer = await client.post(
        "/login", data={"username": ADMIN, "password": PASSWORD}, headers=JSON
    )
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
    assert 800 < int(answer.headers["retry-after"]) <= 900


async def test_a_planted_cookie_is_never_taken_over(site: Site) -> None:
    planted = await site.signed_in()
    before = planted.cookies[COOKIE]
    answer = await sign_in(planted)

    assert answer.cookies[COOKIE] != before
    old = site.client(cookie=f"{COOKIE}={before}")
    assert (await old.get("/api/status")).status_code == 401
    async with site.server.database.session() as session:
        assert await session.scalar(select(func.count()).select_from(Session)) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_signing_out_ends_the_session_on_the_server(site: Site, method: str) -> None:
    person = await site.signed_in()
    token = person.cookies[COOKIE]
    answer = await person.request(method, "/logout")

    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert COOKIE not in person.cookies
    thief = site.client(cookie=f"{COOKIE}={token}")
    assert (await thief.get("/api/status")).status_code == 401


async def test_a_link_on_another_site_signs_nobody_out(site: Site) -> None:
    person = await site.signed_in()
    await person.get("/logout", headers={"sec-fetch-site": "cross-site"})
    assert (await person.get("/api/status")).status_code == 200


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/", "/"),
        ("/firmware", "/firmware"),
        ("/a?b=c#d", "/a?b=c#d"),
        ("/a?next=//evil.example", "/a?next=//evil.example"),
        (None, "/"),
        ("", "/"),
        ("firmware", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/\n/evil.example", "/"),
        ("/a\\..\\b", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        (" //evil.example", "/"),
        ("/\x00", "/"),
        ("/login", "/"),
        ("/login?next=/", "/"),
        ("/logout", "/"),
        ("/" + "a" * 3000, "/"),
    ],
)
def test_next_leads_only_to_our_own_paths(path: str | None, leads_to: str) -> None:
    assert own_path(path) == leads_to


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "https://evil.example"])
async def test_a_sign_in_never_leads_away(client: httpx.AsyncClient, path: str) -> None:
    assert (await sign_in(client, next=path)).headers["location"] == "/"
    answer = await sign_in(client, next=path, password="wrong")
    assert answer.headers["location"] == "/login?error=wrong_credentials"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"\xff\xfe=%", "application/x-www-form-urlencoded"),
        (b"&".join(b"a=b" for _ in range(100)), "application/x-www-form-urlencoded"),
        (b"x" * 100_000, "application/x-www-form-urlencoded"),
        (b"[1]", "application/json"),
        (b'{"username": 1}', "application/json"),
        (b'{"username": {"$gt": ""}, "password": "x"}', "application/json"),
        (b"[" * 15_000, "application/json"),
        (b"\xff", "application/json"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (b"nonsense", "multipart/form-data"),
        (b"nonsense", "multipart/form-data; boundary=" + "x" * 1000),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--x--',
            "multipart/form-data; boundary=x",
        ),
        (b"username=a", "application/octet-stream"),
        (b"username=%00&password=%00", "application/x-www-form-urlencoded"),
    ],
)
async def test_hostile_forms_are_only_refused(
    client: httpx.AsyncClient, content: bytes, content_type: str
) -> None:
    answer = await client.post("/login", content=content, headers={"content-type": content_type})
    assert answer.status_code in {303, 400}
    assert "set-cookie" not in answer.headers
    if answer.status_code == 303:
        assert answer.headers["location"] == "/login?error=wrong_credentials"


async def test_ones_own_password_is_changed(site: Site) -> None:
    person, other = await site.signed_in(), site.client()
    await sign_in(other, username="admin@example.org")

    async def change(**fields: str) -> httpx.Response:
        return await person.post(PASSWORD_PATH, data=fields)

    new = "ice on the lake"
    for fields, code in (
        ({"current": "wrong", "new": new}, "wrong_credentials"),
        ({"current": PASSWORD, "new": "short"}, "weak_password"),
        ({"current": PASSWORD, "new": PASSWORD}, "same_password"),
        ({"current": PASSWORD, "new": new, "repeat": "x"}, "passwords_differ"),
        ({}, "wrong_credentials"),
    ):
        answer = await change(**fields)
        assert answer.headers["location"] == f"{PASSWORD_PATH}?error={code}"
    answer = await change(current=PASSWORD, new=new, repeat=new)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await person.get("/api/status")).status_code == 200
    assert (await other.get("/api/status")).status_code == 401
    assert (await sign_in(other, username="admin@example.org")).headers["location"] == (
        "/login?error=wrong_credentials"
    )
