"""Sends a published version on to production: image, parts and signature as they are here."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit
from backend.errors import Refusal
from backend.firmware import FirmwareInfo
from backend.production import Production
from backend.storage import Storage


class PromotionOffError(Refusal):
    """No production server is set, or no key to publish there."""

    code: ClassVar[str] = "promotion_off"


class OtherImageError(Refusal):
    """Production has another image under that version."""

    code: ClassVar[str] = "other_image"


async def promote(
    session: AsyncSession,
    production: Production,
    storage: Storage,
    info: FirmwareInfo,
    *,
    actor: str,
    address: str | None,
    now: datetime,
) -> bool:
    """Publish a version on production; False where exactly this is there already.

    Raises PromotionOffError, OtherImageError, ProductionAwayError or ProductionRefusedError.
    """
    if not production.can_send:
        raise PromotionOffError(
            "This server does not promote: set PRODUCTION_API_URL, PRODUCTION_API_KEY and "
            "PRODUCTION_UPLOAD_KEY."
        )
    fields = {"platform": info.platform, "version": info.version}
    if info.signature:
        fields["signature"] = info.signature
    parts = {one.part: await storage.read(one.sha256) for one in info.parts}
    is_new = await production.send(fields, await storage.read(info.sha256), parts)
    if not is_new:
        there = {(one.platform, one.version): one.sha256 for one in await production.offered()}
        if there.get((info.platform, info.version)) != info.sha256:
            raise OtherImageError(
                f"{production.url} has another image as {info.platform} {info.version}; "
                "versions are never replaced."
            )
    audit.record(
        session,
        at=now,
        actor=actor,
        action="firmware.promote",
        object=f"{info.platform} {info.version}",
        address=address,
        after={"to": production.url, "sha256": info.sha256, "was_there": not is_new},
    )
    return is_new
