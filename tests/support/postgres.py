"""A real PostgreSQL for tests: one server a session, a fresh database a test.

Each service's schema is migrated once into a template database; a fresh database is a copy of it, made in some tens of
milliseconds.
"""

import asyncio
import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from deploy.local.postgres import EmbeddedPostgres
from shared.ids import uuid7
from shared.migrations import migrate
from shared.provisioning import ServiceUrls, provision
from tests.support.ports import free_port

PASSWORD = "only-for-tests"


@functools.cache
def postgres() -> EmbeddedPostgres:
    """The session's server; stopped and removed when the tests end."""
    folder = Path(tempfile.mkdtemp(prefix="parley-pg-"))
    server = EmbeddedPostgres(folder, free_port(), settings={"max_connections": "300"})
    server.start()
    atexit.register(_remove, server)
    return server


async def fresh_service_database(service: str) -> ServiceUrls:
    """The addresses of a new database that has the schema of ``service`` and nothing in it."""
    template = await asyncio.to_thread(_template, service)
    name = f"t_{uuid7().hex}"
    await _admin(f"CREATE DATABASE {name} TEMPLATE {template}")
    return _urls(service, name)


async def fresh_database() -> str:
    """The superuser's address of a new, empty database."""
    name = f"t_{uuid7().hex}"
    await _admin(f"CREATE DATABASE {name}")
    return _in_database(postgres().url, name)


@functools.cache
def _template(service: str) -> str:
    name = f"template_{service}"
    asyncio.run(_admin(f"CREATE DATABASE {name}"))
    urls = asyncio.run(provision(_in_database(postgres().url, name), service, PASSWORD))
    migrate(service, urls.owning)
    return name


def _urls(service: str, database: str) -> ServiceUrls:
    url = make_url(postgres().url).set(database=database, password=PASSWORD)
    working = url.set(username=f"parley_{service}").render_as_string(hide_password=False)
    owning = url.set(username=f"parley_{service}_owner").render_as_string(hide_password=False)
    return ServiceUrls(working, owning)


async def _admin(statement: str) -> None:
    connection = await asyncpg.connect(postgres().url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _in_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _remove(server: EmbeddedPostgres) -> None:
    server.stop(immediately=True)
    shutil.rmtree(server.folder, ignore_errors=True)
