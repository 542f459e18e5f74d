"""Whoever sees only some groups of clocks sees no other one, whichever way they ask."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from backend import devices, roles
from backend.access import OF_ALL_CLOCKS, Permission
from backend.contract.chip_id import device_id_of
from backend.contract.messages import Heartbeat
from backend.models import UpdateState
from backend.people import By
from backend.roles import RoleForm
from backend.update_log import save
from backend.update_states import OpenUpdate
from tests.backend.api.conftest import Site

OURS, THEIRS, NOBODYS = "a1b2c3", "d4e5f6", "0a0b0c"
NOW = datetime.now(UTC)
ROLE = RoleForm(
    "coach",
    frozenset(Permission) - OF_ALL_CLOCKS,
    frozenset({"esp01"}),
    frozenset({"Slalom"}),
)


def ended(device_id: str, state: UpdateState) -> OpenUpdate:
    return OpenUpdate(
        uuid4(), device_id, "esp01", "2026.11.1.1", "2026.11.2.1", state, NOW,
        started_at=NOW - timedelta(seconds=40), completed_at=NOW,
    )  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def coach(site: Site) -> httpx.AsyncClient:
    """Somebody who may do whatever a role limited to one group of clocks can allow."""
    await site.hear(*(Heartbeat(device_id=one, board="ESP-01") for one in (OURS, THEIRS, NOBODYS)))
    async with site.server.database.session() as session:
        await roles.add_role(session, ROLE, by=By("test", None), now=NOW)
        for device_id, group in ((OURS, "Slalom"), (THEIRS, "Jump")):
            await devices.regroup_device(
                session, device_id, group, actor="test", address=None, now=NOW
            )
            site.server.fleet.regroup(device_id, group)
        await save(session, [ended(OURS, UpdateState.SUCCESS), ended(THEIRS, UpdateState.FAILED)])
    return await site.signed_in("coach")


async def test_lists_and_counts_hold_ones_own_clocks_only(
    site: Site, coach: httpx.AsyncClient
) -> None:
    listed = (await coach.get("/api/devices")).json()
    assert [one["device_id"] for one in listed["devices"]] == [OURS]
    assert (listed["count"], listed["online_count"]) == (1, 1)
    status = (await coach.get("/api/status")).json()
    assert (status["device_count"], status["online_count"]) == (1, 1)
    log = (await coach.get("/api/ota-logs")).json()
    assert [one["device_id"] for one in log["logs"]] == [OURS]
    figures = (await coach.get("/api/ota-stats")).json()
    assert (figures["total_updates"], figures["success_count"]) == (1, 1)
    assert (figures["failed_count"], figures["failed_devices_24h"]) == (0, 0)
    assert (figures["recent_updates_7days"], figures["avg_duration_seconds"]) == (1, 40.0)

    admin = await site.signed_in("admin")
    assert (await admin.get("/api/devices")).json()["count"] == 3
    assert (await admin.get("/api/ota-stats")).json()["total_updates"] == 2


@pytest.mark.parametrize("device_id", [THEIRS, NOBODYS, "f0f0f0"])
async def test_any_other_clock_is_as_if_it_were_not_there(
    coach: httpx.AsyncClient, device_id: str
) -> None:
    for answer in (
        await coach.delete(f"/api/devices/{device_id}"),
        await coach.post(f"/api/devices/{device_id}/swap", json={"spare": OURS}),
        await coach.post(f"/api/devices/{OURS}/swap", json={"spare": device_id}),
        await coach.get(f"/api/ota-logs?device_id={device_id}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_device"), answer.url


async def test_a_claimed_board_goes_into_ones_own_group_and_no_other_clock_is_claimed(
    site: Site, coach: httpx.AsyncClient
) -> None:
    await site.publish("esp01")
    form = {"platform": "esp01", "version": "2026.11.24.1"}
    theirs = "aa:bb:cc:d4:e5:f6"
    assert device_id_of("esp01", theirs) == THEIRS
    answer = await coach.post("/api/clocks/claims", json=form | {"mac": theirs})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_device")
    new = form | {"mac": "aa:bb:cc:11:22:33"}
    answer = await coach.post("/api/clocks/claims", json=new | {"group": "Jump"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_your_group")
    answer = await coach.post("/api/clocks/claims", json=new)
    assert answer.status_code == 201, answer.text
    assert site.server.fleet.clocks[answer.json()["device_id"]].device_group == "Slalom"


async def test_what_tells_of_every_clock_is_closed_even_where_a_role_says_otherwise(
    site: Site, coach: httpx.AsyncClient
) -> None:
    for path in ("/metrics", "/api/audit.csv"):
        assert (await coach.get(path)).status_code == 403
    identity = await site.identity("coach@example.org")
    assert identity.groups == {"Slalom"}
    assert not identity.permissions & OF_ALL_CLOCKS
