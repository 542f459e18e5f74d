"""Routes about clocks: the list, and taking one off it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from backend import devices, sight, swap
from backend.access import Permission
from backend.api.asker import address_of, ask_for, server_of, signed_in
from backend.api.form import read_small_form
from backend.api_keys import Scope
from backend.contract import paths
from backend.contract.limits import DEVICE_ID_PATTERN
from backend.fleet import Clock, is_online
from backend.sight import UnknownDeviceError

router = APIRouter(tags=["Clocks"])

_EXAMPLE = {
    "count": 1,
    "online_count": 1,
    "offline_count": 0,
    "mqtt_enabled": True,
    "devices": [
        {
            "device_id": "e8c5fbbdf5f0",
            "name": "Start hut",
            "group": "Slalom",
            "board": "ESP32",
            "platform": "esp32",
            "version": "2026.11.24.1",
            "first_seen": "2026-11-01T08:00:00+00:00",
            "last_seen": "2026-11-24T12:00:00+00:00",
            "uptime": 86400,
            "rssi": -61,
            "free_heap": 181240,
            "ssid": "Club",
            "ip_address": "192.168.1.20",
            "online": True,
            "waiting_for_first_contact": False,
            "minutes_since_last_seen": 0.4,
        }
    ],
}


@router.get(
    paths.DEVICES,
    summary="Every clock, as it was last heard",
    response_class=Response,
    responses={200: {"content": {"application/json": {"example": _EXAMPLE}}}},
)
async def list_clocks(request: Request) -> Response:
    """Return all clocks. `uptime` in s, `rssi` in dBm, `free_heap` in bytes. Key scope: `read`."""
    asker = await ask_for(request, Scope.READ, permission=Permission.SEE_CLOCKS)
    server = server_of(request)
    now, offline_after = datetime.now(UTC), server.settings.offline_after
    clocks = [
        clock_json(clock, now=now, offline_after=offline_after)
        for clock in sight.clocks_seen(server.fleet, asker.identity)
    ]
    online = sum(clock["online"] for clock in clocks)
    body = {
        "count": len(clocks),
        "online_count": online,
        "offline_count": len(clocks) - online,
        "mqtt_enabled": True,
        "devices": clocks,
    }
    return Response(orjson.dumps(body), media_type="application/json")


@router.delete(
    paths.DEVICE,
    summary="Remove a clock",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/json": {"example": {"removed": True, "device_id": "e8c5fbbdf5f0"}}
            }
        },
        404: {
            "content": {
                "application/json": {
                    "example": {"error": "There is no clock a1b2c3.", "code": "unknown_device"}
                }
            }
        },
    },
)
async def remove_clock(request: Request, device_id: str) -> Response:
    """Remove a clock and its history; it comes back when it speaks again. Signed in only."""
    identity = signed_in(request, Permission.REMOVE_CLOCKS)
    server = server_of(request)
    removed = False
    if _is_device_id(device_id):
        async with server.database.session() as session:
            removed = await devices.remove_device(
                session,
                device_id,
                actor=identity.email,
                address=address_of(request),
                now=datetime.now(UTC),
            )
    if not removed:
        raise UnknownDeviceError(f"There is no clock {device_id[:40]}.", field="device_id")
    server.fleet.forget(device_id)
    server.clock_users.hurry()
    body = {"removed": True, "device_id": device_id}
    return Response(orjson.dumps(body), media_type="application/json")


@router.post(
    paths.SWAP,
    summary="Let a spare take a clock's place",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/json": {
                    "example": {
                        "device_id": "e8c5fbbdf5f0",
                        "replaced_by": "a1b2c3",
                        "name": "Start hut",
                        "settings_moved": True,
                    }
                }
            }
        }
    },
)
async def swap_clock(request: Request, device_id: str) -> Response:
    """Move name, settings and history to the clock named by `spare`. Signed in only."""
    identity = signed_in(request, Permission.EDIT_CLOCKS)
    spare = (await read_small_form(request)).get("spare", "")
    server = server_of(request)
    sight.check(server.fleet, identity, spare)
    async with server.database.session() as session:
        swapped = await swap.swap(
            session,
            device_id,
            spare,
            topics=server.topics,
            actor=identity.email,
            address=address_of(request),
            now=datetime.now(UTC),
        )
    server.clock_users.hurry()
    server.fleet.rename(device_id, None)
    server.fleet.rename(spare, swapped.name)
    server.fleet.regroup(spare, swapped.group)
    if swapped.settings_version is not None:
        server.fleet.forget_wanted(device_id)
        server.fleet.want(spare, swapped.settings_version)
        server.dispatcher.hurry()
    body = {
        "device_id": device_id,
        "replaced_by": spare,
        "name": swapped.name,
        "settings_moved": swapped.settings_version is not None,
    }
    return Response(orjson.dumps(body), media_type="application/json")


def clock_json(clock: Clock, *, now: datetime, offline_after: timedelta) -> dict[str, Any]:
    """Return a clock under v1's names."""
    return {
        "device_id": clock.device_id,
        "name": clock.name,
        "group": clock.device_group,
        "board": clock.board,
        "platform": clock.platform,
        "version": clock.version,
        "first_seen": clock.first_seen,
        "last_seen": clock.last_seen,
        "uptime": clock.uptime_s,
        "rssi": clock.rssi_dbm,
        "free_heap": clock.free_heap_bytes,
        "ssid": clock.ssid,
        "ip_address": clock.ip_address,
        "online": is_online(clock, now=now, offline_after=offline_after),
        "waiting_for_first_contact": not clock.heard,
        "minutes_since_last_seen": round((now - clock.last_seen).total_seconds() / 60, 1),
    }


def _is_device_id(text: str) -> bool:
    return re.fullmatch(DEVICE_ID_PATTERN, text) is not None
