"""Postgres behind a service: rows stay with their agency, and a connection never stays with a dead server."""

import asyncio
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from deploy.local.postgres import EmbeddedPostgres, _program, _Runner
from shared.database import EVERY_AGENCY, Database, is_passing
from shared.ids import uuid7
from shared.provisioning import ServiceUrls
from tests.shared.builders import execute, rows, shared_database
from tests.shared.switch import switch_to
from tests.support.ports import free_port
from tests.support.tables import fresh_shared_database, make_shared_tables, metadata, open_database

pytestmark = pytest.mark.asyncio

PROTECTED = sorted(table.name for table in metadata.sorted_tables if "agency" in table.c)
INSERT = text("INSERT INTO effect (agency, subject) VALUES (:agency, :subject)")


async def fill(database: Database) -> None:
    for agency in ("passports", "central-bank", "water-board"):
        await execute(database, INSERT.text, agency=agency, subject=f"of {agency}")


async def seen(database: Database, scope: str | list[str] | tuple[str, ...]) -> set[str]:
    """What a query that forgot its WHERE finds."""
    async with database.begin(scope) as connection:
        return set((await connection.execute(text("SELECT agency FROM effect"))).scalars())


class TestAgencies:
    async def test_a_query_without_where_finds_only_the_callers_agency(self) -> None:
        async with shared_database() as database:
            await fill(database)
            assert await seen(database, ["passports"]) == {"passports"}
            assert await seen(database, "central-bank") == {"central-bank"}
            assert await seen(database, ("passports", "central-bank")) == {"passports", "central-bank"}
            assert await seen(database, EVERY_AGENCY) == {"passports", "central-bank", "water-board"}

    async def test_a_caller_without_agencies_finds_nothing(self) -> None:
        async with shared_database() as database:
            await fill(database)
            assert await seen(database, []) == set()
            assert await seen(database, "") == set()

    async def test_a_connection_without_a_scope_finds_nothing(self) -> None:
        async with shared_database() as database:
            await fill(database)
            async with database.engine.begin() as connection:
                assert (await connection.execute(text("SELECT agency FROM effect"))).all() == []

    async def test_the_scope_ends_with_its_transaction(self) -> None:
        async with shared_database(pool_size=1) as database:
            await fill(database)
            assert await seen(database, ["passports"])
            assert await seen(database, EVERY_AGENCY)
            async with database.engine.begin() as connection:
                assert (await connection.execute(text("SELECT agency FROM effect"))).all() == []
            assert await seen(database, ["central-bank"]) == {"central-bank"}

    @pytest.mark.parametrize("scope", [["*"], ["passports", "*"], ["passports,central-bank"]])
    async def test_no_agency_name_opens_others_rows(self, scope: list[str]) -> None:
        async with shared_database() as database:
            await fill(database)
            with pytest.raises(ValueError, match="no agency is called so"):
                await seen(database, scope)

    async def test_a_row_cannot_be_written_for_another_agency(self) -> None:
        async with shared_database() as database:
            with pytest.raises(DBAPIError, match="row-level security"):
                async with database.begin(["passports"]) as connection:
                    await connection.execute(INSERT, {"agency": "central-bank", "subject": "x"})

    async def test_a_row_cannot_be_moved_to_another_agency(self) -> None:
        async with shared_database() as database:
            await fill(database)
            with pytest.raises(DBAPIError, match="row-level security"):
                async with database.begin(["passports"]) as connection:
                    await connection.execute(text("UPDATE effect SET agency = 'central-bank'"))

    async def test_a_delete_without_where_leaves_others_rows(self) -> None:
        async with shared_database() as database:
            await fill(database)
            async with database.begin(["passports"]) as connection:
                await connection.execute(text("DELETE FROM effect"))
            assert await seen(database, EVERY_AGENCY) == {"central-bank", "water-board"}

    async def test_the_owner_of_the_tables_is_held_to_it_too(self) -> None:
        urls = await fresh_shared_database()
        owner = open_database(urls.owning)
        try:
            await fill(owner)
            assert await seen(owner, ["passports"]) == {"passports"}
        finally:
            await owner.close()

    @pytest.mark.parametrize("table", PROTECTED)
    async def test_every_shared_table_with_an_agency_is_forced(self, table: str) -> None:
        async with shared_database() as database:
            found = await rows(
                database,
                "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = CAST(:table AS regclass)",
                table=table,
            )
            assert found == [(True, True)]


class TestLimits:
    async def test_a_transaction_that_raises_leaves_nothing(self) -> None:
        async with shared_database() as database:
            with pytest.raises(LookupError):  # noqa: PT012
                async with database.begin(EVERY_AGENCY) as connection:
                    await connection.execute(INSERT, {"agency": "passports", "subject": "x"})
                    raise LookupError
            assert await seen(database, EVERY_AGENCY) == set()

    async def test_a_taken_pool_fails_before_a_client_gives_up_and_that_passes(self) -> None:
        async with shared_database(pool_size=1) as database, database.begin(["passports"]):
            with pytest.raises(PoolTimeout) as failed:
                await seen(database, ["passports"])
            assert is_passing(failed.value)

    async def test_a_lock_that_is_not_had_is_given_up_and_that_passes(self) -> None:
        async with shared_database() as database:
            await fill(database)
            async with database.begin(EVERY_AGENCY) as holding:
                await holding.execute(text("SELECT * FROM effect FOR UPDATE"))
                with pytest.raises(DBAPIError) as failed:
                    await execute(database, "UPDATE effect SET subject = 'x'")
            assert is_passing(failed.value)

    async def test_a_deadlock_passes(self) -> None:
        async with shared_database() as database:
            await fill(database)

            async def update(first: str, second: str) -> None:
                async with database.begin(EVERY_AGENCY) as connection:
                    for agency in (first, second):
                        await connection.execute(
                            text("UPDATE effect SET subject = 'x' WHERE agency = :agency"), {"agency": agency}
                        )
                        await asyncio.sleep(0.2)

            results = await asyncio.gather(
                update("passports", "central-bank"), update("central-bank", "passports"), return_exceptions=True
            )
            failed = [result for result in results if isinstance(result, Exception)]
            assert len(failed) == 1
            assert is_passing(failed[0])

    async def test_a_broken_rule_of_the_schema_does_not_pass(self) -> None:
        async with shared_database() as database:
            with pytest.raises(IntegrityError) as failed:
                await execute(database, "INSERT INTO effect (agency, subject) VALUES ('passports', NULL)")
            assert not is_passing(failed.value)

    async def test_a_wrong_statement_does_not_pass(self) -> None:
        async with shared_database() as database:
            with pytest.raises(DBAPIError) as failed:
                await execute(database, "SELECT nonsense")
            assert not is_passing(failed.value)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server that tests may stop and start; the last of them leaves it read-only."""
    with_server = _new_server()
    with_server.start()
    yield with_server
    _remove(with_server)


def _new_server() -> EmbeddedPostgres:
    folder = Path(tempfile.mkdtemp(prefix="parley-pg-own-"))
    return EmbeddedPostgres(folder, free_port(), settings={"shared_buffers": "16MB", "max_connections": "30"})


def _remove(server: EmbeddedPostgres) -> None:
    server.stop(immediately=True)
    shutil.rmtree(server.folder, ignore_errors=True)


async def own_tables(server: EmbeddedPostgres) -> ServiceUrls:
    """A new database with the shared tables on ``server``."""
    name = f"t_{uuid7().hex}"
    await _run(server, f"CREATE DATABASE {name}")
    admin = make_url(server.url).set(database=name).render_as_string(hide_password=False)
    return await make_shared_tables(admin)


async def healed(database: Database, seconds: float) -> float:
    """Write until it succeeds; how long that took. Every failure on the way must be one that passes."""
    began = time.monotonic()
    while True:
        try:
            await execute(database, INSERT.text, agency="passports", subject="after")
            return time.monotonic() - began
        except Exception as error:
            if not is_passing(error) or time.monotonic() - began > seconds:
                raise
        await asyncio.sleep(0.1)


class TestRestart:
    @pytest.mark.parametrize("immediately", [False, True], ids=["fast", "immediate"])
    async def test_a_restart_in_mid_transaction_leaves_nothing_and_heals(
        self, server: EmbeddedPostgres, immediately: bool
    ) -> None:
        database = open_database((await own_tables(server)).working)
        await asyncio.gather(*(execute(database, "SELECT pg_sleep(0.05)") for _ in range(5)))
        with pytest.raises(Exception) as failed:  # noqa: PT011, PT012
            async with database.begin(EVERY_AGENCY) as connection:
                await connection.execute(INSERT, {"agency": "passports", "subject": "before"})
                await asyncio.to_thread(server.stop, immediately=immediately)
                await connection.execute(INSERT, {"agency": "passports", "subject": "during"})
        assert is_passing(failed.value)
        await asyncio.to_thread(server.start)
        assert await healed(database, 20) < 5
        assert [row.subject for row in await rows(database, "SELECT subject FROM effect")] == ["after"]
        await database.close()

    async def test_a_server_that_is_away_is_an_error_that_passes(self, server: EmbeddedPostgres) -> None:
        database = open_database((await own_tables(server)).working)
        await database.run("SELECT 1")
        await asyncio.to_thread(server.stop)
        for _ in range(3):
            with pytest.raises(Exception) as failed:  # noqa: PT011
                await database.run("SELECT 1")
            assert is_passing(failed.value)
        await database.close()
        await asyncio.to_thread(server.start)


class TestFailOver:
    async def test_it_waits_for_a_writable_server_where_there_is_none(self, server: EmbeddedPostgres) -> None:
        database = open_database((await own_tables(server)).working)
        await execute(database, INSERT.text, agency="passports", subject="before")
        await _run(server, "ALTER SYSTEM SET default_transaction_read_only = on")
        await _run(server, "SELECT pg_reload_conf()")
        await asyncio.sleep(0.2)
        for _ in range(8):
            with pytest.raises(Exception) as failed:  # noqa: PT011
                await execute(database, INSERT.text, agency="passports", subject="during")
            assert is_passing(failed.value), repr(failed.value)
        await _run(server, "SET transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only")
        await _run(server, "SELECT pg_reload_conf()")
        assert await healed(database, 20) < 10
        await database.close()

    async def test_connections_left_on_a_former_primary_are_thrown_away(self, server: EmbeddedPostgres) -> None:
        standby = await asyncio.to_thread(_standby_of, server)
        try:
            async with switch_to(server.port) as switch:
                made = await own_tables(server)
                url = make_url(made.working).set(port=switch.port).render_as_string(hide_password=False)
                database = open_database(url)
                await asyncio.gather(*(execute(database, "SELECT pg_sleep(0.1)") for _ in range(5)))
                await execute(database, INSERT.text, agency="passports", subject="before")
                await _replayed(server, standby)
                # The old primary lives on and answers pings, but takes no writes any more.
                await _run(server, "ALTER SYSTEM SET default_transaction_read_only = on")
                await _run(server, "SELECT pg_reload_conf()")
                await _run(standby, "SELECT pg_promote(true, 20)")
                switch.mend(standby.port)
                assert await healed(database, 30) < 15
                assert await _port_behind(database) == standby.port
                found = await rows(database, "SELECT subject FROM effect ORDER BY number")
                assert [row.subject for row in found] == ["before", "after"]
                await database.close()
        finally:
            _remove(standby)


def _standby_of(primary: EmbeddedPostgres) -> EmbeddedPostgres:
    """A running standby that follows ``primary``."""
    standby = _new_server()
    standby.folder.mkdir(parents=True, exist_ok=True)
    runner = _Runner.ours()
    runner.own(standby.folder)
    shutil.copy(primary.folder / "superuser.password", standby.folder)
    standby.log.touch()
    source = make_url(primary.url).set(database="postgres").render_as_string(hide_password=False)
    data = standby.folder / "data"
    copy = [str(_program("pg_basebackup")), "-d", source, "-D", str(data), "-R", "-X", "stream", "-c", "fast"]
    assert runner.start(copy, standby.log).wait(60) == 0, standby.log.read_text()
    standby.process = runner.start(standby.command(), standby.log)
    deadline = time.monotonic() + 20
    ready = [str(_program("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(standby.port)]
    while subprocess.run(ready, check=False).returncode != 0:
        assert time.monotonic() < deadline, standby.log.read_text()
        time.sleep(0.05)
    return standby


async def _replayed(primary: EmbeddedPostgres, standby: EmbeddedPostgres) -> None:
    """Wait until the standby has everything that the primary has."""
    position = await _run(primary, "SELECT pg_current_wal_lsn()::text")
    for _ in range(200):
        if await _run(standby, f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the standby does not follow")


async def _run(server: EmbeddedPostgres, statement: str) -> object:
    connection = await asyncpg.connect(server.url)
    try:
        if ";" in statement:
            first, second = statement.split(";")
            await connection.execute(first)
            await connection.execute(second)
            return None
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def _port_behind(database: Database) -> int:
    return int((await rows(database, "SELECT current_setting('port') AS port"))[0].port)
