"""Comments that were not known before: one statement for a whole batch.

Whatever an entry says first about a comment makes its row: a new comment at revision 1, an edit that overtook its
original at revision 2, a removal as a tombstone. New comments go in before edits and edits before removals, so that
within a batch each finds what came before it. What our own account wrote is never a comment.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.store import media
from services.ingest.adapters.store.items import Announcement, Item, Place
from services.ingest.domain.entries import (
    UNKNOWN_AUTHOR,
    EditedComment,
    NewComment,
    RemovedComment,
    Written,
)
from services.ingest.domain.revisions import TOMBSTONE, born_revision
from shared.events import Author, CommentReceived

TOMBSTONE_KEY = "removed"
_ORDER = {NewComment: 0, EditedComment: 1, RemovedComment: 2}


async def insert(connection: AsyncConnection, items: Sequence[Item]) -> list[Announcement]:
    """Insert those of ``items`` whose comment is not known yet, noting it in them; what is to be announced."""
    candidates = [item for item in items if type(item.entry) in _ORDER]
    if not candidates:
        return []
    # The same order in every transaction, so that two of them cannot wait for each other.
    ordered = sorted(candidates, key=lambda item: (item.place, _ORDER[type(item.entry)]))
    firsts: dict[Place, Item] = {}
    for item in ordered:
        firsts.setdefault(item.place, item)
    columns = zip(*map(row, firsts.values()), strict=True)
    rows = await connection.execute(_INSERT, dict(zip(COLUMNS, map(list, columns), strict=True)))
    born = set(rows.scalars())
    announcements: list[Announcement] = []
    for item in candidates:
        if item.comment in born:
            item.filed, item.changed = item.comment, True
            if event := received(item):
                announcements.append((event, item.arrival.traceparent))
    return announcements


def received(item: Item) -> CommentReceived | None:
    """What a birth announces; nothing for a tombstone."""
    entry, account = item.entry, item.account
    if not isinstance(entry, NewComment | EditedComment):
        return None
    return CommentReceived(
        agency=account.agency,
        platform=account.platform,
        account=account.account,
        thread=item.thread,
        comment=item.comment,
        native_id=entry.native_id,
        revision=born_revision(entry),
        parent=entry.parent,
        author=Author(
            id=entry.author_id, name=entry.author_name, handle=entry.author_handle, followers=entry.author_followers
        ),
        text=entry.text,
        language=entry.language.tag if entry.language else None,
        language_confidence=entry.language.confidence if entry.language else None,
        media=media.told(entry.media),
        window_ends_at=entry.window_ends_at,
        reach=entry.reach,
        public=entry.public,
        visibility=entry.visibility,
        callback=entry.callback,
        subject_line=entry.subject_line,
        sent_at=entry.sent_at,
        received_at=item.arrival.received_at,
    )


COLUMNS = {
    "id": "text", "agency": "text", "account_id": "text", "platform": "text", "account": "text", "native_id": "text",
    "thread": "text", "received_at": "timestamptz", "raw_id": "uuid", "revision": "int", "status": "text",
    "revision_key": "text", "parent": "text", "author_id": "text", "author_name": "text", "author_handle": "text",
    "author_followers": "bigint", "text": "text", "language": "text", "language_confidence": "real", "media": "text",
    "public": "bool", "visibility": "text", "window_ends_at": "timestamptz", "reach": "bigint", "callback": "text",
    "subject_line": "text", "sent_at": "timestamptz", "edited_at": "timestamptz",
}  # fmt: skip
"""What is written of a comment at its birth, each with its type as a parameter."""

NAMES = ", ".join(COLUMNS)


def row(item: Item) -> tuple[Any, ...]:
    """The values of ``COLUMNS`` for the comment that ``item`` brings."""
    account, entry = item.account, item.entry
    place: tuple[Any, ...] = (
        item.comment, account.agency, account.id, account.platform, account.account, entry.native_id, item.thread,
        item.arrival.received_at, item.arrival.id,
    )  # fmt: skip
    if isinstance(entry, Written):
        revision = born_revision(entry) if isinstance(entry, NewComment | EditedComment) else TOMBSTONE
        tag, confidence = entry.language or (None, None)
        return (
            *place, revision, "received", entry.revision, entry.parent, entry.author_id, entry.author_name,
            entry.author_handle, entry.author_followers, entry.text, tag, confidence, media.written(entry.media),
            entry.public, entry.visibility, entry.window_ends_at, entry.reach, entry.callback,
            entry.subject_line, entry.sent_at, entry.edited_at,
        )  # fmt: skip
    assert isinstance(entry, RemovedComment)
    return (
        *place, TOMBSTONE, "deleted", TOMBSTONE_KEY, None, UNKNOWN_AUTHOR, None, None, None, "", None, None, None, True,
        None, None, None, None, None, entry.at, None,
    )  # fmt: skip


NOT_OURS = """
    NOT EXISTS (SELECT FROM echo WHERE echo.account_id = born.account_id AND echo.native_id = born.native_id)"""
_ARRAYS = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in COLUMNS.items())
_INSERT = text(f"""
    INSERT INTO comment ({NAMES})
    SELECT {NAMES} FROM unnest({_ARRAYS}) WITH ORDINALITY AS born ({NAMES}, place_in_order)
    WHERE {NOT_OURS}
    ORDER BY place_in_order
    ON CONFLICT (account_id, native_id) DO NOTHING
    RETURNING id
""")  # noqa: S608 - constants of this module
