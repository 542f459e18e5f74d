"""What a page that flashes tells the server, and who is shown what of it."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from backend.access import Identity, Permission
from backend.db import Database
from backend.errors import Refusal
from backend.firmware import Catalogue
from backend.fleet import Fleet
from skiclock_ui.live import Live
from skiclock_ui.pages import flash_history
from tests.ui.test_page_states import published

VERSION = "2026.11.24.1"
BOARD = {"platform": "esp32", "version": VERSION, "chip": "ESP32-D0WD", "mac": "24:0a:c4:e2:95:26"}
DEVICE = "2695e2c40a24"


class Questions:
    """What pages may ask, as `Live` is given it."""

    def __init__(self) -> None:
        self.handlers: dict[str, Any] = {}
        self.topics: list[Any] = []

    def add_answer(self, what: str, permission: Permission | None, handler: Any) -> None:
        self.handlers[what] = (permission, handler)

    def add_topic(self, topic: Any) -> None:
        self.topics.append(topic)

    async def ask(self, who: Identity, what: str, **args: Any) -> Any:
        permission, handler = self.handlers[what]
        assert permission is None or who.may(permission)
        return await handler(who, args)


def somebody(email: str, *permissions: Permission, platforms: set[str] | None = None) -> Identity:
    return Identity(1, email, "role", frozenset(permissions), frozenset(platforms or set()))


KARI = somebody("kari@club.example", Permission.DOWNLOAD_FIRMWARE, platforms={"esp32"})
OLA = somebody("ola@club.example", Permission.DOWNLOAD_FIRMWARE, platforms={"esp32c3"})
WATCHER = somebody("watch@club.example", Permission.SEE_CLOCKS)


@pytest.fixture
def questions(database: Database) -> Questions:
    catalogue = Catalogue()
    catalogue.add(published(VERSION, (1, 2026, 11, 24, 1), 1))
    found = Questions()
    server = SimpleNamespace(database=database, catalogue=catalogue, fleet=Fleet())
    flash_history.create(cast(Any, server), cast(Live, found))
    return found


async def test_an_attempt_is_told_from_beginning_to_end(questions: Questions) -> None:
    begun = await questions.ask(KARI, "flash.begin", **BOARD)
    (running,) = await questions.ask(KARI, "flash.attempts", device_id=None)
    assert (running["state"], running["took_s"], running["device_id"]) == ("running", None, DEVICE)
    await questions.ask(KARI, "flash.finish", **begun, state="failed", reason="pulled", log="0.1 a")
    (failed,) = await questions.ask(KARI, "flash.attempts", device_id=DEVICE)
    assert (failed["state"], failed["reason"]) == ("failed", "pulled")
    assert failed["by"] == "kari@club.example"
    assert await questions.ask(KARI, "flash.log", **begun) == {"log": "0.1 a"}
    assert await questions.topics[0].snapshot() == 2


async def test_who_may_not_flash_a_platform_sees_nothing_of_it(questions: Questions) -> None:
    with pytest.raises(Refusal, match="may not flash"):
        await questions.ask(OLA, "flash.begin", **BOARD)
    begun = await questions.ask(KARI, "flash.begin", **BOARD)
    assert await questions.ask(OLA, "flash.attempts", device_id=None) == []
    assert await questions.ask(OLA, "flash.attempts", device_id=DEVICE) == []
    for number in (begun["id"], "1e3", "²", "9" * 40, None):
        with pytest.raises(Refusal, match="no such attempt"):
            await questions.ask(OLA, "flash.log", id=number)
    with pytest.raises(Refusal, match="no attempt of yours"):
        await questions.ask(OLA, "flash.finish", **begun, state="done")


async def test_who_sees_clocks_sees_how_this_one_was_flashed(questions: Questions) -> None:
    await questions.ask(KARI, "flash.begin", **BOARD)
    (shown,) = await questions.ask(WATCHER, "flash.attempts", device_id=DEVICE)
    assert shown["version"] == VERSION
    assert await questions.ask(WATCHER, "flash.attempts", device_id=None) == []
    assert await questions.ask(WATCHER, "flash.attempts", device_id="abc") == []


async def test_who_sees_some_clocks_sees_how_those_were_flashed_and_what_they_did_themselves(
    questions: Questions,
) -> None:
    rights, boards = frozenset({Permission.DOWNLOAD_FIRMWARE}), frozenset({"esp32"})
    coach = Identity(5, "coach@club.example", "coach", rights, boards, frozenset({"Slalom"}))
    theirs = await questions.ask(KARI, "flash.begin", **BOARD)
    assert await questions.ask(coach, "flash.attempts", device_id=None) == []
    with pytest.raises(Refusal, match="no such attempt"):
        await questions.ask(coach, "flash.log", **theirs)
    own = await questions.ask(coach, "flash.begin", **BOARD)
    (shown,) = await questions.ask(coach, "flash.attempts", device_id=None)
    assert shown["by"] == "coach@club.example"
    assert await questions.ask(coach, "flash.log", **own) == {"log": None}
