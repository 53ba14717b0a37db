"""A schema and two roles a service: one that owns the tables and migrates, one that works with them.

The working role owns nothing and cannot bypass row-level security. Run by whoever may create roles: the embedded run,
the tests, or an operator once for each cluster.
"""

from dataclasses import dataclass

import asyncpg
from sqlalchemy.engine import make_url

SERVICES = ("ingest", "policy", "publisher")


@dataclass(frozen=True)
class ServiceUrls:
    """Where a service finds its schema: ``working`` for the service, ``owning`` for its migrations."""

    working: str
    owning: str


async def provision(admin_url: str, service: str, password: str) -> ServiceUrls:
    """Make schema and roles of ``service`` in the database of ``admin_url``; doing it again changes nothing.

    ``password`` is given to both roles. Raises asyncpg's errors when the admin may not create roles.
    """
    connection = await asyncpg.connect(admin_url)
    try:
        await connection.execute("SELECT pg_advisory_lock(7233)")
        prefix = f"parley_{service}"
        for role in (f"{prefix}_owner", prefix):
            await _make_role(connection, role, password)
            await connection.execute(f"ALTER ROLE {role} SET search_path = {service}")
        await connection.execute(f"GRANT {prefix}_owner TO CURRENT_USER")
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {service} AUTHORIZATION {prefix}_owner")
        await connection.execute(f"GRANT USAGE ON SCHEMA {service} TO {prefix}")
        for kind, rights in (("TABLES", "SELECT, INSERT, UPDATE, DELETE"), ("SEQUENCES", "USAGE, SELECT")):
            await connection.execute(
                f"ALTER DEFAULT PRIVILEGES FOR ROLE {prefix}_owner IN SCHEMA {service} "
                f"GRANT {rights} ON {kind} TO {prefix}"
            )
    finally:
        await connection.close()
    return ServiceUrls(_as(admin_url, prefix, password), _as(admin_url, f"{prefix}_owner", password))


async def _make_role(connection: "asyncpg.Connection", role: str, password: str) -> None:
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await connection.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS")
    literal = await connection.fetchval("SELECT quote_literal($1::text)", password)
    await connection.execute(f"ALTER ROLE {role} PASSWORD {literal}")


def _as(admin_url: str, role: str, password: str) -> str:
    return make_url(admin_url).set(username=role, password=password).render_as_string(hide_password=False)
