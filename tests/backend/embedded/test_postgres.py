"""The embedded PostgreSQL: what it keeps, how it starts, and how it comes back."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.db import Database, is_unavailable
from backend.embedded import postgres
from backend.embedded.errors import ChildEndedError, SocketFolderError
from backend.embedded.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[EmbeddedPostgres, Database]]:
    server = EmbeddedPostgres(folder)
    database = Database(await server.start())
    try:
        yield server, database
    finally:
        await database.close()
        await server.stop()


async def run(database: Database, statement: str) -> list[object]:
    async with database.session() as session:
        result = await session.execute(text(statement))
        return list(result.scalars()) if result.returns_rows else []


async def make_table(database: Database) -> None:
    await run(database, "DROP TABLE IF EXISTS kept")
    await run(database, "CREATE TABLE kept (n int)")


async def wait_for_row(database: Database, within_s: float = 15) -> list[object]:
    """Ask until the database answers again."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                return await run(database, "SELECT n FROM kept ORDER BY n")
            except Exception as error:
                if not is_unavailable(error):
                    raise
            await asyncio.sleep(0.05)


def is_child_of_ours(pid: int | None) -> bool:
    return pid is not None and psutil.pid_exists(pid) and psutil.Process(pid).ppid() == os.getpid()


async def until(condition: Callable[[], bool], within_s: float = 15) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def supervised(server: EmbeddedPostgres) -> AsyncIterator[None]:
    task = asyncio.create_task(server.supervise())
    yield
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_data_is_there_after_stop_and_start(pg: Path) -> None:
    async with running(pg) as (_, database):
        await make_table(database)
        await run(database, "INSERT INTO kept VALUES (1), (2)")
    async with running(pg) as (_, database):
        assert await run(database, "SELECT n FROM kept ORDER BY n") == [1, 2]


async def test_stop_is_idempotent_and_ends_every_process(pg: Path) -> None:
    server = EmbeddedPostgres(pg)
    await server.stop()
    await server.start()
    assert server.pid
    family = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    await server.stop()
    await server.stop()
    assert server.pid is None
    assert not [process for process in family if process.is_running()]


async def test_commits_are_on_the_disk_and_nothing_listens_on_tcp(pg: Path) -> None:
    async with running(pg) as (server, database):
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert await run(database, f"SHOW {name}") == ["on"]
        assert await run(database, "SHOW listen_addresses") == [""]
        assert psutil.Process(server.pid).net_connections("inet") == []


async def test_postgres_is_never_root_and_sees_none_of_our_secrets(
    pg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "not for children")
    monkeypatch.setenv("PGPORT", "6666")
    async with running(pg) as (server, database):
        process = psutil.Process(server.pid)
        assert 0 not in process.uids()
        assert "SECRET_KEY" not in process.environ()
        assert await run(database, "SELECT 1") == [1]


async def test_killed_postgres_comes_back_with_every_acknowledged_commit(pg: Path) -> None:
    async with running(pg) as (server, database):
        await make_table(database)
        first_pid = server.pid
        acknowledged: list[object] = []

        async def write_until_it_fails() -> None:
            while True:
                await run(database, f"INSERT INTO kept VALUES ({len(acknowledged)})")
                acknowledged.append(len(acknowledged))
                if len(acknowledged) == 50:
                    assert server.pid
                    os.kill(server.pid, signal.SIGKILL)

        async with supervised(server):
            with pytest.raises(DBAPIError) as failure:
                await write_until_it_fails()
            assert is_unavailable(failure.value)
            rows = await wait_for_row(database)
        assert rows[: len(acknowledged)] == acknowledged
        assert len(rows) <= len(acknowledged) + 1
        assert server.pid != first_pid


OWNER = """
import asyncio, sys
from pathlib import Path
from backend.db import Database
from backend.embedded.postgres import EmbeddedPostgres
from sqlalchemy import text

async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]))
    database = Database(await server.start())
    if sys.argv[2] == "write":
        async with database.session() as session:
            await session.execute(text("DROP TABLE IF EXISTS kept"))
            await session.execute(text("CREATE TABLE kept (n int)"))
            await session.execute(text("INSERT INTO kept VALUES (7)"))
    print("PID", server.pid, flush=True)
    if sys.argv[2] == "write":
        await asyncio.Event().wait()
    await database.close()
    await server.stop()

asyncio.run(main())
"""


async def start_owner(folder: Path, action: str) -> tuple[asyncio.subprocess.Process, int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(folder), action, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    async for line in process.stdout:
        if line.startswith(b"PID"):
            return process, int(line.split()[1])
    raise AssertionError("the owner ended before it was ready")


async def test_killed_server_takes_postgres_with_it_and_the_next_start_finds_the_data(
    pg: Path,
) -> None:
    owner, postmaster_pid = await start_owner(pg, "write")
    postmaster = psutil.Process(postmaster_pid)
    owner.kill()
    await owner.wait()
    async with running(pg) as (server, database):  # at once: the old one still ends
        assert await run(database, "SELECT n FROM kept") == [7]
        assert server.pid != postmaster_pid
        assert not postmaster.is_running() or postmaster.status() == psutil.STATUS_ZOMBIE


async def test_second_process_uses_the_running_database_and_leaves_it_alone(
    pg: Path,
) -> None:
    async with running(pg) as (server, database):
        other, seen_pid = await start_owner(pg, "look")
        assert await other.wait() == 0
        assert seen_pid == server.pid
        assert await run(database, "SELECT 1") == [1]


async def test_database_that_another_process_ran_is_taken_over_when_it_ends(
    pg: Path,
) -> None:
    owner, _ = await start_owner(pg, "write")
    async with running(pg) as (server, database):
        assert await run(database, "SELECT n FROM kept") == [7]
        async with supervised(server):
            owner.kill()
            await owner.wait()
            await until(lambda: is_child_of_ours(server.pid))
            assert await wait_for_row(database) == [7]


async def test_two_instances_run_side_by_side(pg: Path, folder: Path) -> None:
    async with running(pg) as (_, one), running(folder / "pg") as (_, other):
        await make_table(one)
        assert await run(other, "SELECT to_regclass('kept')") == [None]


async def test_pid_file_that_names_a_living_stranger_does_not_block_the_start(
    pg: Path, folder: Path
) -> None:
    async with running(folder / "pg") as (stranger, _):
        left = f"{stranger.pid}\n{pg}/cluster\n1\n5432\n\n\n1 1\nready   \n"
        (pg / "cluster" / "postmaster.pid").write_text(left)
        async with running(pg) as (_, database):
            assert await run(database, "SELECT 1") == [1]


@pytest.mark.parametrize("name", ["a name, with a comma", "x" * 120, 'blåbär & 100 % "s\'now"'])
async def test_folder_may_have_any_name(pg: Path, name: str) -> None:
    elsewhere = pg.rename(pg.with_name(name))
    async with running(elsewhere) as (_, database):
        assert await run(database, "SELECT 1") == [1]
    elsewhere.rename(pg)


async def test_interrupted_first_start_is_begun_again(folder: Path) -> None:
    half = folder / "pg" / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    async with running(folder / "pg") as (_, database):
        assert await run(database, "SELECT 1") == [1]


async def test_unusable_cluster_is_reported_in_the_words_of_postgres(pg: Path) -> None:
    version = pg / "cluster" / "PG_VERSION"
    version.write_text("17\n")
    server = EmbeddedPostgres(pg)
    with pytest.raises(ChildEndedError, match="initialized by PostgreSQL version 17"):
        await server.start()
    version.write_text("18\n")
    assert await server.start()  # with the same object: the failure left nothing behind
    await server.stop()


async def test_socket_folder_that_others_may_enter_is_refused(pg: Path) -> None:
    (pg / "socket").chmod(0o777)
    server = EmbeddedPostgres(pg)
    with pytest.raises(SocketFolderError):
        await server.start()
    (pg / "socket").chmod(0o700)


async def test_log_does_not_grow_for_ever(pg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "LOG_LIMIT_BYTES", 100)
    log_file = pg / "postgres.log"
    async with running(pg) as (server, database):
        async with supervised(server):
            await until(lambda: log_file.stat().st_size == 0)
        assert "ready to accept connections" in (pg / "postgres.log.1").read_text()
        await run(database, "DO $$ BEGIN RAISE WARNING 'still written'; END $$")
        assert "still written" in log_file.read_text()
