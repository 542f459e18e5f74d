"""The tables of what people did to boards: wrote them over USB, put one in another's place."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock_models import Base
from backend.contract.limits import DEVICE_ID_PATTERN
from backend.contract.platforms import ALL_PLATFORMS
from backend.models import state_in

__all__ = ["Base", "FlashAttempt", "FlashState", "Swap"]

_PLATFORMS = ", ".join(f"'{name}'" for name in ALL_PLATFORMS)


class FlashState(StrEnum):
    """How an attempt to write a board over USB stands, by the browser's word."""

    RUNNING = "running"  # begun; a browser that was closed meanwhile says no more
    DONE = "done"  # written whole
    FAILED = "failed"  # the reason stands beside it
    ABORTED = "aborted"  # a person ended it


class FlashAttempt(Base):
    """One attempt to write one board. It outlives the clock: `device_id` is no foreign key."""

    __tablename__ = "flash_attempts"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    by: Mapped[str]  # the user's e-mail
    platform: Mapped[str]
    version: Mapped[str]
    chip: Mapped[str]  # as the chip said it
    mac: Mapped[str]
    device_id: Mapped[str]
    state: Mapped[FlashState] = mapped_column(Text())
    reason: Mapped[str | None]
    log: Mapped[str | None]

    __table_args__ = (
        CheckConstraint(f"device_id ~ '^{DEVICE_ID_PATTERN}$'", name="device_id_is_hex"),
        CheckConstraint(f"platform IN ({_PLATFORMS})", name="platform_is_ours"),
        CheckConstraint(state_in(tuple(FlashState)), name="state_is_known"),
        CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended_has_a_time"),
        Index("ix_flash_attempts_device_id", "device_id", "id"),
        Index("ix_flash_attempts_begun_at", "begun_at"),
    )


class Swap(Base):
    """One clock took another's place. It outlives both."""

    __tablename__ = "swaps"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str]
    old: Mapped[str] = mapped_column(index=True)  # device ids
    new: Mapped[str] = mapped_column(index=True)

    __table_args__ = (CheckConstraint("old <> new", name="two_clocks"),)
