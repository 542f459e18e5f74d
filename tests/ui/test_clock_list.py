"""`/ui/fleet.json`: who gets it, in which form, and how often it is packed."""

import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from backend.access import Identity, Permission
from skiclock_ui.pages import clock_list
from tests.ui.fleet_parts import Parts

ANNA = Identity(1, "anna@club.example", "viewer", frozenset({Permission.SEE_CLOCKS}), frozenset())
NOBODY_SPECIAL = Identity(2, "eve@club.example", "empty", frozenset(), frozenset())


class Site:
    """The route on an application of its own, behind a door that lets one person in."""

    def __init__(self) -> None:
        self.parts = Parts()
        self.identity: Identity | None = ANNA
        self.app = FastAPI()
        clock_list.create(self.app, self.parts.feed)
        transport = httpx.ASGITransport(self._with_identity)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://localhost")

    async def _with_identity(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["identity"] = self.identity
        await self.app(scope, receive, send)


@pytest_asyncio.fixture(loop_scope="session")
async def site() -> AsyncIterator[Site]:
    site = Site()
    async with site.client:
        yield site


@pytest.mark.parametrize(("identity", "status"), [(None, 401), (NOBODY_SPECIAL, 403)])
async def test_list_is_for_those_who_may_see_clocks(
    site: Site, identity: Identity | None, status: int
) -> None:
    site.identity = identity
    answer = await site.client.get(clock_list.PATH)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "code"}


async def test_list_comes_packed_with_the_servers_time(site: Site) -> None:
    site.parts.hear("a1")
    site.parts.advance()
    before = datetime.now(UTC).timestamp()
    answer = await site.client.get(clock_list.PATH)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "no-store"
    assert float(answer.headers[clock_list.SERVER_TIME]) >= round(before, 3) - 0.001
    assert [row[0] for row in answer.json()["rows"]] == ["a1"]


async def test_client_that_cannot_unpack_gets_it_plain(site: Site) -> None:
    answer = await site.client.get(clock_list.PATH, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert answer.json()["rows"] == []


async def test_list_is_packed_once_for_each_number(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = []
    compress = gzip.compress

    def counted(data: bytes, level: int) -> bytes:
        packed.append(data)
        return compress(data, level)

    monkeypatch.setattr(gzip, "compress", counted)
    for _ in range(3):
        await site.client.get(clock_list.PATH)
    assert len(packed) == 1
    site.parts.hear("a1")
    site.parts.advance()
    assert (await site.client.get(clock_list.PATH)).json()["seq"] == 1
    assert len(packed) == 2


async def test_page_that_missed_a_number_gets_what_changed_since(site: Site) -> None:
    site.parts.hear("a1")
    site.parts.advance()
    site.parts.hear("b2")
    site.parts.advance()
    epoch = site.parts.feed.epoch
    answer = await site.client.get(clock_list.PATH, params={"epoch": epoch, "since": 1})
    assert [row[0] for row in answer.json()["rows"]] == ["b2"]
    answer = await site.client.get(clock_list.PATH, params={"epoch": "another", "since": 1})
    assert answer.json()["since"] is None
    assert len(answer.json()["rows"]) == 2


async def test_nonsense_in_the_query_is_no_error_of_ours(site: Site) -> None:
    answer = await site.client.get(clock_list.PATH, params={"since": "x"})
    assert answer.status_code == 422
