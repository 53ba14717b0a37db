"""Schema changes: one Alembic history a service, run under the role that owns the service's schema.

Only one process migrates at a time (an advisory lock), and a change that cannot have its lock within two seconds
gives way to the service that is running.
"""

import asyncio
from importlib import resources
from typing import Any

from alembic import command, context
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.database import driver_url

_LOCK = 0x5061726C6579  # "Parley"


def migrate(service: str, url: str) -> None:
    """Bring the schema of ``service`` up to date; ``url`` is that of the owning role."""
    asyncio.run(_upgrade(service, url))


def newest_revision(service: str) -> str:
    """The revision that the code of ``service`` expects to find."""
    head = ScriptDirectory.from_config(_configuration(service)).get_current_head()
    assert head is not None, f"{service} has no migrations"
    return head


def run(metadata: MetaData) -> None:
    """What a service's ``migrations/env.py`` calls."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
    context.run_migrations()


def protect(operations: Any, *tables: str) -> None:
    """Row-level security: a transaction sees the agencies that it named, and no others, owners included."""
    for table in tables:
        operations.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        operations.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        operations.execute(
            f"CREATE POLICY agency_rows ON {table} USING ("
            "current_setting('parley.agencies', true) = '*' OR "
            "agency = ANY (string_to_array(current_setting('parley.agencies', true), ',')))"
        )


def _configuration(service: str) -> Config:
    configuration = Config()
    folder = resources.files(f"services.{service}") / "migrations"
    configuration.set_main_option("script_location", str(folder))
    return configuration


async def _upgrade(service: str, url: str) -> None:
    engine = create_async_engine(driver_url(url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SET LOCAL lock_timeout = '2s'"))
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(_run_alembic, service)
    finally:
        await engine.dispose()


def _run_alembic(connection: Connection, service: str) -> None:
    configuration = _configuration(service)
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")
