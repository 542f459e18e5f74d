"""Routes about a clock's own credentials: renewing them over the air, and taking them away."""

from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from backend import clock_credentials, rotation
from backend.access import Permission
from backend.api.asker import address_of, server_of, signed_in
from backend.contract import paths

router = APIRouter(tags=["Clocks"])


def _example(body: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"example": body}}}


_NONE = _example({"error": "a1b2c3 has no credentials of its own; …", "code": "no_credentials"})


@router.post(
    paths.ROTATE,
    summary="Renew a clock's credentials",
    response_class=Response,
    responses={
        200: _example({"device_id": "e8c5fbbdf5f0", "generation": 4}),
        409: _NONE,
    },
)
async def rotate_credentials(request: Request, device_id: str) -> Response:
    """Send a clock other credentials; the old ones open nothing once it has used them.

    Signed in only.
    """
    identity = signed_in(request, Permission.EDIT_CLOCKS)
    server = server_of(request)
    async with server.database.session() as session:
        rotated = await rotation.rotate(
            session,
            device_id,
            keys=server.clock_keys,
            topics=server.topics,
            actor=identity.email,
            address=address_of(request),
            now=datetime.now(UTC),
        )
    server.clock_users.hurry()
    body = {"device_id": device_id, "generation": rotated.generation}
    return Response(orjson.dumps(body), media_type="application/json")


@router.delete(
    paths.CREDENTIALS,
    summary="Revoke a clock's credentials",
    response_class=Response,
    responses={
        200: _example({"device_id": "e8c5fbbdf5f0", "revoked": [3]}),
        409: _NONE,
    },
)
async def revoke_credentials(request: Request, device_id: str) -> Response:
    """Shut a clock out at once, from broker and firmware; flashing it again lets it in.

    Signed in only.
    """
    identity = signed_in(request, Permission.EDIT_CLOCKS)
    server = server_of(request)
    async with server.database.session() as session:
        revoked = await clock_credentials.revoke(
            session,
            device_id,
            actor=identity.email,
            address=address_of(request),
            now=datetime.now(UTC),
        )
    if not revoked:
        raise clock_credentials.NoCredentialsError(
            f"{device_id[:40]} has no credentials of its own.", field="device_id"
        )
    server.clock_users.hurry()
    body = {"device_id": device_id, "revoked": revoked}
    return Response(orjson.dumps(body), media_type="application/json")
