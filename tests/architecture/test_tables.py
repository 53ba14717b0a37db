"""Tables: every row has an agency and is protected, and the migrations make exactly what the code declares."""

import importlib
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared.database import driver_url
from tests.architecture.applications import SERVICES
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio

NOBODYS = {"lease", "consumer_marker"}
"""The only tables whose rows belong to no agency: who does what, and what was read where."""


def metadata(service: str) -> MetaData:
    found: MetaData = importlib.import_module(f"services.{service}.adapters.tables").metadata
    return found


async def in_migrated_database(service: str, look: Any) -> Any:
    """What ``look`` finds in a database that the migrations of ``service`` made, as the owner of the tables."""
    urls = await fresh_service_database(service)
    engine = create_async_engine(driver_url(urls.owning), poolclass=NullPool)
    async with engine.connect() as connection:
        found = await connection.run_sync(look)
    await engine.dispose()
    return found


@pytest.mark.parametrize("service", SERVICES)
async def test_only_machinery_has_no_agency(service: str) -> None:
    without = {table.name for table in metadata(service).sorted_tables if "agency" not in table.c}
    assert without <= NOBODYS


@pytest.mark.parametrize("service", SERVICES)
async def test_an_agency_is_never_missing(service: str) -> None:
    nullable = [
        table.name
        for table in metadata(service).sorted_tables
        if "agency" in table.c and table.c.agency.nullable and not table.c.agency.primary_key
    ]
    assert nullable == []


@pytest.mark.parametrize("service", SERVICES)
async def test_every_row_of_an_agency_is_protected_even_from_the_owner(service: str) -> None:
    def look(connection: Connection) -> Any:
        return connection.execute(
            text("""
                SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
                       array_agg(p.polname::text || ' ' || p.polcmd::text) AS policies
                FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid
                WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
                GROUP BY c.oid
            """)
        ).all()

    protected = {
        row.relname for row in await in_migrated_database(service, look) if (row[1], row[2]) == (True, True)
        and row.policies == ["agency_rows *"]
    }  # fmt: skip
    assert protected == {table.name for table in metadata(service).sorted_tables if "agency" in table.c}


@pytest.mark.parametrize("service", SERVICES)
async def test_the_working_role_owns_nothing_and_cannot_pass_by_the_protection(service: str) -> None:
    def look(connection: Connection) -> Any:
        owned = text("""
            SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = :role
        """)
        role = text("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = :role")
        named = {"role": f"parley_{service}"}
        return connection.execute(owned, named).all(), connection.execute(role, named).one()

    owned, role = await in_migrated_database(service, look)
    assert owned == []
    assert tuple(role) == (False, False, False)


@pytest.mark.parametrize("service", SERVICES)
async def test_migrations_make_what_the_code_declares(service: str) -> None:
    def look(connection: Connection) -> Any:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata(service))

    assert await in_migrated_database(service, look) == []


@pytest.mark.parametrize("service", SERVICES)
async def test_migrations_forbid_what_the_code_declares_forbidden(service: str) -> None:
    def look(connection: Connection) -> Any:
        return connection.execute(
            text("""
                SELECT conrelid::regclass::text AS name, count(*) AS checks FROM pg_constraint
                WHERE contype = 'c' AND connamespace = current_schema()::regnamespace GROUP BY 1
            """)
        ).all()

    made = {row.name.strip('"'): row.checks for row in await in_migrated_database(service, look)}
    declared = {
        table.name: checks
        for table in metadata(service).sorted_tables
        if (checks := sum(isinstance(constraint, CheckConstraint) for constraint in table.constraints))
    }
    assert made == declared
