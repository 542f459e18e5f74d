"""The tables of what v2 clocks say besides heartbeats, and of what they are told."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from backend.models import A_DEVICE_ID, A_PLATFORM, Base, state_in

__all__ = [
    "Base",
    "ClockCredential",
    "ClockDetails",
    "ClockEvent",
    "ClockSettings",
    "Command",
    "CommandState",
    "CredentialState",
]


class CommandState(StrEnum):
    """Where a command to one clock stands. Transitions: backend.commands."""

    WAITING = "waiting"  # committed here, not yet with the broker
    SENT = "sent"  # with the broker; the clock has not answered
    DONE = "done"  # the clock's word
    REFUSED = "refused"  # the clock's word: it will not
    FAILED = "failed"  # the clock's word: it tried
    EXPIRED = "expired"  # too late: the clock's word, or no word in time


class CredentialState(StrEnum):
    """Where one generation of a clock's credentials stands."""

    CURRENT = "current"  # what the clock has, or is about to get
    RETIRING = "retiring"  # still valid, until the clock uses the current ones
    REVOKED = "revoked"  # opens nothing any more


VALID_CREDENTIALS = (CredentialState.CURRENT, CredentialState.RETIRING)

OPEN_COMMANDS = (CommandState.WAITING, CommandState.SENT)


class ClockDetails(Base):
    """What a v2 clock says of itself besides heartbeats, as it said it last."""

    __tablename__ = "clock_details"

    device: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True
    )
    says_online: Mapped[bool | None]
    status_at: Mapped[datetime | None]
    info: Mapped[dict[str, Any] | None]
    info_at: Mapped[datetime | None]
    report_version: Mapped[int | None] = mapped_column(BigInteger)
    report_result: Mapped[str | None]
    report_field: Mapped[str | None]
    report_settings: Mapped[dict[str, Any] | None]  # in force, without secrets
    report_at: Mapped[datetime | None]
    events_lost: Mapped[int | None] = mapped_column(BigInteger)


class ClockSettings(Base):
    """What a clock is to be set to; it is sent until the clock reports this version."""

    __tablename__ = "clock_settings"

    device: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(BigInteger)
    settings: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]

    __table_args__ = (CheckConstraint("version > 0", name="version_is_positive"),)


class ClockEvent(Base):
    """One entry of a clock's journal; `occurred_at` where the clock knew the time."""

    __tablename__ = "clock_events"

    device: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True
    )
    boot: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str]
    detail: Mapped[str | None]
    uptime_s: Mapped[int] = mapped_column(BigInteger)
    occurred_at: Mapped[datetime | None]
    received_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_clock_events_device_received_at", "device", "received_at"),
        Index("ix_clock_events_received_at", "received_at"),
    )


class Command(Base):
    """One command to one clock; the row is the outbox of what is published."""

    __tablename__ = "commands"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    device: Mapped[int] = mapped_column(BigInteger, ForeignKey("devices.id", ondelete="CASCADE"))
    command: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime]
    state: Mapped[CommandState] = mapped_column(Text())
    sent_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    detail: Mapped[str | None]  # the clock's words on the result

    __table_args__ = (
        CheckConstraint(state_in(tuple(CommandState)), name="state_is_known"),
        CheckConstraint("expires_at > created_at", name="expires_later"),
        CheckConstraint(
            f"({state_in(OPEN_COMMANDS)}) = (ended_at IS NULL)", name="ended_has_a_time"
        ),
        Index("ix_commands_device_created_at", "device", "created_at"),
        Index("ix_commands_open", "expires_at", postgresql_where=text(state_in(OPEN_COMMANDS))),
        Index("ix_commands_created_at", "created_at"),
    )


class ClockCredential(Base):
    """One generation of a clock's own credentials; the secrets are derived from it.

    `device_id` is no foreign key: a generation is never given out again, not even to a clock
    that was removed and came back.
    """

    __tablename__ = "clock_credentials"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    device_id: Mapped[str]
    platform: Mapped[str]
    mac: Mapped[str | None]
    generation: Mapped[int]
    claimed_by: Mapped[str]
    claimed_at: Mapped[datetime]
    state: Mapped[CredentialState] = mapped_column(Text())
    first_used_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("device_id", "generation"),
        CheckConstraint(A_DEVICE_ID, name="device_id_is_hex"),
        CheckConstraint(A_PLATFORM, name="platform_is_ours"),
        CheckConstraint("generation BETWEEN 1 AND 999999", name="generation_fits_a_key"),
        CheckConstraint(state_in(tuple(CredentialState)), name="state_is_known"),
        CheckConstraint(
            "(state = 'revoked') = (revoked_at IS NOT NULL)", name="revoked_has_a_time"
        ),
        Index(
            "uq_clock_credentials_one_current",
            "device_id",
            unique=True,
            postgresql_where=text("state = 'current'"),
        ),
        Index(
            "uq_clock_credentials_one_retiring",
            "device_id",
            unique=True,
            postgresql_where=text("state = 'retiring'"),
        ),
    )
