"""The audit log as a file that a spreadsheet opens."""

import csv
import io
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text

from backend import audit
from tests.backend.api.conftest import Site

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


async def write(site: Site, *objects: str) -> None:
    async with site.server.database.session() as session:
        for number, thing in enumerate(objects):
            audit.record(
                session,
                at=NOW + timedelta(hours=number),
                actor="kari@example.org",
                action="clock.rename",
                object=thing,
                address="192.0.2.1",
                before={"name": None},
                after={"name": "=1+1"},
            )


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_the_file_holds_what_was_asked_for_and_that_it_was_taken(site: Site) -> None:
    await write(site, "a1", "b2", "c3")
    person = await site.signed_in()
    since = (NOW + timedelta(hours=1)).isoformat()
    answer = await person.get("/api/audit.csv", params={"actor": "kari@", "since": since})

    assert [row["object"] for row in rows(answer)] == ["c3", "b2"]
    first = rows(answer)[0]
    assert first["at"] == "2026-11-24T14:00:00+00:00"
    assert (first["address"], first["before"]) == ("192.0.2.1", '{"name":null}')
    assert answer.headers["content-disposition"].startswith('attachment; filename="audit-log-')
    taken = rows(await person.get("/api/audit.csv", params={"action": "audit.export"}))
    assert taken[0]["actor"] == "admin@example.org"
    assert taken[0]["after"] == f'{{"actor":"kari@","since":"{since}"}}'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
async def test_nothing_in_it_is_a_formula(site: Site, start: str) -> None:
    await write(site, f'{start}HYPERLINK("https://evil.example","x")')
    person = await site.signed_in()
    answer = await person.get("/api/audit.csv", params={"action": "clock.rename"})

    reader = csv.reader(io.StringIO(answer.text, newline=""))
    cells = [cell for row in list(reader)[1:] for cell in row]
    assert len(cells) == 8
    assert not [
        cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
    ]
    assert f"'{start}HYPERLINK" in answer.text


async def test_a_long_log_comes_whole_and_in_order(site: Site) -> None:
    async with site.server.database.session() as session:
        await session.execute(
            text(
                "INSERT INTO audit_log (at, actor, action, object)"
                " SELECT now() - i % 7 * interval '1 h', 'system', 'clock.rename', i"
                " FROM generate_series(1, 2500) AS i"
            )
        )
    person = await site.signed_in()
    found = rows(await person.get("/api/audit.csv", params={"actor": "system", "object": ""}))
    numbers = [row["object"] for row in found if row["action"] == "clock.rename"]
    assert sorted(map(int, numbers)) == list(range(1, 2501))
    assert [row["at"] for row in found] == sorted((row["at"] for row in found), reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"since": "2026-11-24T12:00:00"},
        {"until": "0001-01-01T00:00:00+14:00"},
        {"until": "9999-12-31T23:59:59-12:00"},
        {"actor": "x" * 300},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(site: Site, query: dict[str, str]) -> None:
    person = await site.signed_in()
    answer = await person.get("/api/audit.csv", params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_hostile_texts_find_nothing(site: Site) -> None:
    person = await site.signed_in()
    for hostile in ("\x00", "' OR 1=1 --", "%", "\U0010ffff"):
        answer = await person.get("/api/audit.csv", params={"object": hostile, "actor": "nobody"})
        assert rows(answer) == []
