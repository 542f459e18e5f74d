"""Routes with which clocks and people get firmware: versions, images, manifests, links."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from backend.access import Permission
from backend.api.asker import (
    address_of,
    ask_for,
    check_platform,
    server_of,
    signed_in,
    user_agent_of,
)
from backend.api.clock_identity import base_url_of, make_identity, provisioning_of
from backend.api.errors import (
    BadRequestError,
    ForbiddenError,
    NoFirmwareError,
    NotLoadedError,
)
from backend.api.image_response import ImageResponse
from backend.api.shortcut import PlainRoute
from backend.api_keys import Scope
from backend.contract import paths
from backend.contract.flash_map import BLANK_CHIP_PARTS, Part
from backend.contract.platforms import (
    PLATFORMS,
    canonical_platform,
)
from backend.firmware import Catalogue, FirmwareInfo, UnknownPlatformError
from backend.links import LinkTarget, Taken, check_taker, write_down
from backend.manifest import flash_files, manifest_of
from backend.packed_image import is_packed, unpack
from backend.sessions import clean_user_agent

hot = APIRouter(route_class=PlainRoute, tags=["Firmware"])
router = APIRouter(tags=["Firmware"])

_PLATFORM = {
    "name": "platform",
    "required": True,
    "description": "A platform, or its old name (`esp8266` means `esp12f`)",
    "schema": {"type": "string", "enum": [*PLATFORMS, "esp8266"]},
    "example": "esp32",
}
_VERSION = {
    "name": "version",
    "in": "query",
    "description": "This version in place of the newest",
    "schema": {"type": "string"},
    "example": "2026.11.24.1",
}
_PART = {
    "name": "part",
    "in": "query",
    "description": "What a blank chip needs besides, in place of the application",
    "schema": {"type": "string", "enum": [part.value for part in BLANK_CHIP_PARTS]},
}
_LIST_ANSWER = {
    "count": 1,
    "firmware": [
        {
            "platform": "esp32",
            "version": "2026.11.24.1",
            "filename": "firmware.bin",
            "size": 1014016,
            "sha256": "6beed277a33ffdfee85e071d944198b62a7f4e22b001e16b431e97f0e5421685",
            "uploaded_at": "2026-11-24T12:00:00+00:00",
            "signature": None,
            "parts": [
                {
                    "part": "partitions",
                    "size": 3072,
                    "sha256": "148d959c1ff1ccdd0a6a9d9b1a0a2f0a6a1a3d5b0cb8b3a8b2e1f8d6f3f0c7aa",
                }
            ],
        }
    ],
}
_VERSION_ANSWER = {
    "platform": "esp32",
    "latest_version": "2026.11.24.1",
    "version": "2026.11.24.1",
    "filename": "firmware.bin",
    "size": 1014016,
    "sha256": "6beed277a33ffdfee85e071d944198b62a7f4e22b001e16b431e97f0e5421685",
    "uploaded_at": "2026-11-24T12:00:00+00:00",
    "signature": None,
    "download_url": "/api/firmware/esp32",
}


def _example(example: Any, media_type: str = "application/json") -> dict[str, Any]:
    return {"content": {media_type: {"example": example}}}


@hot.get(
    paths.VERSION,
    summary="The newest version of a platform",
    responses={
        200: _example(_VERSION_ANSWER),
        400: _example({"error": "There is no platform 'esp64'; …", "code": "unknown_platform"}),
        404: _example({"error": "No firmware for esp01 was published.", "code": "no_firmware"}),
    },
    openapi_extra={"parameters": [{**_PLATFORM, "in": "query"}]},
)
async def newest_version(request: Request) -> Response:
    """Return what clocks of a platform should run. Key scopes: `download` or `read`."""
    asker = await ask_for(request, Scope.DOWNLOAD, Scope.READ, permission=Permission.SEE_FIRMWARE)
    catalogue = server_of(request).catalogue
    platform = _platform_asked_for(request)
    if not platform:
        raise BadRequestError(
            f"Say for which platform; expected one of {', '.join(catalogue.platforms)}.",
            field="platform",
        )
    info = find_firmware(catalogue, platform, None)
    check_platform(asker, info.platform)
    return _version_answer(info)


@router.get(
    paths.FIRMWARE_LIST,
    summary="Every published version",
    response_class=Response,
    responses={200: _example(_LIST_ANSWER)},
)
async def firmware_list(request: Request) -> Response:
    """Return all versions with their hashes, parts and signatures, newest first by platform.

    What another server needs to take them over. Key scopes: `download` or `read`.
    """
    asker = await ask_for(request, Scope.DOWNLOAD, Scope.READ, permission=Permission.SEE_FIRMWARE)
    catalogue = server_of(request).catalogue
    if not catalogue.is_loaded:
        raise NotLoadedError("The server is starting; try again in a few seconds.")
    listed = [
        _listed(info)
        for platform in catalogue.platforms
        if asker.platform in {None, platform}
        for info in catalogue.versions(platform)
    ]
    body = {"count": len(listed), "firmware": listed}
    return Response(orjson.dumps(body), media_type="application/json")


@hot.head(paths.FIRMWARE, include_in_schema=False)
@hot.get(
    paths.FIRMWARE,
    summary="An image, as clocks download it",
    responses={
        200: {
            "description": "The image, with Content-Length and ETag",
            "content": {"application/octet-stream": {}},
        },
        206: {"description": "The ranges that were asked for"},
        304: {"description": "If-None-Match names this image"},
        401: _example({"error": "The key is unknown, expired or revoked.", "code": "wrong_key"}),
        404: _example({"error": "No firmware for esp01 was published.", "code": "no_firmware"}),
        416: {"description": "No requested range lies within the image"},
    },
    openapi_extra={"parameters": [{**_PLATFORM, "in": "path"}, _VERSION, _PART]},
)
async def image(request: Request) -> ImageResponse:
    """Send the newest image of a platform, or the `version` and `part` asked for.

    Key scope: `download`.
    """
    asker = await ask_for(request, Scope.DOWNLOAD, permission=Permission.DOWNLOAD_FIRMWARE)
    server = server_of(request)
    platform = request.path_params["platform"]
    info = find_firmware(server.catalogue, platform, request.query_params.get("version"))
    part = _part_asked_for(request)
    if asker.identity is not None and not asker.identity.may_take(info.platform):
        raise ForbiddenError(f"Your role does not include images for {info.platform}.")
    check_platform(asker, info.platform)
    info = info.of_part(part)
    response = ImageResponse(
        request,
        info,
        server.images.peek(info.sha256) or await server.images.get(info.sha256),
        attach=asker.identity is not None,
    )
    if response.begins:
        server.downloads.note(_taken(request, info, asker.name, part))
    return response


@router.get(
    paths.MANIFEST,
    summary="What ESP Web Tools writes to a chip",
    responses={
        200: _example(
            {
                "name": "Ski Clock Neo",
                "version": "2026.11.24.1",
                "new_install_prompt_erase": True,
                "new_install_improv_wait_time": 20,
                "builds": [
                    {
                        "chipFamily": "ESP8266",
                        "parts": [
                            {
                                "path": "https://clocks.example.org/firmware/user-download/WzEs…",
                                "offset": 0,
                            }
                        ],
                    }
                ],
            }
        ),
        409: _example({"error": "…", "code": "factory_parts_missing"}),
    },
)
async def manifest(request: Request, platform: str) -> Response:
    """Return the manifest of a platform's newest image, with links for the person who asks."""
    return await _manifest(request, platform, None)


@router.get(
    paths.VERSION_MANIFEST,
    summary="What ESP Web Tools writes to a chip, of one version",
    responses={
        404: _example({"error": "Version … was not published yet.", "code": "no_firmware"}),
        409: _example({"error": "…", "code": "factory_parts_missing"}),
    },
)
async def version_manifest(request: Request, platform: str, version: str) -> Response:
    """Return the manifest of one version, with links for the person who asks.

    With the `claim` of a board (`/api/clocks/claims`) it also names the part that makes this
    board that clock.
    """
    return await _manifest(request, platform, version)


async def _manifest(request: Request, platform: str, version: str | None) -> Response:
    identity = signed_in(request, Permission.DOWNLOAD_FIRMWARE)
    server = server_of(request)
    info = find_firmware(server.catalogue, platform, version)
    if not identity.may_take(info.platform):
        raise ForbiddenError(f"Your role does not include images for {info.platform}.")
    now = datetime.now(UTC)
    files = flash_files(
        info,
        server.links,
        identity,
        base_url=base_url_of(request),
        now=now,
        provisioning=await provisioning_of(request, identity, info, now=now),
    )
    return Response(orjson.dumps(manifest_of(info, files)), media_type="application/json")


@router.head(paths.USER_DOWNLOAD, include_in_schema=False, response_class=Response)
@router.get(
    paths.USER_DOWNLOAD,
    summary="An image by signed link",
    response_class=Response,
    responses={
        200: {"description": "The image", "content": {"application/octet-stream": {}}},
        410: _example({"error": "This download link has expired; …", "code": "link_expired"}),
    },
)
async def user_download(request: Request, token: str) -> Any:
    """Send the image that a link was made for, for an hour and while its user may take it."""
    now = datetime.now(UTC)
    server = server_of(request)
    target = server.links.read(token, now=now)
    async with server.database.session() as session:
        identity = await check_taker(session, target)
        info = find_firmware(server.catalogue, target.platform, target.version)
        if target.part is Part.IDENTITY:
            return await _identity_part(request, session, target, info, identity.email, now)
        info = info.of_part(target.part)
        content = await server.images.get(info.sha256)
        if target.part is Part.FLASH_IMAGE and is_packed(content):
            slot_bytes = PLATFORMS[info.platform].slot_bytes
            content = await asyncio.to_thread(unpack, content, max_bytes=slot_bytes)
            info = info.unpacked(content)
        response = ImageResponse(request, info, content, attach=True)
        if response.begins:
            await write_down(session, [_taken(request, info, identity.email, target.part)])
    return response


async def _identity_part(
    request: Request,
    session: AsyncSession,
    target: LinkTarget,
    info: FirmwareInfo,
    taker: str,
    now: datetime,
) -> Response:
    """Return what makes a board the clock that was claimed; it is on its way only here."""
    device_id, content = await make_identity(request, session, target, info, now=now)
    if request.method == "GET":
        await write_down(
            session,
            [_taken(request, replace(info, size_bytes=len(content)), taker, Part.IDENTITY)],
        )
    headers = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="{device_id}-identity.bin"',
    }
    return Response(content, headers=headers, media_type="application/octet-stream")


def find_firmware(catalogue: Catalogue, platform: str, version: str | None) -> FirmwareInfo:
    """Return a version of a platform, the newest without one.

    Raises UnknownPlatformError, NoFirmwareError, or NotLoadedError while nobody can know.
    """
    known = catalogue.platforms
    name = canonical_platform(platform, known)
    if name is None:
        raise UnknownPlatformError(
            f"There is no platform {platform[:40]!r}; expected one of {', '.join(known)}.",
            field="platform",
        )
    info = catalogue.find(name, version) if version else catalogue.newest(name)
    if info is None and not catalogue.is_loaded:
        raise NotLoadedError("The server is starting; try again in a few seconds.")
    if info is None:
        what = f"Version {version[:40]} of {name}" if version else f"Firmware for {name}"
        raise NoFirmwareError(f"{what} was not published yet.", field="version")
    return info


def _platform_asked_for(request: Request) -> str | None:
    """Return `?platform=`; the plain form of it without a general parser, which takes longer."""
    name, _, value = request.scope["query_string"].partition(b"=")
    if name == b"platform" and value.isalnum():
        return str(value.decode())
    return request.query_params.get("platform")


def _part_asked_for(request: Request) -> Part:
    """Return `?part=`; v1 clocks send no query at all."""
    name = request.query_params.get("part") if request.scope["query_string"] else None
    if name is None:
        return Part.APPLICATION
    if name not in BLANK_CHIP_PARTS:
        raise BadRequestError(
            f"There is no part {name[:40]!r}; expected one of {', '.join(BLANK_CHIP_PARTS)}.",
            field="part",
        )
    return Part(name)


def _listed(info: FirmwareInfo) -> dict[str, Any]:
    return {
        "platform": info.platform,
        "version": info.version,
        "filename": info.filename,
        "size": info.size_bytes,
        "sha256": info.sha256,
        "uploaded_at": info.uploaded_at,
        "signature": info.signature,
        "parts": [
            {"part": one.part, "size": one.size_bytes, "sha256": one.sha256} for one in info.parts
        ],
    }


@lru_cache(maxsize=64)
def _version_answer(info: FirmwareInfo) -> Response:
    """Return the answer about a version, made once: it never changes."""
    body = {
        "platform": info.platform,
        "latest_version": info.version,
        "version": info.version,
        "filename": info.filename,
        "size": info.size_bytes,
        "sha256": info.sha256,
        "uploaded_at": info.uploaded_at,
        "signature": info.signature,
        "download_url": paths.FIRMWARE.format(platform=info.platform),
    }
    return Response(orjson.dumps(body), media_type="application/json")


def _taken(
    request: Request, info: FirmwareInfo, taker: str, part: Part = Part.APPLICATION
) -> Taken:
    return Taken(
        at=datetime.now(UTC),
        platform=info.platform,
        version=info.version,
        part=part,
        taker=taker,
        address=address_of(request),
        user_agent=clean_user_agent(user_agent_of(request)),
        size_bytes=info.size_bytes,
    )
