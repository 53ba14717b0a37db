"""Sealing anew what an older key sealed, so that the older key can be thrown away.

What must stay true: a secret that somebody replaces meanwhile is not touched; each row is a transaction of its own, so
that nobody who waits for two of them waits for us. How far it is, the log says: when a look seals nothing anew and
finds nothing unreadable, the older keys open nothing that the newest does not.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from shared import telemetry
from shared.database import EVERY_AGENCY, Database
from shared.secrets import Seal, WrongKey

AGAIN_SECONDS = 3600.0
"""A process of before the rotation may still seal with the older key."""
PAGE = 200


@dataclass(frozen=True, slots=True)
class Drawer:
    """Where secrets lie: a table with its ``key``, the column that holds them and the one that names their ``owner``,
    to whom they are bound, with ``use`` behind the name."""

    table: str
    sealed: str = "sealed"
    key: str = "id"
    owner: str = "id"
    use: str = ""


class Resealing:
    """Goes through all drawers, again and again."""

    def __init__(self, database: Database, seal: Seal, drawers: Sequence[Drawer]) -> None:
        self._database = database
        self._seal = seal
        self._drawers = drawers

    async def run(self) -> None:
        """The loop."""
        while True:
            for drawer in self._drawers:
                anew, unreadable = await self.go_through(drawer)
                telemetry.logger().info(
                    "secrets.sealed_anew", table=drawer.table, sealed_anew=anew, unreadable=unreadable
                )
            await asyncio.sleep(AGAIN_SECONDS)

    async def go_through(self, drawer: Drawer) -> tuple[int, int]:
        """Seal anew what needs it; how many that were, and how many no key opens."""
        anew = unreadable = 0
        async for row in self._rows(drawer):
            old = bytes(row.sealed)
            try:
                new = self._seal.anew(old, f"{row.owner}{drawer.use}")
            except WrongKey:
                unreadable += 1
                continue
            if new is not None:
                anew += await self._replace(drawer, row.key, old, new)
        return anew, unreadable

    async def _rows(self, drawer: Drawer) -> AsyncIterator[Any]:
        # The names are constants of the services.
        page = text(f"""
            SELECT {drawer.key} AS key, {drawer.owner} AS owner, {drawer.sealed} AS sealed FROM {drawer.table}
            WHERE {drawer.sealed} IS NOT NULL AND (CAST(:after AS text) IS NULL OR {drawer.key} > :after)
            ORDER BY {drawer.key} LIMIT {PAGE}
        """)  # noqa: S608
        after = None
        while True:
            async with self._database.begin(EVERY_AGENCY) as connection:
                rows = (await connection.execute(page, {"after": after})).all()
            for row in rows:
                yield row
            if len(rows) < PAGE:
                return
            after = rows[-1].key

    async def _replace(self, drawer: Drawer, key: str, old: bytes, new: bytes) -> int:
        statement = text(f"""
            UPDATE {drawer.table} SET {drawer.sealed} = :new WHERE {drawer.key} = :key AND {drawer.sealed} = :old
        """)  # noqa: S608
        async with self._database.begin(EVERY_AGENCY) as connection:
            return (await connection.execute(statement, {"key": key, "old": old, "new": new})).rowcount
