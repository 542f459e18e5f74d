"""Routes with which a board becomes a certain clock: claims, made before it is written."""

from datetime import UTC, datetime

import msgspec
import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from backend import clock_credentials, devices, sight
from backend.access import Permission
from backend.api.asker import address_of, check_permission, server_of, signed_in
from backend.api.clock_identity import check_identity
from backend.api.errors import ForbiddenError
from backend.api.firmware import find_firmware
from backend.api.form import read_json
from backend.claims import ClaimForm
from backend.contract import paths
from backend.contract.chip_id import device_id_of
from backend.fleet import clock_of
from backend.identity_part import Self

router = APIRouter(tags=["Clocks"])

_FORM = {
    "platform": "esp32c3",
    "version": "2026.11.24.1",
    "mac": "a0:b1:c2:d3:e4:f5",
    "chip": "ESP32-C3 (revision v0.4)",
    "name": "Start hut",
    "group": "Slalom",
    "timezone": "Europe/Stockholm",
    "wifi": {"ssid": "Club", "password": "snow on the roof"},
}
_ANSWER = {
    "claim": "zQ1xN0T0j3YtA1fJ5VqT2e8b",
    "device_id": "f5e4d3c2b1a0",
    "generation": 1,
    "manifest": "/firmware/manifest/esp32c3/2026.11.24.1.json?claim=zQ1xN0T0j3YtA1fJ5VqT2e8b",
    "expires_at": "2026-11-24T13:00:00+00:00",
}


@router.post(
    paths.CLAIMS,
    status_code=201,
    summary="Claim a board that is about to be written",
    response_class=Response,
    responses={
        201: {"content": {"application/json": {"example": _ANSWER}}},
        409: {
            "content": {
                "application/json": {"example": {"error": "…", "code": "factory_parts_missing"}}
            }
        },
    },
    openapi_extra={
        "requestBody": {
            "content": {"application/json": {"schema": {"type": "object", "example": _FORM}}},
            "required": True,
        }
    },
)
async def claim_board(request: Request) -> Response:
    """Make credentials of its own for a board, named by its MAC address. Signed in only.

    The manifest that is answered holds them for an hour. What the clock used before stays valid
    until it uses the new ones.
    """
    identity = signed_in(request, Permission.DOWNLOAD_FIRMWARE)
    server, now = server_of(request), datetime.now(UTC)
    form = (await read_json(request, ClaimForm)).clean()
    info = find_firmware(server.catalogue, form.platform, form.version)
    if not identity.may_take(info.platform):
        raise ForbiddenError(f"Your role does not include images for {info.platform}.")
    info.check_starts_blank_chip()
    device_id = device_id_of(info.platform, form.mac)
    group = sight.group_for(identity, form.group or None)
    known = server.fleet.clocks.get(device_id)
    if known is not None:
        sight.check(server.fleet, identity, device_id)
    if known is not None and known.heard:
        # By being claimed it gets another name and other credentials.
        check_permission(identity, Permission.EDIT_CLOCKS)
    server.claims.check_rate(identity.user_id, now=now)
    await check_identity(request, Self(device_id, 1, form.name, form.timezone, form.wifi))
    async with server.database.session() as session:
        credential = await clock_credentials.claim(
            session,
            device_id,
            platform=info.platform,
            mac=form.mac,
            name=form.name or None,
            group=group,
            actor=identity.email,
            address=address_of(request),
            now=now,
        )
        device = await devices.find_device(session, device_id)
    if device is not None:
        server.fleet.claim(clock_of(device))
    server.clock_users.hurry()
    claim = server.claims.add(
        msgspec.structs.replace(form, platform=info.platform, version=info.version),
        user_id=identity.user_id,
        device_id=device_id,
        generation=credential.generation,
        now=now,
    )
    manifest = paths.VERSION_MANIFEST.format(platform=info.platform, version=info.version)
    body = {
        "claim": claim.id,
        "device_id": device_id,
        "generation": claim.generation,
        "manifest": f"{manifest}?claim={claim.id}",
        "expires_at": claim.ends_at,
    }
    return Response(orjson.dumps(body), 201, media_type="application/json")
