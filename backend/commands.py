"""Commands to v2 clocks: the row is the outbox, and what may become of one.

A clock obeys an id once and ignores one that has expired, so a command is sent again when its
clock comes back, until it answers or the time is over.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend import audit
from backend.clock_models import OPEN_COMMANDS, Command, CommandState
from backend.contract import orders
from backend.contract.limits import PROTOCOL
from backend.contract.messages import CommandResult
from backend.contract.orders import CommandName
from backend.db import driver_connection
from backend.errors import Refusal
from backend.models import Device

LIFETIME = timedelta(minutes=5)
MAX_LIFETIME = timedelta(days=7)
LAST_WORD_WITHIN = timedelta(seconds=30)
"""How long after its end a command's result may still be on the way."""
MAX_OPEN = 20
"""Commands of one clock that have not ended; it remembers the last 8."""


class Event(StrEnum):
    """What can happen to a command."""

    PUBLISHED = "published"  # the broker has it
    DONE = "done"  # the clock's word
    REFUSED = "refused"  # the clock's word
    FAILED = "failed"  # the clock's word
    EXPIRED = "expired"  # the clock's word: it came too late, or once more
    TIME_IS_UP = "time_is_up"  # no word in time


_S, _E = CommandState, Event

TRANSITIONS: dict[tuple[CommandState, Event], CommandState] = {
    (_S.WAITING, _E.PUBLISHED): _S.SENT,
    (_S.WAITING, _E.DONE): _S.DONE,
    (_S.WAITING, _E.REFUSED): _S.REFUSED,
    (_S.WAITING, _E.FAILED): _S.FAILED,
    (_S.WAITING, _E.EXPIRED): _S.EXPIRED,
    (_S.WAITING, _E.TIME_IS_UP): _S.EXPIRED,
    (_S.SENT, _E.PUBLISHED): _S.SENT,
    (_S.SENT, _E.DONE): _S.DONE,
    (_S.SENT, _E.REFUSED): _S.REFUSED,
    (_S.SENT, _E.FAILED): _S.FAILED,
    (_S.SENT, _E.EXPIRED): _S.EXPIRED,
    (_S.SENT, _E.TIME_IS_UP): _S.EXPIRED,
    # That it expired may have been our guess; what the clock did is worth more.
    (_S.EXPIRED, _E.DONE): _S.DONE,
    (_S.EXPIRED, _E.REFUSED): _S.REFUSED,
    (_S.EXPIRED, _E.FAILED): _S.FAILED,
}
"""Every change that is allowed. A pair that is not here changes nothing."""

NEEDED: dict[CommandName, tuple[str, ...]] = {
    CommandName.IDENTIFY: ("seconds",),
    CommandName.MESSAGE: ("text", "seconds"),
    CommandName.BRIGHTNESS: ("level", "seconds"),
}
"""What some commands need; the others take nothing."""


class BadCommandError(Refusal):
    """A command lacks what it needs, or has what it does not take."""

    code: ClassVar[str] = "bad_command"


class NoCommandsError(Refusal):
    """A clock takes no commands: it is none, or of the first generation."""

    code: ClassVar[str] = "no_commands"


class TooManyCommandsError(Refusal):
    """A clock has too many commands that have not ended."""

    code: ClassVar[str] = "too_many_commands"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One command to publish."""

    device_id: str
    command: orders.Command


async def give(
    session: AsyncSession,
    device_ids: Sequence[str],
    name: CommandName,
    arguments: dict[str, Any] | None = None,
    *,
    lifetime: timedelta = LIFETIME,
    actor: str,
    address: str | None,
    now: datetime,
) -> list[UUID]:
    """Write one command for each clock; return their ids. The caller hurries the dispatcher.

    Raises BadCommandError, NoCommandsError or TooManyCommandsError: then none is given.
    """
    arguments = {key: value for key, value in (arguments or {}).items() if value is not None}
    expires_at = now + min(lifetime, MAX_LIFETIME)
    _check(name, arguments, expires_at)
    devices = await _devices(session, device_ids)
    await _check_room(session, devices)
    rows = [
        Command(
            id=uuid4(),
            device=device,
            command=name.value,
            arguments=arguments,
            created_at=now,
            created_by=actor,
            expires_at=expires_at,
            state=CommandState.WAITING,
        )
        for device in devices.values()
    ]
    session.add_all(rows)
    for device_id in devices:
        audit.record(
            session,
            at=now,
            actor=actor,
            action="clock.command",
            object=device_id,
            address=address,
            after={"command": name.value} | arguments,
        )
    await session.flush()
    return [row.id for row in rows]


async def find_commands(session: AsyncSession, device_id: str, *, limit: int = 50) -> list[Command]:
    """Return a clock's commands, newest first."""
    return list(
        await session.scalars(
            select(Command)
            .join(Device, Device.id == Command.device)
            .where(Device.device_id == device_id)
            .order_by(Command.created_at.desc(), Command.id)
            .limit(limit)
        )
    )


async def to_send(
    session: AsyncSession, *, came_back: Iterable[str] | None, now: datetime, limit: int = 500
) -> list[Outgoing]:
    """Return what is to be published: what waits, and what clocks that came back may have missed.

    `came_back` None: any clock may have. Oldest first.
    """
    again = Command.state == CommandState.SENT
    if came_back is not None:
        again = again & Device.device_id.in_(list(came_back))
    rows = await session.execute(
        select(Device.device_id, Command)
        .join(Device, Device.id == Command.device)
        .where(or_(Command.state == CommandState.WAITING, again), Command.expires_at > now)
        .order_by(Command.created_at, Command.id)
        .limit(limit)
    )
    return [Outgoing(device_id, _order(row)) for device_id, row in rows]


async def note_published(session: AsyncSession, ids: Sequence[UUID], *, now: datetime) -> None:
    """Note that the broker has some commands; one that ended meanwhile stays as it is."""
    await session.execute(
        update(Command)
        .where(Command.id.in_(ids), Command.state.in_(_before(Event.PUBLISHED)))
        .values(state=CommandState.SENT, sent_at=now)
    )


async def take_results(
    session: AsyncSession, heard: Sequence[tuple[int, CommandResult, datetime]]
) -> None:
    """Write what clocks say became of their commands (devices.id, result, received at)."""
    # Of several words on one command the first counts, but for "expired", said of a repeated one.
    words: dict[tuple[int, UUID], tuple[int, CommandResult, datetime]] = {}
    for word in heard:
        known = words.get((word[0], word[1].id))
        if known is None or known[1].result == Event.EXPIRED.value:
            words[word[0], word[1].id] = word
    for event in (Event.DONE, Event.REFUSED, Event.FAILED, Event.EXPIRED):
        some = [word for word in words.values() if word[1].result == event.value]
        if not some:
            continue
        driver = await driver_connection(session)
        await driver.execute(
            "UPDATE commands SET state = $1, ended_at = said.at, detail = said.detail"
            " FROM unnest($2::bigint[], $3::uuid[], $4::timestamptz[], $5::text[])"
            " AS said (device, id, at, detail)"
            " WHERE commands.id = said.id AND commands.device = said.device"
            " AND commands.state = ANY($6)",
            event.value,
            [device for device, _, _ in some],
            [one.id for _, one, _ in some],
            [at for _, _, at in some],
            [one.detail for _, one, _ in some],
            [state.value for state in _before(event)],
        )


async def end_late(session: AsyncSession, *, now: datetime) -> list[str]:
    """End what got no answer in time; return the clocks."""
    late = (
        update(Command)
        .where(
            Command.state.in_(_before(Event.TIME_IS_UP)),
            Command.expires_at < now - LAST_WORD_WITHIN,
        )
        .values(state=CommandState.EXPIRED, ended_at=now, detail="No word from the clock in time.")
        .returning(Command.device)
    )
    devices = set(await session.scalars(late))
    if not devices:
        return []
    return list(await session.scalars(select(Device.device_id).where(Device.id.in_(devices))))


def _check(name: CommandName, arguments: dict[str, Any], expires_at: datetime) -> None:
    needed = NEEDED.get(name, ())
    for argument in needed:
        if argument not in arguments:
            raise BadCommandError(f"{name.value} needs {argument}.", field=argument)
    for argument in arguments:
        if argument not in needed:
            raise BadCommandError(f"{name.value} takes no {argument}.", field=argument)
    if not str(arguments.get("text", "")).isprintable():
        raise BadCommandError("The text must be one line.", field="text")
    try:
        fields = {"id": uuid4(), "command": name, "expires_at": int(expires_at.timestamp())}
        msgspec.convert(fields | arguments, orders.Command)
    except msgspec.ValidationError as error:
        field = next((one for one in needed if f".{one}" in str(error)), None)
        raise BadCommandError(f"{name.value} cannot have that: {error}.", field=field) from None


async def _devices(session: AsyncSession, device_ids: Sequence[str]) -> dict[str, int]:
    rows = await session.execute(
        select(Device.device_id, Device.id).where(
            Device.device_id.in_(device_ids), Device.protocol >= PROTOCOL
        )
    )
    found = {row.device_id: row.id for row in rows}
    missing = [device_id for device_id in device_ids if device_id not in found]
    if missing:
        raise NoCommandsError(
            f"{', '.join(missing[:3])}{' and others take' if len(missing) > 3 else ' takes'} no "
            "commands: the firmware is of the first generation. Update it first.",
            field="device_id",
        )
    return found


async def _check_room(session: AsyncSession, devices: dict[str, int]) -> None:
    open_ones = await session.scalars(
        select(Command.device).where(
            Command.device.in_(devices.values()), Command.state.in_(OPEN_COMMANDS)
        )
    )
    counts: dict[int, int] = {}
    for device in open_ones:
        counts[device] = counts.get(device, 0) + 1
    if max(counts.values(), default=0) >= MAX_OPEN:
        raise TooManyCommandsError(
            f"{MAX_OPEN} commands wait for that clock already; try again when they have ended."
        )


def _before(event: Event) -> list[CommandState]:
    """Return the states in which an event changes something."""
    return [state for state, happened in TRANSITIONS if happened is event]


def _order(row: Command) -> orders.Command:
    return orders.Command(
        id=row.id,
        command=CommandName(row.command),
        expires_at=int(row.expires_at.timestamp()),
        **row.arguments,
    )
