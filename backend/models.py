"""The tables. Names carry units; every rule that data must keep is a constraint here."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from backend.contract.flash_map import BLANK_CHIP_PARTS
from backend.contract.limits import DEVICE_ID_PATTERN
from backend.contract.platforms import ALL_PLATFORMS

A_DEVICE_ID = f"device_id ~ '^{DEVICE_ID_PATTERN}$'"
A_PLATFORM = "platform IN ({})".format(", ".join(f"'{name}'" for name in ALL_PLATFORMS))

_A_PART = "part IN ({})".format(", ".join(f"'{part.value}'" for part in BLANK_CHIP_PARTS))


class UpdateState(StrEnum):
    """Where an update of one clock stands. Transitions: backend.update_states."""

    OFFERED = "offered"  # the clock was told of it and has not begun
    STARTED = "started"  # the clock said that it begins
    DOWNLOADING = "downloading"  # the clock reported progress
    INSTALLED = "installed"  # the clock's own word of success; its next heartbeat decides
    SUCCESS = "success"  # seen running the new version
    FAILED = "failed"  # the clock's word, or seen on the old version after a restart
    SILENT = "silent"  # no news for too long: a failure, unless the clock proves otherwise
    LAPSED = "lapsed"  # offered, never begun


OPEN_STATES = (
    UpdateState.OFFERED,
    UpdateState.STARTED,
    UpdateState.DOWNLOADING,
    UpdateState.INSTALLED,
)
RUNNING_STATES = OPEN_STATES[1:]


def state_in(states: Iterable[StrEnum]) -> str:
    """Return the condition that a row is in one of some states."""
    return "state IN ({})".format(", ".join(f"'{state.value}'" for state in states))


class Base(DeclarativeBase):
    """What all tables share: time with zone, plain text, constraint names that can be foretold."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: TIMESTAMP(timezone=True),
        str: Text(),
        bytes: LargeBinary(),
        dict[str, Any]: JSONB(),
        list[str]: ARRAY(Text()),
        list[int]: ARRAY(BigInteger()),
    }


class Device(Base):
    """A clock, and what it said last. `id` is ours, `device_id` the clock's own."""

    __tablename__ = "devices"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    device_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str | None]
    device_group: Mapped[str | None]  # whose it is; roles can be limited to groups
    board: Mapped[str | None]
    platform: Mapped[str | None]
    version: Mapped[str | None]
    uptime_s: Mapped[int | None] = mapped_column(BigInteger)
    rssi_dbm: Mapped[int | None] = mapped_column(SmallInteger)
    free_heap_bytes: Mapped[int | None] = mapped_column(BigInteger)
    ssid: Mapped[str | None]
    ip_address: Mapped[str | None]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]
    heard: Mapped[bool] = mapped_column(server_default=text("true"))  # False: only claimed yet
    # What v2 clocks say besides; None for v1.
    protocol: Mapped[int | None] = mapped_column(SmallInteger)
    reset_reason: Mapped[str | None]
    min_free_heap_bytes: Mapped[int | None] = mapped_column(BigInteger)
    time_source: Mapped[str | None]
    clock_error_ms: Mapped[int | None]
    frame_ms: Mapped[int | None]
    trust: Mapped[str | None]
    config_version: Mapped[int | None] = mapped_column(BigInteger)
    on_trial: Mapped[bool | None]

    __table_args__ = (
        CheckConstraint(A_DEVICE_ID, name="device_id_is_hex"),
        CheckConstraint(f"platform IS NULL OR {A_PLATFORM}", name="platform_is_ours"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 64", name="name_length"),
        CheckConstraint("char_length(device_group) BETWEEN 1 AND 40", name="group_length"),
        CheckConstraint("last_seen >= first_seen", name="seen_in_order"),
        # Every heartbeat rewrites its row: room on the page keeps that off the indexes.
        {"postgresql_with": {"fillfactor": "50"}},
    )


heartbeats = Table(
    "heartbeats",
    Base.metadata,
    Column("device", BigInteger, nullable=False),
    Column("received_at", TIMESTAMP(timezone=True), nullable=False),
    Column("uptime_s", BigInteger),
    Column("rssi_dbm", SmallInteger),
    Column("free_heap_bytes", BigInteger),
    Column("version", Text),
    Column("min_free_heap_bytes", BigInteger),
    Column("clock_error_ms", Integer),
    Column("frame_ms", Integer),
    Index("ix_heartbeats_device_received_at", "device", "received_at"),
    postgresql_partition_by="RANGE (received_at)",
)
"""History of what clocks said: a partition a day, see backend.heartbeats.

No foreign key to the clock: checking it costs more than writing the row, and removing
a clock removes its history in the same transaction.
"""


class Firmware(Base):
    """One uploaded image. Its bytes live in storage under their SHA-256."""

    __tablename__ = "firmware"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    platform: Mapped[str]
    version: Mapped[str]
    version_key: Mapped[list[int]]
    filename: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[str]
    signature: Mapped[str | None]  # base64; None: unsigned, which v2 clocks do not install
    announced_at: Mapped[datetime | None]  # None: the broadcast to the clocks is still to be sent
    parts: Mapped[list["FirmwarePart"]] = relationship(lazy="selectin")

    __table_args__ = (
        UniqueConstraint("platform", "version"),
        CheckConstraint(A_PLATFORM, name="platform_is_ours"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_is_hex"),
        CheckConstraint("size_bytes > 0", name="size_is_positive"),
        Index("ix_firmware_to_announce", "id", postgresql_where=text("announced_at IS NULL")),
    )


class FirmwarePart(Base):
    """What a blank chip needs beside a firmware's application; bytes in storage, too."""

    __tablename__ = "firmware_parts"

    firmware_id: Mapped[int] = mapped_column(
        ForeignKey("firmware.id", ondelete="CASCADE"), primary_key=True
    )
    part: Mapped[str] = mapped_column(primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]

    __table_args__ = (
        CheckConstraint(_A_PART, name="part_is_known"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_is_hex"),
        CheckConstraint("size_bytes > 0", name="size_is_positive"),
    )


class Update(Base):
    """One update of one clock, from the offer to its end.

    `device_id` is no foreign key: the log outlives the clock.
    """

    __tablename__ = "updates"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    session_id: Mapped[UUID] = mapped_column(unique=True)
    device_id: Mapped[str]
    platform: Mapped[str | None]
    old_version: Mapped[str | None]
    new_version: Mapped[str]
    state: Mapped[UpdateState] = mapped_column(Text())
    progress_percent: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    offered_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    heard_at: Mapped[datetime]  # the last news of it
    completed_at: Mapped[datetime | None]
    error_message: Mapped[str | None]

    __table_args__ = (
        CheckConstraint(A_DEVICE_ID, name="device_id_is_hex"),
        CheckConstraint(state_in(tuple(UpdateState)), name="state_is_known"),
        CheckConstraint("progress_percent BETWEEN 0 AND 100", name="progress_is_percent"),
        CheckConstraint(
            f"({state_in(OPEN_STATES)}) = (completed_at IS NULL)", name="ended_has_a_time"
        ),
        CheckConstraint(
            "state IN ('offered', 'lapsed') OR started_at IS NOT NULL", name="begun_has_a_time"
        ),
        Index(
            "uq_updates_one_offer",
            "device_id",
            unique=True,
            postgresql_where=text("state = 'offered'"),
        ),
        Index(
            "uq_updates_one_running",
            "device_id",
            unique=True,
            postgresql_where=text(state_in(RUNNING_STATES)),
        ),
        Index("ix_updates_device", "device_id", "id"),
        Index("ix_updates_begun", "id", postgresql_where=text("started_at IS NOT NULL")),
        Index(
            "ix_updates_started_at", "started_at", postgresql_where=text("started_at IS NOT NULL")
        ),
        Index(
            "ix_updates_failed_at",
            "completed_at",
            postgresql_where=text("state IN ('failed', 'silent')"),
        ),
        Index("ix_updates_state", "state", "id", postgresql_where=text("started_at IS NOT NULL")),
        Index("ix_updates_lapsed_at", "completed_at", postgresql_where=text("state = 'lapsed'")),
    )


class UpdateTotal(Base):
    """How many begun updates stand where, by the UTC day on which they began.

    Kept by a trigger on `updates`, so that statistics over millions of them cost a
    look at a few thousand rows.
    """

    __tablename__ = "update_totals"

    day: Mapped[datetime] = mapped_column(primary_key=True)
    state: Mapped[UpdateState] = mapped_column(Text(), primary_key=True)
    updates: Mapped[int] = mapped_column(BigInteger)
    duration_s: Mapped[float]  # sum over the ended ones


class Role(Base):
    """What its users may do: permissions by name, and platforms by name."""

    __tablename__ = "roles"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    permissions: Mapped[list[str]]
    device_groups: Mapped[list[str] | None]  # None: all clocks
    platforms: Mapped[list["PlatformPermission"]] = relationship(
        lazy="selectin", cascade="all, delete-orphan"
    )

    __table_args__ = (CheckConstraint("cardinality(device_groups) > 0", name="some_group"),)


class PlatformPermission(Base):
    """A platform whose images a role may download or flash."""

    __tablename__ = "platform_permissions"

    role_id: Mapped[int] = mapped_column(
        ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True
    )
    platform: Mapped[str] = mapped_column(primary_key=True)

    __table_args__ = (CheckConstraint(A_PLATFORM, name="platform_is_ours"),)


class User(Base):
    """A person who signs in."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]  # None: invited, has not chosen one yet
    must_change_password: Mapped[bool] = mapped_column(server_default=text("false"))
    disabled: Mapped[bool] = mapped_column(server_default=text("false"))
    role_id: Mapped[int] = mapped_column(ForeignKey("roles.id"), index=True)
    role: Mapped[Role] = relationship(lazy="joined", innerjoin=True)
    created_at: Mapped[datetime]
    last_sign_in_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("email = lower(email)", name="email_is_lower_case"),)


class Session(Base):
    """A signed-in browser. Only the SHA-256 of its cookie is kept."""

    __tablename__ = "sessions"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)  # to name it by
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    sealed_id_token: Mapped[str | None]  # of single sign-on: with it one signs out there too


class AccountLink(Base):
    """A link by which somebody chooses a password, once. Only the SHA-256 of its token is kept."""

    __tablename__ = "account_links"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    is_invite: Mapped[bool]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime]


class ApiKey(Base):
    """A key for a program. Its prefix is shown, of the rest only the SHA-256 is kept."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(unique=True)
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("cardinality(scopes) > 0", name="has_a_scope"),
        CheckConstraint("char_length(name) BETWEEN 1 AND 64", name="name_length"),
    )


class Download(Base):
    """Who took which image, from where."""

    __tablename__ = "downloads"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    platform: Mapped[str]
    version: Mapped[str]
    taker: Mapped[str]  # the user's e-mail, or the name of the key
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    part: Mapped[str] = mapped_column(server_default=text("'application'"))


class AuditEntry(Base):
    """Who did what to which object, written in the transaction that does it.

    Append-only: triggers refuse every other change, whoever asks.
    """

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Text(collation="C"))
    action: Mapped[str] = mapped_column(Text(collation="C"))
    object: Mapped[str] = mapped_column(Text(collation="C"))
    address: Mapped[str | None]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]

    __table_args__ = (
        Index("ix_audit_log_at", "at", "id"),
        Index("ix_audit_log_actor", "actor", "at", "id"),
        Index("ix_audit_log_action", "action", "at", "id"),
        Index("ix_audit_log_object", "object", "at", "id"),
    )
