"""The route with which CI, and people, publish firmware."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from backend.access import Permission
from backend.api.asker import address_of, ask_for, server_of
from backend.api.errors import BadRequestError
from backend.api.form import UploadForm, discard_body, read_upload
from backend.api.shortcut import PlainRoute
from backend.api_keys import Scope
from backend.bundle import Bundle, unpacked
from backend.contract import paths
from backend.contract.flash_map import BLANK_CHIP_PARTS
from backend.firmware import FirmwareInfo, publish
from backend.storage import Incoming, UploadTooLargeError

router = APIRouter(route_class=PlainRoute, tags=["Firmware"])

FORM_OVERHEAD_BYTES = 64 * 1024

_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {
            "type": "string",
            "format": "binary",
            "description": "The image (.bin), or the archive of a build (.zip), which holds "
            "version and platform too",
        },
        "version": {"type": "string", "description": "YYYY.M.D.BUILD or vMAJOR.MINOR.PATCH"},
        "platform": {"type": "string", "description": "The canonical name of a platform"},
        "signature": {
            "type": "string",
            "description": "Base64, as `skiclock sign image` prints it; needed where the server "
            "has FIRMWARE_PUBLIC_KEYS",
        },
        **{
            part.value: {
                "type": "string",
                "format": "binary",
                "description": "For flashing a blank ESP32 over USB: all three or none",
            }
            for part in BLANK_CHIP_PARTS
        },
    },
    "example": {"version": "2026.11.24.1", "platform": "esp32"},
}
_ANSWER = {
    "success": True,
    "platform": "esp32",
    "version": "2026.11.24.1",
    "filename": "firmware.bin",
    "size": 1014016,
    "sha256": "6beed277a33ffdfee85e071d944198b62a7f4e22b001e16b431e97f0e5421685",
    "uploaded_at": "2026-11-24T12:00:00+00:00",
    "signed": True,
    "starts_blank_chip": True,
    "download_url": "/api/firmware/esp32",
}


def _error(sentence: str, code: str, field: str | None = None) -> dict[str, Any]:
    example = {"error": sentence, "code": code} | ({"field": field} if field else {})
    return {"content": {"application/json": {"example": example}}}


@router.post(
    paths.UPLOAD,
    status_code=201,
    summary="Publish firmware",
    responses={
        201: {"content": {"application/json": {"example": _ANSWER}}},
        400: _error("esp8266 is an old name of esp12f; …", "unknown_platform", "platform"),
        403: _error("The token is of no workflow that may upload here.", "token_not_allowed"),
        401: _error("The key is unknown, expired or revoked.", "wrong_key"),
        409: _error("esp32 2026.11.24.1 exists already; …", "version_exists", "version"),
        413: _error("The file is larger than 8,388,608 bytes, …", "upload_too_large", "file"),
    },
    openapi_extra={"requestBody": {"content": {"multipart/form-data": {"schema": _FORM}}}},
)
async def upload(request: Request) -> Response:
    """Check and publish an image, and tell the clocks. Key scope: `upload`.

    CI that the server knows sends the OIDC token of its run as `Authorization: Bearer`.

    The image is read to its end: a file for another chip, a truncated or a foreign one
    is refused, and the sentence says what it is.
    """
    asker = await ask_for(request, Scope.UPLOAD, permission=Permission.UPLOAD_FIRMWARE)
    server = server_of(request)
    max_bytes = server.settings.upload_max_bytes
    async with server.storage.receive(max_bytes=max_bytes) as incoming:
        form = await _receive(request, incoming, max_bytes)
        async with (
            unpacked(incoming) as (application, bundle),
            server.database.session() as session,
        ):
            fields = form.fields if bundle is None else _joined(form.fields, bundle)
            info = await publish(
                session,
                application,
                platform=_field(fields, "platform"),
                version=_field(fields, "version"),
                filename=incoming.filename if bundle is None else "",
                actor=asker.name,
                address=address_of(request),
                now=datetime.now(UTC),
                signature=fields.get("signature", "").strip(),
                parts=form.parts or (bundle.parts if bundle else {}),
                public_keys=server.settings.public_keys,
                platforms=server.settings.platforms,
            )
    server.catalogue.add(info)
    server.announcer.hurry()
    server.keeper.hurry()
    return Response(_answer(info), 201, media_type="application/json")


def _joined(fields: dict[str, str], bundle: Bundle) -> dict[str, str]:
    """Return what form and archive say together; raises BadRequestError where they differ."""
    words = {
        name: value
        for name, value in msgspec.structs.asdict(bundle.words).items()
        if value is not None
    }
    for name, value in fields.items():
        if value.strip() and words.setdefault(name, value.strip()) != value.strip():
            raise BadRequestError(
                f"The form says {value.strip()[:80]!r}, the archive {words[name][:80]!r}.",
                field=name,
            )
    return words


async def _receive(request: Request, incoming: Incoming, max_bytes: int) -> UploadForm:
    try:
        _check_announced_size(request, max_bytes)
        return await read_upload(request, incoming)
    except UploadTooLargeError:
        await discard_body(request)
        raise


def _check_announced_size(request: Request, max_bytes: int) -> None:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > max_bytes + FORM_OVERHEAD_BYTES:
        raise UploadTooLargeError(
            f"The upload has {int(length):,} bytes; at most {max_bytes:,} are taken.",
            field="file",
        )


def _field(fields: dict[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    if not value:
        raise BadRequestError(f"The form has no field {name}.", field=name)
    return value


def _answer(info: FirmwareInfo) -> bytes:
    return orjson.dumps(
        {
            "success": True,
            "platform": info.platform,
            "version": info.version,
            "filename": info.filename,
            "size": info.size_bytes,
            "sha256": info.sha256,
            "uploaded_at": info.uploaded_at,
            "signed": info.signature is not None,
            "starts_blank_chip": info.starts_blank_chip,
            "download_url": paths.FIRMWARE.format(platform=info.platform),
        }
    )
