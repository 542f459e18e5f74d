"""Owns the history of boards written over USB, as the browsers that wrote them tell it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from backend.board_models import FlashAttempt, FlashState
from backend.contract.chip_id import clean_mac, device_id_of
from backend.errors import Refusal

LOG_CHARACTERS = 64 * 1024
REASON_CHARACTERS = 300
CHIP_CHARACTERS = 64
GIVEN_UP_AFTER = timedelta(minutes=30)
"""A board is written in two minutes: what says nothing for so long was left."""


class BadAttemptError(Refusal):
    """What a browser tells of an attempt cannot be."""

    code: ClassVar[str] = "bad_attempt"


class UnknownAttemptError(Refusal):
    """There is no such attempt, or it is somebody else's, or it has ended."""

    code: ClassVar[str] = "unknown_attempt"


def chip_of(platform: str, mac: str) -> tuple[str, str]:
    """Return the clean MAC and the clock's id of a board; raises BadAttemptError."""
    clean = clean_mac(mac)
    if clean is None:
        raise BadAttemptError(f"{mac[:40]!r} is no MAC address.", field="mac")
    return clean, device_id_of(platform, clean)


async def begin(
    session: AsyncSession,
    *,
    platform: str,
    version: str,
    chip: str,
    mac: str,
    by: str,
    now: datetime,
) -> FlashAttempt:
    """Note that somebody begins to write a board for one of our platforms; may refuse."""
    mac, device_id = chip_of(platform, mac)
    attempt = FlashAttempt(
        begun_at=now,
        by=by,
        platform=platform,
        version=version,
        chip=plain_text(chip, CHIP_CHARACTERS),
        mac=mac,
        device_id=device_id,
        state=FlashState.RUNNING,
    )
    session.add(attempt)
    await session.flush()
    return attempt


async def finish(
    session: AsyncSession,
    attempt_id: int,
    *,
    state: str,
    reason: str,
    log: str,
    by: str,
    now: datetime,
) -> FlashAttempt:
    """Note how an attempt of one's own ended.

    Raises BadAttemptError or UnknownAttemptError.
    """
    if state not in set(FlashState) - {FlashState.RUNNING}:
        raise BadAttemptError("An attempt ends done, failed or aborted.", field="state")
    attempt = await session.scalar(
        select(FlashAttempt)
        .where(
            FlashAttempt.id == attempt_id,
            FlashAttempt.by == by,
            FlashAttempt.state == FlashState.RUNNING,
        )
        .with_for_update()
    )
    if attempt is None:
        raise UnknownAttemptError("There is no attempt of yours with this number that runs.")
    attempt.state, attempt.ended_at = FlashState(state), now
    attempt.reason = plain_text(reason, REASON_CHARACTERS) or None
    attempt.log = plain_text(log[-LOG_CHARACTERS:], LOG_CHARACTERS) or None
    await session.flush()
    return attempt


async def find_attempts(
    session: AsyncSession,
    *,
    device_id: str | None = None,
    platforms: Iterable[str] | None = None,
    device_ids: Iterable[str] | None = None,
    or_by: str = "",
    limit: int = 20,
) -> list[FlashAttempt]:
    """Return attempts without their logs, newest first; of one clock, or of some platforms.

    `device_ids`: of these clocks alone, and what `or_by` did.
    """
    query = select(FlashAttempt).options(defer(FlashAttempt.log, raiseload=True))
    if device_id is not None:
        query = query.where(FlashAttempt.device_id == device_id)
    if platforms is not None:
        query = query.where(FlashAttempt.platform.in_(list(platforms)))
    if device_ids is not None:
        of_these = FlashAttempt.device_id.in_(list(device_ids))
        query = query.where(of_these | (FlashAttempt.by == or_by))
    return list(await session.scalars(query.order_by(FlashAttempt.id.desc()).limit(limit)))


async def find_attempt(session: AsyncSession, attempt_id: int) -> FlashAttempt | None:
    """Return one attempt, log included."""
    return await session.get(FlashAttempt, attempt_id, populate_existing=True)


def is_given_up(attempt: FlashAttempt, *, now: datetime) -> bool:
    """Tell whether the browser that began an attempt will say no more of it."""
    return attempt.state == FlashState.RUNNING and now - attempt.begun_at > GIVEN_UP_AFTER


def plain_text(text: str, characters: int) -> str:
    """Return a text with nothing in it but what can be read, lines and tabs; cut to a length."""
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)[:characters].strip()
