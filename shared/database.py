"""Postgres: the truth under each service.

Three things are decided here once. A connection left behind on a server that became a standby is thrown away instead
of failing for ever. Every transaction names the agencies it may see, and row-level security holds it to that. No
statement, lock or open transaction lasts longer than a service can bear.
"""

import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from asyncpg.exceptions import InternalClientError, TargetServerAttributeNotMatched
from sqlalchemy import Column, Text, event, text
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

EVERY_AGENCY: Final = "*"
"""The scope of a service's own loops: the rows of every agency."""

Scope = str | Iterable[str]

SESSION_SETTINGS: Final = {
    "statement_timeout": "5000",
    "lock_timeout": "2000",
    "idle_in_transaction_session_timeout": "10000",
}

LOOP_SETTINGS: Final = {
    "parley.agencies": EVERY_AGENCY,
    # A loop's statements each look up the few rows of a batch in tables that may be empty at the first one and hold
    # millions at the last. They are planned once, for index lookups: a plan made for an empty table would otherwise
    # read a full one from end to end, and planning anew each time costs more than most of them.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}

# A statement took too long, or the server's disk failed it: not the fault of what was written.
_STALLED: Final = frozenset({"57014", "58000", "58030", "58P01", "58P02"})
# The server is a standby now, shuts down, or is starting: the connection is of no further use.
_GONE: Final = frozenset({"25006", "57P01", "57P02", "57P03"})
# A unit of work that lost against another one may simply be done again.
_CONTENDED: Final = frozenset({"40001", "40P01", "55P03"})


_PASSING: Final = _GONE | _CONTENDED | _STALLED


class Database:
    """Two pools of connections as one role: one for the service's own loops, one for those who call.

    A connection of the loops sees every agency from its first moment, which spares each of their transactions a round
    trip. A caller's connection sees nothing until its transaction has named the caller's agencies.

    ``url`` is ``postgresql://user:password@host:port/name`` (or with ``?host=/socket/folder``).
    """

    def __init__(self, url: str, *, application_name: str, pool_size: int = 5) -> None:
        self.engine = _engine(url, application_name, pool_size, {})
        self._loops = _engine(url, application_name, pool_size, LOOP_SETTINGS)

    @asynccontextmanager
    async def begin(self, scope: Scope) -> AsyncIterator[AsyncConnection]:
        """One transaction that sees the rows of ``scope``: agencies by name, or ``EVERY_AGENCY``."""
        if scope == EVERY_AGENCY:
            async with self._loops.begin() as connection:
                yield connection
            return
        async with self.engine.begin() as connection:
            await connection.execute(_SET_SCOPE, {"agencies": _spell(scope)})
            yield connection

    async def run(self, statement: str, *values: Any) -> list[Any]:
        """One statement with ``$1``, ``$2`` …, as a transaction of its own that sees every agency; its rows.

        For the few statements that every comment passes: it takes one round trip and none of SQLAlchemy's layers.
        Raises ``DBAPIError`` as every other statement does.
        """
        async with self._loops.connect() as connection:
            pool, driver = self._loops.pool, (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, asyncpg.Connection), "the dialect's driver"
            try:
                rows: list[Any] = await driver.fetch(statement, *values)
                return rows
            except (asyncpg.PostgresError, asyncpg.InterfaceError, InternalClientError) as error:
                raise DBAPIError(statement, None, error, connection_invalidated=driver.is_closed()) from error
            finally:
                # SQLAlchemy does not see what the driver meets. Where one connection is lost, all of its age are.
                if driver.is_closed() or _sqlstate(sys.exception()) in _GONE:
                    await connection.invalidate()
                    if self._loops.pool is pool:  # not one that was made since
                        await self._loops.dispose(close=False)

    async def close(self) -> None:
        await self.engine.dispose()
        await self._loops.dispose()


def _engine(url: str, application_name: str, pool_size: int, settings: dict[str, str]) -> AsyncEngine:
    # No ping before use: it would cost every transaction a round trip. After a restart of the server the first
    # statement fails, all connections of that age are thrown away with it, and whoever asked tries again.
    engine = create_async_engine(
        driver_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=2,
        pool_recycle=300,
        hide_parameters=True,  # what a citizen wrote must not end in a log with an error
        connect_args={
            "timeout": 5,
            "target_session_attrs": "read-write",
            "server_settings": {"application_name": application_name, **SESSION_SETTINGS, **settings},
        },
    )
    event.listen(engine.sync_engine, "handle_error", _discard_connection_to_a_former_primary)
    return engine


_SET_SCOPE = text("SELECT set_config('parley.agencies', :agencies, true)")


def _spell(scope: Scope) -> str:
    if isinstance(scope, str):
        return scope
    names = list(scope)
    if any(name == EVERY_AGENCY or "," in name for name in names):
        raise ValueError("no agency is called so: the name would open other agencies' rows")
    return ",".join(names)


def driver_url(url: str) -> str:
    """The same address for SQLAlchemy's asyncpg dialect."""
    return make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def agency_column() -> Column[Any]:
    """Whose row it is: the column that row-level security looks at."""
    return Column("agency", Text, nullable=False)


def is_passing(error: BaseException) -> bool:
    """Whether trying again may succeed: the database is away, or another transaction was in the way."""
    if isinstance(error, PoolTimeout | OSError):
        return True
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, OperationalError):
            return True
        return _sqlstate(error.orig) in _PASSING or _is_connection_loss(error.orig)
    return _sqlstate(error) in _PASSING or _is_connection_loss(error)


def _is_connection_loss(error: BaseException | None) -> bool:
    state = _sqlstate(error)
    return (state is not None and state[:2] in {"08", "53"}) or _is_cut_off(error)


def _is_cut_off(error: BaseException | None) -> bool:
    # In the midst of a fail-over every server that answers is a standby; and a connection that is killed between two
    # messages leaves the driver in a state of its own.
    while error is not None:
        if isinstance(error, TargetServerAttributeNotMatched | InternalClientError):
            return True
        error = error.__cause__
    return False


def _sqlstate(error: BaseException | None) -> str | None:
    while error is not None:
        state = getattr(error, "sqlstate", None)
        if isinstance(state, str):
            return state
        error = error.__cause__
    return None


def _discard_connection_to_a_former_primary(context: ExceptionContext) -> None:
    if _sqlstate(context.original_exception) in _GONE:
        context.is_disconnect = True
