"""Own publications, from both sides: the publisher tells of them, and the platform sends them back.

Whichever comes first makes the row, the other completes it. A reply to one of them is known by it to belong to its
thread, and nothing that has a row here ever becomes a comment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.store.items import Item
from services.ingest.domain.entries import Echo
from shared.events import PublicationCorrected, ResponsePublished
from shared.ids import account_id


async def see(connection: AsyncConnection, items: Sequence[Item]) -> None:
    """Note that the platform has sent ``items`` (echoes) back; those seen for the first time changed something."""
    if not items:
        return
    ordered = sorted({item.place: item for item in items}.items())
    rows = await connection.execute(
        _SEE,
        {
            "accounts": [place[0] for place, _ in ordered],
            "natives": [place[1] for place, _ in ordered],
            "agencies": [item.account.agency for _, item in ordered],
            "threads": [item.thread for _, item in ordered],
            "publications": [item.entry.publication if isinstance(item.entry, Echo) else None for _, item in ordered],
            "seen": [item.arrival.received_at for _, item in ordered],
        },
    )
    first_seen = {(row.account_id, row.native_id) for row in rows}
    for place, item in ordered:
        item.changed = place in first_seen


@dataclass(frozen=True, slots=True)
class Own:
    """One thing that the publisher has put on a platform."""

    account: str
    native_id: str
    agency: str
    thread: str
    publication: str
    response: str
    at: datetime

    @classmethod
    def of(cls, event: ResponsePublished | PublicationCorrected, response: str, at: datetime) -> "Own":
        """What an event says to stand there."""
        account = account_id(event.platform, event.account)
        return cls(account, event.native_id, event.agency, event.thread, event.publication, response, at)


async def publish(connection: AsyncConnection, own: Sequence[Own]) -> None:
    """Note what the publisher has put on the platforms."""
    if not own:
        return
    published = {(each.account, each.native_id): each for each in own}
    ordered = sorted(published.items())
    await connection.execute(
        _PUBLISH,
        {
            "accounts": [place[0] for place, _ in ordered],
            "natives": [place[1] for place, _ in ordered],
            "agencies": [each.agency for _, each in ordered],
            "threads": [each.thread for _, each in ordered],
            "publications": [each.publication for _, each in ordered],
            "responses": [each.response for _, each in ordered],
            "published": [each.at for _, each in ordered],
        },
    )


_SEE = text("""
    INSERT INTO echo (account_id, native_id, agency, thread, publication, seen_at)
    SELECT * FROM unnest(
        CAST(:accounts AS text[]), CAST(:natives AS text[]), CAST(:agencies AS text[]), CAST(:threads AS text[]),
        CAST(:publications AS text[]), CAST(:seen AS timestamptz[]))
    ON CONFLICT (account_id, native_id) DO UPDATE SET seen_at = excluded.seen_at WHERE echo.seen_at IS NULL
    RETURNING account_id, native_id
""")
_PUBLISH = text("""
    INSERT INTO echo (account_id, native_id, agency, thread, publication, response, published_at)
    SELECT * FROM unnest(
        CAST(:accounts AS text[]), CAST(:natives AS text[]), CAST(:agencies AS text[]), CAST(:threads AS text[]),
        CAST(:publications AS text[]), CAST(:responses AS text[]), CAST(:published AS timestamptz[]))
    ON CONFLICT (account_id, native_id) DO UPDATE SET
        thread = excluded.thread, publication = excluded.publication, response = excluded.response,
        published_at = excluded.published_at
""")
