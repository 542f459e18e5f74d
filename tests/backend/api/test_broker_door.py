"""Brokers ask who may connect and use what, each in its own way, with a key of their own."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest_asyncio
from pydantic import SecretStr

from backend import clock_credentials
from backend.clock_keys import Claimed
from backend.config import Settings
from backend.contract.topics import Kind, Order
from tests.backend.api.conftest import Site, eventually, serve

KEY = "a key that only the broker has, and we"
ID, OTHER = "a1b2c3", "b2c3d4"
OWN = {f"skiclock/{kind.value}/{ID}" for kind in Kind}
HEARS = {f"skiclock/{order.value}/{ID}" for order in Order} | {"skiclock/version/updates"}


@pytest_asyncio.fixture(loop_scope="session")
async def site(settings: Settings) -> AsyncIterator[Site]:
    changes = {
        "broker_http_key": SecretStr(KEY),
        "mqtt_host": "broker.example.org",
        "mqtt_username": "server",
        "mqtt_password": SecretStr("server's own"),
    }
    async with serve(settings.model_copy(update=changes)) as site:
        await site.server.loaded.wait()
        yield site


async def claim(site: Site, device_id: str = ID) -> dict[str, str]:
    async with site.server.database.session() as session:
        row = await clock_credentials.claim(
            session,
            device_id,
            platform="esp01",
            mac=None,
            actor="test",
            address=None,
            now=datetime.now(UTC),
        )
    password = site.server.clock_keys.mqtt_password(device_id, row.generation)
    return {"username": f"{device_id}-{row.generation}", "password": password}


class Emqx:
    """Asks as EMQX 5 does: JSON bodies of its templates, the key as a header."""

    def __init__(self, site: Site, key: str = KEY) -> None:
        self._client = site.client(authorization=f"Bearer {key}")

    async def connects(self, username: str, password: str) -> bool:
        body = {"username": username, "password": password, "clientid": "c1"}
        return self._read(await self._client.post("/api/broker/emqx/user", json=body))

    async def may(self, username: str, action: str, topic: str) -> bool:
        body = {"username": username, "topic": topic, "action": action, "clientid": "c1"}
        return self._read(await self._client.post("/api/broker/emqx/acl", json=body))

    @staticmethod
    def _read(answer: httpx.Response) -> bool:
        assert answer.status_code == 200  # any other is "no opinion" to EMQX
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["result"] in {"allow", "deny"}
        assert answer.json()["is_superuser"] is False
        return bool(answer.json()["result"] == "allow")


class GoAuth:
    """Asks as mosquitto-go-auth and amqtt do: form, JSON or query, by status or by `ok`."""

    def __init__(self, site: Site, mode: str, key: str = KEY) -> None:
        self._client, self._mode, self._key = site.client(), mode, key

    async def connects(self, username: str, password: str) -> bool:
        said = {"username": username, "password": password, "clientid": "c1"}
        return await self._ask("user", said)

    async def may(self, username: str, action: str, topic: str) -> bool:
        acc: Any = {"publish": 2, "subscribe": 4}[action]
        said = {"username": username, "clientid": "c1", "topic": topic, "acc": acc}
        return await self._ask("acl", said)

    async def hears(self, username: str, topic: str) -> bool:
        return await self._ask("acl", {"username": username, "topic": topic, "acc": 1})

    async def _ask(self, what: str, said: dict[str, Any]) -> bool:
        url = f"/api/broker/http/{what}?key={self._key}"
        match self._mode:
            case "form":
                answer = await self._client.post(url, data=said)
            case "json":
                answer = await self._client.post(url, json=said)
            case "get json":  # amqtt's default
                answer = await self._client.request("GET", url, json=said)
            case _:
                answer = await self._client.get(url, params={"key": self._key} | said)
        assert answer.status_code in {200, 403}
        assert answer.json()["ok"] == (answer.status_code == 200)
        return answer.status_code == 200


MODES = ["emqx", "form", "json", "get json", "query"]


def asker(site: Site, mode: str, key: str = KEY) -> Emqx | GoAuth:
    return Emqx(site, key) if mode == "emqx" else GoAuth(site, mode, key)


async def test_clock_connects_with_its_own_and_uses_its_own_topics(site: Site) -> None:
    own = await claim(site)
    await claim(site, OTHER)
    for mode in MODES:
        await check_rule(site, asker(site, mode), own)


async def check_rule(site: Site, broker: Emqx | GoAuth, own: dict[str, str]) -> None:
    assert await broker.connects(**own)
    assert not await broker.connects(own["username"], own["password"][:-1] + "!")
    assert not await broker.connects(f"{OTHER}-1", own["password"])
    assert not await broker.connects(f"{ID}-2", site.server.clock_keys.mqtt_password(ID, 2))
    name = own["username"]
    assert {t for t in OWN | HEARS if await broker.may(name, "publish", t)} == OWN
    assert {t for t in OWN | HEARS if await broker.may(name, "subscribe", t)} == HEARS
    for topic in ("skiclock/#", "#", "skiclock/config/+", f"skiclock/config/{OTHER}"):
        assert not await broker.may(name, "subscribe", topic)
    for topic in ("skiclock/heartbeat", f"skiclock/heartbeat/{OTHER}", "skiclock/version/updates"):
        assert not await broker.may(name, "publish", topic)
    if isinstance(broker, GoAuth):
        assert await broker.hears(name, f"skiclock/config/{ID}")
        assert not await broker.hears(name, f"skiclock/config/{OTHER}")
        assert not await broker._ask("superuser", {"username": name})


async def test_server_uses_all_below_its_prefix_and_strangers_nothing(site: Site) -> None:
    for broker in [asker(site, mode) for mode in MODES]:
        assert await broker.connects("server", "server's own")
        assert not await broker.connects("server", "guessed")
        assert await broker.may("server", "subscribe", "skiclock/#")
        assert await broker.may("server", "publish", f"skiclock/config/{ID}")
        assert not await broker.may("server", "subscribe", "#")
        for name in ("stranger", "", "a1b2c3-9", "a1b2c3-x"):
            assert not await broker.connects(name, "")
            assert not await broker.may(name, "publish", f"skiclock/heartbeat/{ID}")


async def test_whoever_has_not_the_key_hears_no_for_everybody(site: Site) -> None:
    wrong = [(mode, key) for mode in MODES for key in ("guessed", KEY[:-1], KEY + "x")]
    wrong += [(mode, key) for mode in MODES[1:] for key in ("", "é")]  # no header can say these
    for broker in [asker(site, mode, key) for mode, key in wrong]:
        assert not await broker.connects("server", "server's own")
        assert not await broker.may("server", "publish", "skiclock/heartbeat")


async def test_connecting_uses_credentials_and_revoking_shuts_out(site: Site) -> None:
    own, broker = await claim(site), Emqx(site)
    assert await broker.connects(**own)

    async def is_used() -> bool:
        async with site.server.database.session() as session:
            row = await clock_credentials.find_valid(session, Claimed(ID, 1))
            return row is not None and row.first_used_at is not None

    await eventually(is_used)
    person = await site.signed_in()
    assert (await person.delete(f"/api/devices/{ID}/credentials")).status_code == 200

    async def is_shut_out() -> bool:
        topic = f"skiclock/heartbeat/{ID}"
        return not await broker.may(own["username"], "publish", topic)

    await eventually(is_shut_out)
    assert not await broker.connects(**own)


async def test_strange_bodies_are_no_failure_of_ours(site: Site) -> None:
    client = site.client(authorization=f"Bearer {KEY}")
    for path in ("emqx/user", "emqx/acl", "http/user", "http/acl"):
        for body in (b"{", b"[]", b"\xff", b'{"username": {"a": []}, "topic": null, "acc": 9}'):
            answer = await client.post(
                f"/api/broker/{path}", content=body, headers={"content-type": "application/json"}
            )
            assert answer.status_code in {200, 400, 403}
            assert answer.json().get("ok") is not True
            assert answer.json().get("result") != "allow"
