"""Routes about the server itself: status, health, readiness, figures."""

from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from backend import sight
from backend.access import Identity, Permission
from backend.api.asker import ask_for, server_of
from backend.api_keys import Scope
from backend.contract import paths
from backend.contract.platforms import PLATFORMS
from backend.firmware import FirmwareInfo
from backend.fleet import is_online

if TYPE_CHECKING:
    from backend.app import Server

router = APIRouter(tags=["Server"])

_PART = {"ok": True, "since": "2026-11-24T12:00:00+00:00", "detail": ""}
_FIRMWARE_EXAMPLE = {
    "version": "2026.11.24.1",
    "filename": "firmware.bin",
    "size": 1014016,
    "sha256": "6beed277a33ffdfee85e071d944198b62a7f4e22b001e16b431e97f0e5421685",
    "uploaded_at": "2026-11-24T12:00:00+00:00",
    "download_url": "/api/firmware/esp32",
    "can_download": True,
    "public_download_url": "/firmware/user-download/WzEsImVz…",
}


@router.get(
    paths.STATUS,
    summary="What is published, and how the server is",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/json": {
                    "example": {
                        "status": "ok",
                        "version": "0.1.0",
                        "time": "2026-11-24T12:00:00+00:00",
                        "mqtt_enabled": True,
                        "mqtt_connected": True,
                        "device_count": 50,
                        "online_count": 48,
                        "firmwares": {"esp32": _FIRMWARE_EXAMPLE, "esp01": None},
                    }
                }
            }
        }
    },
)
async def status(request: Request) -> Response:
    """Return the newest firmware of each platform. Links are for people. Key scope: `read`."""
    asker = await ask_for(request, Scope.READ, permission=Permission.SEE_FIRMWARE)
    server = server_of(request)
    now = datetime.now(UTC)
    clocks = list(sight.clocks_seen(server.fleet, asker.identity))
    offline_after = server.settings.offline_after
    body = {
        "status": "ok" if server.health.ready else "degraded",
        "version": version("ski-clock-neo"),
        "time": now,
        "mqtt_enabled": True,
        "mqtt_connected": server.health.broker.ok,
        "device_count": len(clocks),
        "online_count": sum(is_online(c, now=now, offline_after=offline_after) for c in clocks),
        "firmwares": {
            name: _firmware_json(server, server.catalogue.newest(name), asker.identity, now)
            for name in PLATFORMS
        },
    }
    return Response(orjson.dumps(body), media_type="application/json")


@router.get(
    "/healthz",
    summary="Whether the process is alive",
    response_class=Response,
    responses={
        200: {
            "content": {
                "application/json": {
                    "example": {
                        "status": "ok",
                        "database": _PART,
                        "broker": _PART,
                        "store": _PART,
                    }
                }
            }
        }
    },
)
async def healthz(request: Request) -> Response:
    """Answer 200 while the process runs, with the state of its parts."""
    health = server_of(request).health
    body = {
        "status": "ok" if health.ready else "degraded",
        "database": asdict(health.database),
        "broker": asdict(health.broker),
        "store": asdict(health.store),
    }
    return Response(orjson.dumps(body), media_type="application/json")


@router.get(
    "/readyz",
    summary="Whether clocks and people can be served",
    response_class=Response,
    responses={
        200: {"content": {"application/json": {"example": {"ready": True, "missing": []}}}},
        503: {
            "content": {
                "application/json": {
                    "example": {
                        "ready": False,
                        "missing": ["broker"],
                        "error": "broker: Connection refused",
                        "code": "not_ready",
                    }
                }
            }
        },
    },
)
async def readyz(request: Request) -> Response:
    """Answer 200 when database and broker are there and the schema is current, else 503."""
    server = server_of(request)
    missing = _missing(server)
    body: dict[str, Any] = {"ready": not missing, "missing": list(missing)}
    if missing:
        sentence = "; ".join(f"{part}: {detail}" for part, detail in missing.items())
        body |= {"error": sentence, "code": "not_ready"}
    return Response(orjson.dumps(body), 503 if missing else 200, media_type="application/json")


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"example": 'skiclock_devices{state="online"} 48.0\n'}}}
    },
)
async def metrics(request: Request) -> Response:
    """Return all figures in Prometheus' text format. Key scopes: `metrics` or `read`."""
    await ask_for(request, Scope.METRICS, Scope.READ, permission=Permission.SEE_DIAGNOSTICS)
    text = await request.app.state.metrics.render()
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def _missing(server: "Server") -> dict[str, str]:
    """Return the parts that are not there, and why."""
    health = server.health
    missing = {}
    if not health.database.ok:
        missing["database"] = health.database.detail
    elif not server.loaded.is_set():
        missing["database"] = "The schema is being brought up to date."
    if not health.broker.ok:
        missing["broker"] = health.broker.detail
    return missing


def _firmware_json(
    server: "Server", info: FirmwareInfo | None, identity: Identity | None, now: datetime
) -> dict[str, Any] | None:
    if info is None:
        return None
    link = None
    if identity is not None and identity.may_take(info.platform):
        token = server.links.make(identity, info.platform, info.version, now=now)
        link = paths.USER_DOWNLOAD.format(token=token)
    return {
        "version": info.version,
        "filename": info.filename,
        "size": info.size_bytes,
        "sha256": info.sha256,
        "uploaded_at": info.uploaded_at,
        "download_url": paths.FIRMWARE.format(platform=info.platform),
        "can_download": link is not None,
        "public_download_url": link,
    }
