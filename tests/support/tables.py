"""A database with the tables that every service has, and no service: for testing ``shared`` on its own.

One table more, ``effect``, stands for a service's own work: a row for each event that a test's handler took in, in
the order of handling.
"""

import asyncio
import functools

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, Text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.audit import audit_tables
from shared.database import Database, agency_column, driver_url
from shared.dead_letters import dead_letter_table
from shared.idempotency import idempotency_table
from shared.inbox import inbox_table
from shared.lease import lease_table
from shared.migrations import protect
from shared.outbox import outbox_table
from shared.positions import consumer_marker_table
from shared.provisioning import ServiceUrls, provision
from tests.support.postgres import PASSWORD, copy_of, fresh_database

SERVICE = "shared"

metadata = MetaData()
outbox_table(metadata)
inbox_table(metadata)
lease_table(metadata)
consumer_marker_table(metadata)
dead_letter_table(metadata)
audit_tables(metadata)
idempotency_table(metadata)
Table(
    "effect",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=True),
    agency_column(),
    Column("subject", Text, nullable=False),
)


async def fresh_shared_database() -> ServiceUrls:
    """The addresses of a new database with empty shared tables, protected as a service's are."""
    template = await asyncio.to_thread(_template)
    name = await copy_of(str(make_url(template.working).database))
    return ServiceUrls(_in_database(template.working, name), _in_database(template.owning, name))


def open_database(url: str, *, pool_size: int = 5) -> Database:
    """A pool as the services open theirs."""
    return Database(url, application_name="parley-test", pool_size=pool_size)


async def make_shared_tables(admin_url: str) -> ServiceUrls:
    """Make schema, roles and tables in the database of ``admin_url``."""
    urls = await provision(admin_url, SERVICE, PASSWORD)
    engine = create_async_engine(driver_url(urls.owning), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_make_tables)
    await engine.dispose()
    return urls


@functools.cache
def _template() -> ServiceUrls:
    async def make() -> ServiceUrls:
        return await make_shared_tables(await fresh_database())

    return asyncio.run(make())


def _make_tables(connection: Connection) -> None:
    metadata.create_all(connection)
    operations = Operations(MigrationContext.configure(connection))
    protect(operations, *(table.name for table in metadata.sorted_tables if "agency" in table.c))


def _in_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)
