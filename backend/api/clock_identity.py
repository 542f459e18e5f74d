"""What a clock that is flashed from here is told: the parts of this server that say it."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from backend import clock_credentials
from backend.access import Identity
from backend.api.asker import server_of
from backend.claims import Claim, UnknownClaimError
from backend.clock_keys import Claimed
from backend.contract.flash_map import Part
from backend.contract.platforms import ESP8266_CHIP_FAMILY, PLATFORMS
from backend.firmware import FirmwareInfo
from backend.identity_part import (
    Home,
    Place,
    Self,
    UnfitIdentityError,
    make_records,
    part_of,
    place_of,
)
from backend.links import LinkTarget
from backend.manifest import Provisioning

if TYPE_CHECKING:
    from backend.app import Server

TLS_PORT = 8883


def base_url_of(request: Request) -> str:
    """Return the address that people and clocks use: as it is set, or as it was asked at."""
    return server_of(request).settings.base_url or str(request.base_url).rstrip("/")


async def provisioning_of(
    request: Request, identity: Identity, info: FirmwareInfo, *, now: datetime
) -> Provisioning | None:
    """Return which board `?claim=` names; raises UnknownClaimError for one of somebody else."""
    claim_id = request.query_params.get("claim")
    if claim_id is None:
        return None
    server = server_of(request)
    claim = server.claims.find(
        claim_id,
        user_id=identity.user_id,
        platform=info.platform,
        version=info.version,
        now=now,
    )
    return Provisioning(claim, (await _place_of(server, info)).offset)


async def make_identity(
    request: Request,
    session: AsyncSession,
    target: LinkTarget,
    info: FirmwareInfo,
    *,
    now: datetime,
) -> tuple[str, bytes]:
    """Return the id of the clock that a link is for, and the part of flash that makes it one.

    Raises UnknownClaimError, also where these credentials were revoked since.
    """
    server = server_of(request)
    claim = server.claims.find(
        target.claim,
        user_id=target.user_id,
        platform=info.platform,
        version=info.version,
        now=now,
    )
    if not await clock_credentials.is_valid(session, Claimed(claim.device_id, claim.generation)):
        raise UnknownClaimError("The credentials of this claim were revoked. Begin again.")
    place = await _place_of(server, info)
    home = home_of(server, base_url_of(request))
    return claim.device_id, await asyncio.to_thread(_make, server, home, claim, place)


async def check_identity(request: Request, clock: Self) -> None:
    """Raise UnfitIdentityError where no clock would take what it is told."""
    server = server_of(request)
    if not server.settings.knows_single_clocks:
        raise UnfitIdentityError(
            "The broker lets no clock in by a user of its own. Set BROKER_DYNSEC for mosquitto, "
            "or BROKER_HTTP_KEY for a broker that asks this server."
        )
    home = home_of(server, base_url_of(request))
    await asyncio.to_thread(make_records, server.clock_keys, home, clock)


def home_of(server: "Server", base_url: str) -> Home:
    """Return where the clocks of this server belong."""
    settings, around = server.settings, server.surroundings
    url = urlsplit(base_url)
    ca_files = [settings.mqtt_ca_file, around.broker_ca, settings.web_ca_file]
    host, port, trust = settings.mqtt_host, settings.broker_port, "verified"
    if settings.embeds_broker:
        told_port = around.clocks_connect_to.rpartition(":")[2]
        host, port = url.hostname or "", int(told_port or settings.embedded_mqtt_tls_port)
    elif settings.mqtt_public_address:
        public = urlsplit(f"//{settings.mqtt_public_address}")
        host, port = public.hostname or "", public.port or TLS_PORT
    elif not settings.mqtt_tls:
        trust = "plain"
    return Home(
        server_url=f"{url.scheme}://{url.netloc}",
        mqtt_host=host,
        mqtt_port=port,
        trust=trust,
        topic_prefix=settings.mqtt_topic_prefix,
        ca_files=tuple(file for file in ca_files if file is not None),
    )


async def _place_of(server: "Server", info: FirmwareInfo) -> Place:
    if PLATFORMS[info.platform].chip_family == ESP8266_CHIP_FAMILY:
        return place_of(info.platform, None)
    table = await server.images.get(info.of_part(Part.PARTITIONS).sha256)
    return place_of(info.platform, table)


def _make(server: "Server", home: Home, claim: Claim, place: Place) -> bytes:
    records = make_records(server.clock_keys, home, Self.of(claim))
    return part_of(records, claim.platform, place)
