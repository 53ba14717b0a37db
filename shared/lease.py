"""One holder at a time, across replicas.

A lease is a row with a deadline and a fencing token that grows with every new holder. A process that was stopped and
wakes up late finds its token outdated: whatever it writes under the token is refused. Time is the database's.
"""

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.database import EVERY_AGENCY, Database
from shared.ids import uuid7


def lease_table(metadata: MetaData) -> Table:
    """One row for each thing that only one process may do. Without an agency: it is nobody's business."""
    return Table(
        "lease",
        metadata,
        Column("name", Text, primary_key=True),
        Column("holder", Text, nullable=False),
        Column("token", BigInteger, nullable=False),
        Column("until", DateTime(timezone=True), nullable=False),
    )


class Lease:
    """The wish of one process to be the only one that does ``name``."""

    def __init__(self, database: Database, name: str, *, seconds: float = 10) -> None:
        self.name = name
        self.seconds = seconds
        self._database = database
        self._holder = uuid7().hex

    async def take(self) -> int | None:
        """Take or prolong it; the fencing token, or None while another process holds it."""
        async with self._database.begin(EVERY_AGENCY) as connection:
            row = await connection.execute(_TAKE, self._row())
            return row.scalar_one_or_none()

    async def give_back(self) -> None:
        """Let the next holder in at once."""
        async with self._database.begin(EVERY_AGENCY) as connection:
            await connection.execute(_GIVE_BACK, {"name": self.name, "holder": self._holder})

    async def holds(self, connection: AsyncConnection, token: int) -> bool:
        """Whether ``token`` is still the valid one, for the rest of this transaction."""
        row = await connection.execute(_HOLDS, {"name": self.name, "token": token})
        return row.scalar_one_or_none() is not None

    def _row(self) -> dict[str, object]:
        return {"name": self.name, "holder": self._holder, "seconds": self.seconds}


_TAKE = text("""
    INSERT INTO lease AS held (name, holder, token, until)
    VALUES (:name, :holder, 1, clock_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (name) DO UPDATE SET
        holder = excluded.holder,
        token = held.token + CASE WHEN held.holder = excluded.holder THEN 0 ELSE 1 END,
        until = excluded.until
    WHERE held.holder = excluded.holder OR held.until < clock_timestamp()
    RETURNING token
""")
_GIVE_BACK = text(
    "UPDATE lease SET until = clock_timestamp() - interval '1 second' WHERE name = :name AND holder = :holder"
)
_HOLDS = text("SELECT 1 FROM lease WHERE name = :name AND token = :token FOR SHARE")
