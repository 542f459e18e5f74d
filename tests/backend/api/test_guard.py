"""The one door: every route by who asks, foreign sites, sockets, first passwords, headers."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, Request, WebSocket
from sqlalchemy import update
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.websockets import WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from backend.api.guard import COOKIE, PASSWORD_PATH
from backend.api_keys import Scope
from backend.config import Settings
from backend.models import User
from tests.backend.api.conftest import Site, serve

EVERYBODY, SIGNED_IN = "everybody", "signed in"
READ, DOWNLOAD, UPLOAD, METRICS = Scope.READ, Scope.DOWNLOAD, Scope.UPLOAD, Scope.METRICS
PROMOTE = Scope.PROMOTE

DOORS: dict[tuple[str, str], set[object]] = {
    ("GET", "/api/version"): {SIGNED_IN, READ, DOWNLOAD},
    ("GET", "/api/firmware"): {SIGNED_IN, READ, DOWNLOAD},
    ("POST", "/api/promote"): {SIGNED_IN, PROMOTE},
    ("GET", "/api/firmware/{platform}"): {SIGNED_IN, DOWNLOAD},
    ("HEAD", "/api/firmware/{platform}"): {SIGNED_IN, DOWNLOAD},
    ("POST", "/api/upload"): {SIGNED_IN, UPLOAD},
    ("GET", "/api/devices"): {SIGNED_IN, READ},
    ("DELETE", "/api/devices/{device_id}"): {SIGNED_IN},
    ("POST", "/api/devices/{device_id}/swap"): {SIGNED_IN},
    ("POST", "/api/clocks/claims"): {SIGNED_IN},
    ("POST", "/api/devices/{device_id}/credentials/rotate"): {SIGNED_IN},
    ("DELETE", "/api/devices/{device_id}/credentials"): {SIGNED_IN},
    ("GET", "/api/ota-logs"): {SIGNED_IN, READ},
    ("GET", "/api/ota-stats"): {SIGNED_IN, READ},
    ("GET", "/api/status"): {SIGNED_IN, READ},
    ("GET", "/api/audit.csv"): {SIGNED_IN},
    **{
        (method, f"/api/broker/{path}"): {EVERYBODY}  # they want a key of the broker's
        for path in ("http/user", "http/superuser", "http/acl")
        for method in ("GET", "POST", "PUT")
    },
    ("POST", "/api/broker/emqx/user"): {EVERYBODY},
    ("POST", "/api/broker/emqx/acl"): {EVERYBODY},
    ("GET", "/healthz"): {EVERYBODY},
    ("GET", "/readyz"): {EVERYBODY},
    ("GET", "/metrics"): {SIGNED_IN, READ, METRICS},
    ("GET", "/firmware/manifest/{platform}.json"): {SIGNED_IN},
    ("GET", "/firmware/manifest/{platform}/{version}.json"): {SIGNED_IN},
    ("GET", "/firmware/user-download/{token}"): {EVERYBODY},
    ("HEAD", "/firmware/user-download/{token}"): {EVERYBODY},
    ("POST", "/login"): {EVERYBODY},
    ("POST", "/login/code"): {EVERYBODY},
    ("POST", "/join/{token}"): {EVERYBODY},
    ("GET", "/sso/start"): {EVERYBODY},
    ("GET", "/sso/callback"): {EVERYBODY},
    ("GET", "/logout"): {SIGNED_IN},
    ("POST", "/logout"): {SIGNED_IN},
    ("POST", "/password"): {SIGNED_IN},
    ("GET", "/docs"): {SIGNED_IN},
    ("GET", "/openapi.json"): {SIGNED_IN},
    ("GET", "/docs/assets/swagger-ui.css"): {SIGNED_IN},
    ("GET", "/page"): {SIGNED_IN},  # the tests' own, below
    ("GET", "/stream"): {SIGNED_IN},
    ("GET", "/broken"): {SIGNED_IN},
}
"""Every route, and who passes."""

REFUSED = {401, 403}


def extend(app: FastAPI) -> None:
    """Add what stands for the pages: HTML with scripts, a stream, a socket, a mistake."""

    @app.get("/page")
    async def page() -> Response:
        html = '<script src="a.js"></script><p>1 < 2</p><script type="module">x</script>'
        return HTMLResponse(html, headers={"cache-control": "max-age=60"})

    @app.get("/stream")
    async def stream() -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"<script>"

        return StreamingResponse(pieces(), media_type="text/plain")

    @app.get("/broken")
    async def broken(request: Request) -> Response:
        raise RuntimeError("the secret is 12345")

    @app.websocket("/socket")
    async def socket(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            await socket.receive_text()
            await socket.send_text(socket.state.identity.email)

    @app.websocket("/ticker")
    async def ticker(socket: WebSocket) -> None:
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await socket.send_text("tick")
                await asyncio.sleep(0.05)


@pytest_asyncio.fixture(loop_scope="session")
async def site(settings: Settings) -> AsyncIterator[Site]:
    async with serve(settings, extend=extend) as site:
        await site.server.loaded.wait()
        yield site


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    """Return every (method, path) of the application, whichever way it was registered."""
    found = {
        (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }
    for route in walk(app.router.routes):
        path = getattr(route, "path", None)
        methods = getattr(route, "methods", None) or set()
        if path and "{path:path}" not in path:
            found |= {(method, path) for method in methods}
    return found


def walk(routes: list[object]) -> list[object]:
    found: list[object] = []
    for route in routes:
        found.append(route)
        inner = getattr(getattr(route, "original_router", None), "routes", None)
        inner = inner or getattr(getattr(route, "router", None), "routes", None)
        found += walk(list(inner or []))
    return found


def address_of(path: str) -> str:
    return path.replace("{platform}", "esp01").replace("{device_id}", "a1b2c3").replace(
        "{token}", "nonsense"
    ) + ("?platform=esp01" if path == "/api/version" else "")


async def ask(client: httpx.AsyncClient, method: str, path: str, key: str | None = None) -> int:
    headers = {"x-api-key": key} if key else {}
    answer = await client.request(method, address_of(path), headers=headers)
    return answer.status_code


async def test_the_table_of_doors_names_every_route(site: Site) -> None:
    found = routes_of(site.app)
    hidden = {door for door in DOORS if "assets" in door[1]}
    implied = {("HEAD", "/openapi.json"), ("HEAD", "/docs/assets/swagger-ui.css")}
    assert found - implied == set(DOORS) - hidden


async def test_a_door_opens_to_those_in_the_table_and_to_nobody_else(site: Site) -> None:
    await site.publish("esp01")
    stranger = site.client()
    keys = {str(scope): await site.key(scope) for scope in Scope}
    keys |= {"a wrong key": "sck_wrong", "nothing": ""}
    wrong = []
    for method, path in DOORS:
        opens_to = DOORS[method, path]
        if path == "/login":
            continue  # answers 401 to whoever comes without the right password
        passing = {
            name
            for name, key in keys.items()
            if await ask(stranger, method, path, key) not in REFUSED
        }
        expected = set(keys) if EVERYBODY in opens_to else opens_to - {SIGNED_IN}
        if passing != expected:
            wrong.append((method, path, passing, expected))
    assert wrong == []


@pytest.mark.parametrize(
    ("role", "closed"),
    [
        ("admin", set()),
        (
            "technician",
            {
                ("POST", "/api/upload"),
                ("DELETE", "/api/devices/{device_id}"),
                ("POST", "/api/promote"),
                ("GET", "/api/audit.csv"),
            },
        ),
        (
            "viewer",
            {
                ("POST", "/api/upload"),
                ("DELETE", "/api/devices/{device_id}"),
                ("POST", "/api/devices/{device_id}/swap"),
                ("POST", "/api/clocks/claims"),
                ("POST", "/api/devices/{device_id}/credentials/rotate"),
                ("DELETE", "/api/devices/{device_id}/credentials"),
                ("GET", "/api/firmware/{platform}"),
                ("HEAD", "/api/firmware/{platform}"),
                ("GET", "/firmware/manifest/{platform}.json"),
                ("GET", "/firmware/manifest/{platform}/{version}.json"),
                ("GET", "/metrics"),
                ("POST", "/api/promote"),
                ("GET", "/api/audit.csv"),
            },
        ),
    ],
)
async def test_a_role_closes_what_it_does_not_include(
    site: Site, role: str, closed: set[tuple[str, str]]
) -> None:
    await site.publish("esp01")
    person = await site.signed_in(role)
    refused = set()
    for method, path in DOORS:
        if path not in {"/logout", "/login", "/password"}:
            status = await ask(person, method, path)
            if status in REFUSED:
                refused.add((method, path))
    assert refused == closed


@pytest.mark.parametrize(
    "path",
    ["/", "/firmware", "/unknown", "/api", "/api/devices/", "//healthz", "/healthz/", "/LOGIN"],
)
async def test_a_path_that_nobody_thought_of_is_closed(site: Site, path: str) -> None:
    answer = await site.client().get(site.url + path)
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_signed_in"


async def test_a_person_is_led_to_the_sign_in_page_and_back(site: Site) -> None:
    answer = await site.browser().get("/firmware?platform=esp32&x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/firmware%3Fplatform%3Desp32%26x%3D1"


async def test_a_program_is_told_by_json(site: Site) -> None:
    for answer in (
        await site.client().get("/firmware"),
        await site.browser().get("/api/status"),
        await site.browser().post("/firmware"),
    ):
        assert answer.status_code == 401
        assert set(answer.json()) == {"error", "code"}


FOREIGN = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://127.0.0.1:1"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_another_site_cannot_act_for_a_signed_in_browser(
    site: Site, headers: dict[str, str]
) -> None:
    person = await site.signed_in()
    token = person.cookies[COOKIE]
    client = site.client(cookie=f"{COOKIE}={token}", **headers)
    for method, path in (
        ("DELETE", "/api/devices/a1b2c3"),
        ("POST", "/api/upload"),
        ("POST", "/password"),
        ("POST", "/logout"),
        ("POST", "/login"),
        ("PUT", "/whatever"),
    ):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin"), path
    assert (await person.get("/api/status")).status_code == 200


async def test_our_own_pages_and_programs_without_origin_pass(site: Site) -> None:
    person = await site.signed_in()
    cookie = f"{COOKIE}={person.cookies[COOKIE]}"
    for headers in (
        {"origin": site.url},
        {"origin": site.url, "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-origin"},
        {},
    ):
        client = site.client(cookie=cookie, **headers)
        assert (await client.delete("/api/devices/a1b2c3")).status_code == 404


async def test_the_address_that_people_use_is_ours_behind_a_proxy(settings: Settings) -> None:
    settings = settings.model_copy(update={"base_url": "https://clocks.example.org"})
    async with serve(settings) as site:
        await site.server.loaded.wait()
        client = site.client(origin="https://clocks.example.org")
        form = {"username": "admin@localhost", "password": "snow on the roof"}
        answer = await client.post("/login", data=form)
        assert answer.status_code == 303
        assert "; Secure" in answer.headers["set-cookie"]
        assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_a_key_speaks_for_itself_beside_a_cookie(site: Site) -> None:
    person = await site.signed_in()
    key, upload_key = await site.key(Scope.METRICS), await site.key(Scope.UPLOAD)
    answer = await person.get("/api/status", headers={"x-api-key": key})
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_key")
    foreign = site.client(origin="https://evil.example")
    answer = await foreign.post("/api/upload", headers={"x-api-key": upload_key})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "cookie", ["", "skiclock_session=", "skiclock_session=é", "a;b;=;;", "x" * 5000]
)
async def test_a_strange_cookie_is_nobody(site: Site, cookie: str) -> None:
    answer = await site.client().get("/api/status", headers=[(b"cookie", cookie.encode())])
    assert answer.status_code == 401


async def test_the_first_password_has_to_be_changed_before_anything_else(site: Site) -> None:
    person = await site.signed_in("admin", accept="text/html")
    async with site.server.database.session() as session:
        await session.execute(update(User).values(must_change_password=True))
    site.server.sign_ins.forget_user((await site.identity("admin@example.org")).user_id)

    answer = await person.get("/page")
    assert (answer.status_code, answer.headers["location"]) == (303, PASSWORD_PATH)
    answer = await person.get("/api/devices")
    assert (answer.status_code, answer.json()["code"]) == (403, "password_change_required")
    assert (await person.get("/healthz")).status_code == 200
    answer = await person.post(
        PASSWORD_PATH, data={"current": "snow on the roof", "new": "ice on the lake"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await person.get("/page")).status_code == 200


async def test_a_page_runs_our_scripts_and_no_others(site: Site) -> None:
    person = await site.signed_in()
    pages = [await person.get("/page") for _ in range(2)]

    nonces = []
    for page in pages:
        policy = page.headers["content-security-policy"]
        (nonce,) = re.findall(r"'nonce-([^']+)'", policy)
        nonces.append(nonce)
        assert page.text == (
            f'<script nonce="{nonce}" src="a.js"></script><p>1 < 2</p>'
            f'<script nonce="{nonce}" type="module">x</script>'
        )
        assert int(page.headers["content-length"]) == len(page.content)
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
    assert nonces[0] != nonces[1]


async def test_what_is_no_page_goes_out_as_it_is(site: Site) -> None:
    person = await site.signed_in()
    answer = await person.get("/stream")
    assert answer.text == "<script>" * 3
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_mistake_of_ours_tells_no_secret(site: Site) -> None:
    person = await site.signed_in()
    answer = await person.get("/broken")
    assert answer.status_code == 500
    assert answer.json() == {
        "error": "Something failed here; it has been logged.",
        "code": "internal_error",
    }
    page = await person.get("/broken", headers={"accept": "text/html"})
    assert page.status_code == 500
    assert "12345" not in page.text
    assert "Traceback" not in page.text
    assert (await person.get("/page")).status_code == 200


async def test_every_answer_has_a_number_of_its_own(site: Site) -> None:
    client = site.client()
    numbers = {(await client.get("/healthz")).headers["x-request-id"] for _ in range(5)}
    assert len(numbers) == 5


async def test_requests_are_written_down_without_secrets(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    person = await site.signed_in()
    key = await site.key(Scope.READ)
    await person.get("/firmware/user-download/SECRET-TOKEN")
    await person.get("/unknown?client_id=SECRET-ID")
    await person.get("/api/status", headers={"x-api-key": key})
    captured = capsys.readouterr()
    written = captured.out + captured.err

    assert "/unknown" in written
    assert "admin@example.org" in written
    for secret in ("SECRET-TOKEN", "SECRET-ID", key, person.cookies[COOKIE], "snow on the roof"):
        assert secret not in written


async def socket_of(site: Site, **headers: str) -> connect:
    return connect(site.url.replace("http", "ws") + "/socket", additional_headers=headers)


async def test_a_socket_opens_to_a_signed_in_page_of_ours(site: Site) -> None:
    person = await site.signed_in()
    cookie = f"{COOKIE}={person.cookies[COOKIE]}"
    async with await socket_of(site, cookie=cookie, origin=site.url) as socket:
        await socket.send("who am I?")
        assert await socket.recv() == "admin@example.org"


async def test_a_socket_is_closed_to_everybody_else(site: Site) -> None:
    person = await site.signed_in()
    cookie = f"{COOKIE}={person.cookies[COOKIE]}"
    for headers in (
        {},
        {"origin": site.url},
        {"cookie": cookie},
        {"cookie": cookie, "origin": "https://evil.example"},
        {"cookie": cookie, "origin": "null"},
        {"cookie": f"{COOKIE}=wrong", "origin": site.url},
    ):
        with pytest.raises(InvalidStatus) as caught:
            await (await socket_of(site, **headers)).__aenter__()
        assert caught.value.response.status_code == 403


async def test_an_open_socket_ends_with_its_session(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await site.signed_in()
    cookie = f"{COOKIE}={person.cookies[COOKIE]}"
    async with await socket_of(site, cookie=cookie, origin=site.url) as socket:
        await socket.send("who am I?")
        await socket.recv()
        await person.post("/logout")
        await socket.send("who am I?")
        with pytest.raises(ConnectionClosed) as caught:
            await socket.recv()
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1008


async def listen(socket: ClientConnection, heard: list[object]) -> None:
    async with asyncio.timeout(40):
        while True:
            heard.append(await socket.recv())


@pytest.mark.parametrize("says_nothing", [True, False])
async def test_a_page_that_was_signed_out_hears_nothing_more(
    site: Site, says_nothing: bool
) -> None:
    person = await site.signed_in()
    headers = {"cookie": f"{COOKIE}={person.cookies[COOKIE]}", "origin": site.url}
    url = site.url.replace("http", "ws") + "/ticker"
    async with connect(url, additional_headers=headers) as socket:
        assert await socket.recv() == "tick"
        if not says_nothing:
            await socket.send("hello")
        await person.post("/logout")
        heard: list[object] = []
        with pytest.raises(ConnectionClosed):
            await listen(socket, heard)
    assert socket.close_code == 1008
    # What was on its way when the session ended; not one of the 100 that five seconds hold.
    assert len(heard) <= 20


async def test_an_open_socket_sees_rights_change(site: Site) -> None:
    person = await site.signed_in("admin")
    cookie = f"{COOKIE}={person.cookies[COOKIE]}"
    identity = await site.identity("admin@example.org")
    async with await socket_of(site, cookie=cookie, origin=site.url) as socket:
        async with site.server.database.session() as session:
            await session.execute(
                update(User).where(User.id == identity.user_id).values(email="new@example.org")
            )
        site.server.sign_ins.forget_user(identity.user_id)
        await socket.send("who am I?")
        assert await socket.recv() == "new@example.org"
