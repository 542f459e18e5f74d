"""Gives a clock that is in use other credentials over the air, and sees that it took them.

They travel in the clock's settings, but stand in no table: they are laid over what is wanted
when that is sent, for as long as the clock has not used them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from backend import clock_credentials, clock_settings
from backend.clock_keys import Claimed, ClockKeys, mqtt_username, read_mqtt_username
from backend.clock_models import CredentialState
from backend.clock_settings import Wanted
from backend.contract.messages import ConfigReport
from backend.contract.orders import Config
from backend.contract.topics import Topics

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rotated:
    """The generation that a clock is about to get, and the settings that bring it."""

    generation: int
    settings_version: int


async def rotate(
    session: AsyncSession,
    device_id: str,
    *,
    keys: ClockKeys,
    topics: Topics,
    actor: str,
    address: str | None,
    now: datetime,
) -> Rotated:
    """Make other credentials for a clock; those that it has stay valid until it uses them.

    Raises NoCredentialsError, RotationWaitsError, NoSettingsError or BadSettingsError. After the
    commit the caller hurries ClockUsers, which tells broker and clock in this order.
    """
    row = await clock_credentials.rotate(session, device_id, actor=actor, address=address, now=now)
    version = await clock_settings.renew(
        session,
        device_id,
        beside=secrets_of(keys, device_id, row.generation),
        topics=topics,
        actor=actor,
        now=now,
    )
    return Rotated(row.generation, version)


async def fill_in(
    session: AsyncSession, wanted: Sequence[Wanted], *, keys: ClockKeys, topics: Topics
) -> list[Wanted]:
    """Lay the credentials that a clock has not used yet over the settings that it is sent."""
    rows = await clock_credentials.load_valid(session, [one.device_id for one in wanted])
    unused = {
        row.device_id: row.generation
        for row in rows
        if row.state == CredentialState.CURRENT and row.first_used_at is None
    }
    return [
        _filled(one, secrets_of(keys, one.device_id, unused[one.device_id]), topics)
        if one.device_id in unused
        else one
        for one in wanted
    ]


def secrets_of(keys: ClockKeys, device_id: str, generation: int) -> dict[str, str]:
    """Return one generation's credentials as the settings that they are on a clock."""
    return {
        "mqtt_username": mqtt_username(device_id, generation),
        "mqtt_password": keys.mqtt_password(device_id, generation),
        "download_api_key": keys.device_key(device_id, generation),
    }


def used_by(report: ConfigReport) -> Claimed | None:
    """Return the credentials with which a clock is connected, by its own word.

    It says `current` when it has connected; `applied` may still come over the old connection.
    """
    if report.result != "current" or not report.settings:
        return None
    claimed = read_mqtt_username(str(report.settings.get("mqtt_username", "")))
    return claimed if claimed is not None and claimed.device_id == report.device_id else None


def _filled(wanted: Wanted, secrets: dict[str, str], topics: Topics) -> Wanted:
    config = Config(wanted.config.version, wanted.config.settings | secrets)
    if clock_settings.fits(topics, wanted.device_id, config):
        return replace(wanted, config=config)
    log.warning("rotation.no_room", device_id=wanted.device_id)
    return wanted
