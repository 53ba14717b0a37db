"""Where a command finds the database of policy: named outright, by the environment, or that of a running Parley.

What cannot be had ends the command with 3 and one line that says which part it is.
"""

import asyncio
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from asyncpg import PostgresError
from sqlalchemy import text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from services.policy.adapters.cli.sources import CANNOT
from services.policy.adapters.store.policies import PolicyShelf, UnreadablePolicy
from services.policy.domain.deciding.decisions import PolicyInForce
from shared.database import EVERY_AGENCY, Database

T = TypeVar("T")

DATABASE_VARIABLE = "PARLEY_DATABASE__URL"


def add_options(command: ArgumentParser) -> None:
    """``--home`` and ``--database``."""
    command.add_argument(
        "--home", type=Path, default=Path(".parley"), metavar="DIR", help="of a running Parley (default .parley)"
    )
    command.add_argument(
        "--database",
        metavar="URL",
        help=f"of policy's working role (default: {DATABASE_VARIABLE}, or that of the running Parley)",
    )


def database_url(options: Namespace) -> str:
    """The address of policy's database. Exits with 3 where none is named and nothing runs."""
    given = options.database or os.environ.get(DATABASE_VARIABLE)
    return str(given) if given else _of_running(options.home)


def with_database(options: Namespace, act: Callable[[Database], Awaitable[T]]) -> T:
    """What ``act`` makes of the database of policy. Exits with 3 where it cannot be had."""
    return asyncio.run(_with(database_url(options), act))


async def in_force(database: Database, agency: str, now: datetime) -> PolicyInForce | None:
    """The policy by which an agency's comments are decided there at ``now``, or None. Exits with 3 where this release
    cannot read it; another agency's may be unreadable."""
    shelf = PolicyShelf()
    try:
        await shelf.refresh(database, now)
    except UnreadablePolicy as unreadable:
        if agency in unreadable.agencies:
            _cannot(f"The policy of {agency} that is in force there cannot be read by this release.")
    return shelf.find(agency)


async def _with(url: str, act: Callable[[Database], Awaitable[T]]) -> T:
    try:
        database = Database(url, application_name="parley-policy-cli")
    except ArgumentError:
        _cannot("The address of the database reads like postgresql://user:password@host:port/name.")
    try:
        await _reach(database)
        return await act(database)
    finally:
        await database.close()


async def _reach(database: Database) -> None:
    try:
        async with database.begin(EVERY_AGENCY) as connection:
            await connection.execute(text("SELECT 1 FROM classifier LIMIT 1"))
    except (SQLAlchemyError, PostgresError, OSError) as error:
        said = str(getattr(error, "orig", None) or error) or type(error).__name__
        _cannot(f"The database of policy cannot be used: {said.splitlines()[0]}")


def _of_running(home: Path) -> str:
    found: dict[str, Any] | None = _local("parley_json").read(home)
    if found is None:
        _cannot(f"No Parley runs in {home}; start one with `parley up`, or say --database.")
    return str(_local("embedded").service_url(found["database_url"], "policy"))


def _local(part: str) -> Any:
    """A part of the embedded run, which an image does not have."""
    try:
        return import_module(f"deploy.local.{part}")
    except ImportError as error:
        _cannot(f"Say --database; the embedded run cannot be looked for ({error.name} is missing).")


def _cannot(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(CANNOT)
