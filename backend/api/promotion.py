"""The route with which CI, and people, send a published version on to production."""

from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from backend.access import Permission
from backend.api.asker import address_of, ask_for, server_of
from backend.api.errors import BadRequestError
from backend.api.firmware import find_firmware
from backend.api.form import read_small_form
from backend.api_keys import Scope
from backend.contract import paths
from backend.promote import promote

router = APIRouter(tags=["Firmware"])


def _example(example: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"example": example}}}


@router.post(
    paths.PROMOTE,
    summary="Send a version on to production",
    response_class=Response,
    responses={
        200: _example({"platform": "esp32", "version": "2026.11.24.1", "was_there": False}),
        404: _example({"error": "Version … was not published yet.", "code": "no_firmware"}),
        409: _example({"error": "… has another image as …", "code": "other_image"}),
        502: _example({"error": "… cannot be reached: …", "code": "production_away"}),
    },
    openapi_extra={
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["platform", "version"],
                        "properties": {
                            "platform": {"type": "string"},
                            "version": {"type": "string"},
                        },
                    },
                    "example": {"platform": "esp32", "version": "2026.11.24.1"},
                }
            }
        }
    },
)
async def promote_version(request: Request) -> Response:
    """Publish there what is published here; what is there already is no error.

    Key scope: `promote`.
    """
    asker = await ask_for(request, Scope.PROMOTE, permission=Permission.FOLLOW_PRODUCTION)
    form = await read_small_form(request)
    for name in ("platform", "version"):
        if not form.get(name, "").strip():
            raise BadRequestError(f"The form has no field {name}.", field=name)
    server = server_of(request)
    info = find_firmware(server.catalogue, form["platform"].strip(), form["version"].strip())
    async with server.database.session() as session:
        is_new = await promote(
            session,
            server.follower.production,
            server.storage,
            info,
            actor=asker.name,
            address=address_of(request),
            now=datetime.now(UTC),
        )
    server.follower.there.add((info.platform, info.sha256))
    body = {"platform": info.platform, "version": info.version, "was_there": not is_new}
    return Response(orjson.dumps(body), media_type="application/json")
