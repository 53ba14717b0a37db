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
    columns = zip(*map(_row, firsts.values()), strict=True)
    rows = await connection.execute(_INSERT, dict(zip(_NAMES, map(list, columns), strict=True)))
    born = set(rows.scalars())
    announcements: list[Announcement] = []
    for item in candidates:
        if item.comment in born:
            item.filed, item.changed = item.comment, True
            if event := _received(item):
                announcements.append((event, item.arrival.traceparent))
    return announcements


def _received(item: Item) -> CommentReceived | None:
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
        sent_at=entry.sent_at,
        received_at=item.arrival.received_at,
    )


_NAMES = (
    "id", "agency", "account_id", "platform", "account", "native_id", "thread", "received_at", "raw_id",
    "revision", "status", "revision_key", "parent", "author_id", "author_name", "author_handle", "author_followers",
    "text", "language", "language_confidence", "media", "public", "visibility", "window_ends_at", "reach", "callback",
    "sent_at", "edited_at",
)  # fmt: skip
_TYPES = {
    "received_at": "timestamptz", "sent_at": "timestamptz", "edited_at": "timestamptz",
    "window_ends_at": "timestamptz", "raw_id": "uuid", "revision": "int", "public": "bool",
    "author_followers": "bigint", "reach": "bigint", "language_confidence": "real",
}  # fmt: skip


def _row(item: Item) -> tuple[Any, ...]:
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
            entry.public, entry.visibility, entry.window_ends_at, entry.reach, entry.callback, entry.sent_at,
            entry.edited_at,
        )  # fmt: skip
    assert isinstance(entry, RemovedComment)
    return (
        *place, TOMBSTONE, "deleted", TOMBSTONE_KEY, None, UNKNOWN_AUTHOR, None, None, None, "", None, None, None, True,
        None, None, None, None, entry.at, None,
    )  # fmt: skip


_COLUMNS = ", ".join(_NAMES)
_ARRAYS = ", ".join(f"CAST(:{name} AS {_TYPES.get(name, 'text')}[])" for name in _NAMES)
_INSERT = text(f"""
    INSERT INTO comment ({_COLUMNS})
    SELECT {_COLUMNS} FROM unnest({_ARRAYS}) WITH ORDINALITY AS born ({_COLUMNS}, place_in_order)
    WHERE NOT EXISTS (
        SELECT FROM echo WHERE echo.account_id = born.account_id AND echo.native_id = born.native_id)
    ORDER BY place_in_order
    ON CONFLICT (account_id, native_id) DO NOTHING
    RETURNING id
""")  # noqa: S608 - constants of this module
