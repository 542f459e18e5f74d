"""Routes about updates over the air: the log and its statistics, under v1's names."""

from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from backend import sight
from backend.access import Permission
from backend.api.asker import ask_for, server_of
from backend.api_keys import Scope
from backend.contract import paths
from backend.contract.limits import DEVICE_ID_PATTERN
from backend.models import Update, UpdateState
from backend.update_log import find_updates, update_statistics

router = APIRouter(tags=["Updates"])


class Status(StrEnum):
    """v1's names for where an update stands."""

    STARTED = "started"
    DOWNLOADING = "downloading"
    SUCCESS = "success"
    FAILED = "failed"


_STATUS_OF = {
    UpdateState.STARTED: Status.STARTED,
    UpdateState.DOWNLOADING: Status.DOWNLOADING,
    UpdateState.INSTALLED: Status.DOWNLOADING,  # not yet seen running: v1 knows no such state
    UpdateState.SUCCESS: Status.SUCCESS,
    UpdateState.FAILED: Status.FAILED,
    UpdateState.SILENT: Status.FAILED,
}
_LOG_EXAMPLE = {
    "count": 1,
    "logs": [
        {
            "id": 4711,
            "session_id": "3f0c9a52-8f5e-4f0e-9a39-1d8e4a8f8f10",
            "device_id": "e8c5fbbdf5f0",
            "platform": "esp32",
            "old_version": "2026.11.20.1",
            "new_version": "2026.11.24.1",
            "status": "success",
            "started_at": "2026-11-24T12:00:00+00:00",
            "completed_at": "2026-11-24T12:00:41+00:00",
            "duration_seconds": 41.0,
            "download_progress": 100,
            "error_message": None,
        }
    ],
}
_STATISTICS_EXAMPLE = {
    "total_updates": 120,
    "success_count": 110,
    "failed_count": 8,
    "in_progress_count": 2,
    "success_rate": 93.2,
    "avg_duration_seconds": 44.1,
    "recent_updates_7days": 12,
    "failed_devices_24h": 1,
}


@router.get(
    paths.OTA_LOGS,
    summary="Updates, newest first",
    response_class=Response,
    responses={200: {"content": {"application/json": {"example": _LOG_EXAMPLE}}}},
)
async def list_updates(
    request: Request,
    device_id: Annotated[
        str | None, Query(pattern=f"^{DEVICE_ID_PATTERN}$", examples=["e8c5fbbdf5f0"])
    ] = None,
    status: Annotated[Status | None, Query(examples=["failed"])] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Return updates that clocks have begun. Key scope: `read`."""
    asker = await ask_for(request, Scope.READ, permission=Permission.SEE_CLOCKS)
    server = server_of(request)
    states = [state for state, name in _STATUS_OF.items() if name is status]
    seen = sight.ids_seen(server.fleet, asker.identity)
    async with server.database.session() as session:
        updates = await find_updates(
            session, device_id=device_id, device_ids=seen, states=states, limit=limit
        )
    body = {"count": len(updates), "logs": [_update_json(update) for update in updates]}
    return Response(orjson.dumps(body), media_type="application/json")


@router.get(
    paths.OTA_STATS,
    summary="Update statistics",
    response_class=Response,
    responses={200: {"content": {"application/json": {"example": _STATISTICS_EXAMPLE}}}},
)
async def statistics(request: Request) -> Response:
    """Return figures over all updates. Rate in per cent, duration in s. Key scope: `read`."""
    asker = await ask_for(request, Scope.READ, permission=Permission.SEE_CLOCKS)
    server = server_of(request)
    seen = sight.ids_seen(server.fleet, asker.identity)
    async with server.database.session() as session:
        figures = await update_statistics(session, now=datetime.now(UTC), device_ids=seen)
    return Response(orjson.dumps(asdict(figures)), media_type="application/json")


def _update_json(update: Update) -> dict[str, Any]:
    began, ended = update.started_at, update.completed_at
    return {
        "id": update.id,
        "session_id": str(update.session_id),
        "device_id": update.device_id,
        "platform": update.platform,
        "old_version": update.old_version,
        "new_version": update.new_version,
        "status": _STATUS_OF[UpdateState(update.state)],
        "started_at": began,
        "completed_at": ended,
        "duration_seconds": round((ended - began).total_seconds(), 1) if began and ended else None,
        "download_progress": update.progress_percent,
        "error_message": update.error_message,
    }
