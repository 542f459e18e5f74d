"""Commands: every transition row by row, what may be given, and what is sent again."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from backend import commands
from backend.clock_models import OPEN_COMMANDS, Command, CommandState
from backend.commands import (
    TRANSITIONS,
    BadCommandError,
    Event,
    NoCommandsError,
    TooManyCommandsError,
)
from backend.contract.messages import CommandResult
from backend.contract.orders import CommandName
from backend.db import Database
from backend.models import AuditEntry
from backend.retention import COMMANDS, remove_some

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
CLOCKS = {"a1": 2, "b2": 2, "c3": None}


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def give(
    database: Database,
    *device_ids: str,
    name: CommandName = CommandName.INFO,
    at: datetime = NOW,
    lifetime: timedelta = commands.LIFETIME,
    **arguments: Any,
) -> list[UUID]:
    async with database.session() as session:
        return await commands.give(
            session,
            device_ids,
            name,
            arguments,
            lifetime=lifetime,
            actor="kari@club.example",
            address="192.0.2.7",
            now=at,
        )


async def to_send(
    database: Database, at: datetime, came_back: Iterable[str] | None = ()
) -> list[tuple[str, str]]:
    async with database.session() as session:
        outgoing = await commands.to_send(session, came_back=came_back, now=at)
    return [(one.device_id, one.command.command.value) for one in outgoing]


async def published(database: Database, *ids: UUID) -> None:
    async with database.session() as session:
        await commands.note_published(session, ids, now=NOW)


async def result(
    database: Database, command_id: UUID, word: str, at: datetime = NOW, device_id: str = "a1"
) -> None:
    async with database.session() as session:
        device = await session.scalar(
            text("SELECT id FROM devices WHERE device_id = :id"), {"id": device_id}
        )
        await commands.take_results(
            session,
            [(device, CommandResult(device_id, command_id, word, "why"), at)],  # type: ignore[arg-type]
        )


async def states(database: Database) -> list[str]:
    async with database.session() as session:
        rows = await session.scalars(select(Command.state).order_by(Command.created_at))
        return list(rows)


@pytest.fixture(autouse=True)
async def clocks(database: Database) -> None:
    async with database.session() as session:
        for device_id, protocol in CLOCKS.items():
            await session.execute(
                text(
                    "INSERT INTO devices (device_id, protocol, first_seen, last_seen)"
                    " VALUES (:id, :protocol, :now, :now)"
                ),
                {"id": device_id, "protocol": protocol, "now": NOW},
            )


async def bring_about(database: Database, command_id: UUID, event: Event) -> None:
    match event:
        case Event.PUBLISHED:
            await published(database, command_id)
        case Event.TIME_IS_UP:
            async with database.session() as session:
                await commands.end_late(session, now=after(10_000))
        case _:
            await result(database, command_id, event.value)


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", CommandState)
async def test_each_pair_of_state_and_event_is_decided_by_the_table(
    database: Database, state: CommandState, event: Event
) -> None:
    (command_id,) = await give(database, "a1")
    async with database.session() as session:
        row = await session.get_one(Command, command_id)
        row.state = state
        row.ended_at = None if state in OPEN_COMMANDS else NOW
    await bring_about(database, command_id, event)
    expected = TRANSITIONS.get((state, event), state)
    async with database.session() as session:
        row = await session.get_one(Command, command_id)
    assert row.state == expected
    assert (row.ended_at is None) == (expected in OPEN_COMMANDS)


def test_every_open_command_ends_when_its_time_is_up() -> None:
    for state in OPEN_COMMANDS:
        assert TRANSITIONS[state, Event.TIME_IS_UP] is CommandState.EXPIRED


def test_done_refused_and_failed_are_final() -> None:
    final = {CommandState.DONE, CommandState.REFUSED, CommandState.FAILED}
    assert not [pair for pair in TRANSITIONS if pair[0] in final]


async def test_command_is_sent_once_and_again_when_its_clock_comes_back(
    database: Database,
) -> None:
    (first,) = await give(database, "a1")
    (second,) = await give(database, "b2", name=CommandName.RESTART, at=after(1))
    assert await to_send(database, after(2)) == [("a1", "info"), ("b2", "restart")]
    await published(database, first, second)
    assert await to_send(database, after(3)) == []
    assert await to_send(database, after(3), ["b2"]) == [("b2", "restart")]
    assert await to_send(database, after(3), None) == [("a1", "info"), ("b2", "restart")]
    await result(database, second, "done", device_id="b2")
    assert await to_send(database, after(4), ["b2"]) == []


async def test_expired_command_is_sent_to_nobody_and_ends(database: Database) -> None:
    await give(database, "a1", lifetime=timedelta(seconds=60))
    assert await to_send(database, after(60), None) == []
    async with database.session() as session:
        assert await commands.end_late(session, now=after(80)) == []
        assert await commands.end_late(session, now=after(91)) == ["a1"]
    assert await states(database) == ["expired"]


async def test_late_result_is_worth_more_than_our_guess(database: Database) -> None:
    (command_id,) = await give(database, "a1")
    await published(database, command_id)
    async with database.session() as session:
        await commands.end_late(session, now=after(3600))
    await result(database, command_id, "done", after(3700))
    assert await states(database) == ["done"]


async def test_expired_said_of_a_repeated_command_does_not_undo_its_result(
    database: Database,
) -> None:
    (command_id,) = await give(database, "a1")
    async with database.session() as session:
        device = await session.scalar(text("SELECT id FROM devices WHERE device_id = 'a1'"))
        words = [
            (device, CommandResult("a1", command_id, word), NOW)  # type: ignore[arg-type]
            for word in ("expired", "done", "failed")
        ]
        await commands.take_results(session, words)
    assert await states(database) == ["done"]
    await result(database, command_id, "expired")
    assert await states(database) == ["done"]


async def test_who_gave_it_stands_in_the_audit_log(database: Database) -> None:
    await give(database, "a1", name=CommandName.MESSAGE, text="Start 10:30", seconds=60)
    async with database.session() as session:
        (entry,) = await session.scalars(select(AuditEntry))
    assert (entry.actor, entry.action, entry.object) == (
        "kari@club.example",
        "clock.command",
        "a1",
    )
    assert entry.after == {"command": "message", "text": "Start 10:30", "seconds": 60}


@pytest.mark.parametrize(
    ("name", "arguments", "field"),
    [
        (CommandName.IDENTIFY, {}, "seconds"),
        (CommandName.IDENTIFY, {"seconds": 0}, "seconds"),
        (CommandName.MESSAGE, {"text": "x"}, "seconds"),
        (CommandName.MESSAGE, {"text": "", "seconds": 5}, "text"),
        (CommandName.MESSAGE, {"text": "x" * 121, "seconds": 5}, "text"),
        (CommandName.MESSAGE, {"text": "a\x00b", "seconds": 5}, "text"),
        (CommandName.BRIGHTNESS, {"level": 256, "seconds": 5}, "level"),
        (CommandName.RESTART, {"seconds": 5}, "seconds"),
    ],
)
async def test_command_that_no_clock_could_take_is_refused(
    database: Database, name: CommandName, arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadCommandError) as caught:
        await give(database, "a1", name=name, **arguments)
    assert caught.value.field == field
    assert await states(database) == []


@pytest.mark.parametrize("device_id", ["c3", "dead"])
async def test_clock_that_takes_no_commands_is_given_none(
    database: Database, device_id: str
) -> None:
    with pytest.raises(NoCommandsError, match=device_id):
        await give(database, "a1", device_id)
    assert await states(database) == []


async def test_clock_is_not_buried_under_commands(database: Database) -> None:
    for number in range(commands.MAX_OPEN):
        await give(database, "a1", at=after(number))
    with pytest.raises(TooManyCommandsError):
        await give(database, "b2", "a1", at=after(30))
    await give(database, "b2", at=after(30))


async def test_old_commands_are_removed(database: Database) -> None:
    await give(database, "a1", at=NOW - timedelta(days=91))
    await give(database, "a1")
    async with database.session() as session:
        await remove_some(session, COMMANDS, before=NOW - timedelta(days=90), limit=10)
        (kept,) = await commands.find_commands(session, "a1")
    assert kept.created_at == NOW
    await result(database, uuid4(), "done")
