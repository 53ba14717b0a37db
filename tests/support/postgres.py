"""A real PostgreSQL for tests: one server a session, a fresh database a test.

Each service's schema is migrated once into a template database; a fresh database is a copy of its files, made in some
tens of milliseconds. Nothing here outlives the session, so the server need not wait for a disk.
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

_SETTINGS = {
    "max_connections": "300",
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@functools.cache
def postgres() -> EmbeddedPostgres:
    """The session's server; stopped and removed when the tests end."""
    folder = Path(tempfile.mkdtemp(prefix="parley-pg-"))
    server = EmbeddedPostgres(folder, free_port(), settings=_SETTINGS)
    server.start()
    atexit.register(_remove, server)
    return server


async def fresh_service_database(service: str) -> ServiceUrls:
    """The addresses of a new database that has the schema of ``service`` and nothing in it."""
    return _urls(service, await copy_of(await asyncio.to_thread(_template, service)))


async def fresh_database() -> str:
    """The superuser's address of a new, empty database."""
    return _in_database(postgres().url, await copy_of("template1"))


async def copy_of(template: str) -> str:
    """The name of a new database with all that ``template`` has."""
    name = f"t_{uuid7().hex}"
    await _admin(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    return name


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
