"""What happens to comments that are known already: edits, removals, hides, repeats, belated originals.

The rows are locked, the rule (``domain.revisions``) is asked once for each entry in the order of arrival, and what
follows is written with one statement for each kind of row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.store import media
from services.ingest.adapters.store.items import Announcement, Item, Place
from services.ingest.domain.entries import Echo, Written
from services.ingest.domain.revisions import Deleted, Edited, Known, Late, Outcome, Seen, fold
from shared.events import Author, CommentDeleted, CommentEdited


@dataclass(frozen=True, slots=True)
class Standing:
    """A locked comment while a batch changes it: its row, and what has become of it."""

    row: Row[Any]
    known: Known
    language: str | None
    confidence: float | None
    media: str | None
    raw_id: UUID


@dataclass
class Changes:
    """All that a batch changes: comments by id, rows of the history, announcements in their order."""

    standings: dict[str, Standing] = field(default_factory=dict)
    history: list[tuple[Any, ...]] = field(default_factory=list)
    announcements: list[Announcement] = field(default_factory=list)


async def apply(connection: AsyncConnection, items: Sequence[Item]) -> list[Announcement]:
    """Apply ``items``, noting in each its comment and whether it changed anything; what is to be announced."""
    if not items:
        return []
    locked = await _lock(connection, items)
    changes = Changes()
    for item in items:
        standing = locked.get(item.place)
        if standing is None or isinstance(item.entry, Echo):
            continue  # hidden or shown before it ever came, or our own reply
        item.filed = standing.row.id
        after = _note(changes, standing, item, fold(standing.known, item.entry))
        if after is not None:
            locked[item.place] = after
            item.changed = True
    await _write(connection, changes)
    return changes.announcements


def _note(changes: Changes, before: Standing, item: Item, outcome: Outcome) -> Standing | None:
    """Enter an outcome into ``changes``; the standing after it, or None where nothing changed."""
    match outcome:
        case Edited(known):
            changes.history.append(_earlier(before, item))
            after = _rewritten(before, known, item)
            changes.announcements.append((_edited(after), item.arrival.traceparent))
        case Seen(known):
            after = replace(before, known=known)
            changes.announcements.append((_edited(after), item.arrival.traceparent))
        case Deleted(known):
            after = replace(before, known=known)
            changes.announcements.append((_deleted(after, item), item.arrival.traceparent))
        case Late(known, revision):
            changes.history.append(_belated(before, item, revision))
            return replace(before, known=known)
        case _:
            return None
    changes.standings[before.row.id] = after
    return after


def _rewritten(before: Standing, known: Known, item: Item) -> Standing:
    entry = item.entry
    assert isinstance(entry, Written)
    tag, confidence = entry.language or (None, None)
    return Standing(before.row, known, tag, confidence, media.written(entry.media), item.arrival.id)


def _earlier(before: Standing, item: Item) -> tuple[Any, ...]:
    known = before.known
    return (
        before.row.id, known.key, before.row.agency, known.revision, known.text, before.language, known.edited_at,
        before.raw_id, item.arrival.received_at,
    )  # fmt: skip


def _belated(before: Standing, item: Item, revision: int | None) -> tuple[Any, ...]:
    entry = item.entry
    assert isinstance(entry, Written)
    return (
        before.row.id, entry.revision, before.row.agency, revision, entry.text,
        entry.language.tag if entry.language else None, entry.edited_at, item.arrival.id, item.arrival.received_at,
    )  # fmt: skip


def _edited(standing: Standing) -> CommentEdited:
    row, known = standing.row, standing.known
    return CommentEdited(
        **_conversation(row),
        revision=known.revision,
        parent=row.parent,
        author=Author(id=row.author_id, name=row.author_name, handle=row.author_handle, followers=row.author_followers),
        text=known.text,
        language=standing.language,
        language_confidence=standing.confidence,
        media=media.kept(standing.media),
        window_ends_at=row.window_ends_at,
        reach=row.reach,
        public=row.public,
        visibility=row.visibility,
        subject_line=row.subject_line,
        hidden=known.hidden,
        sent_at=row.sent_at,
        received_at=row.received_at,
    )


def _deleted(standing: Standing, item: Item) -> CommentDeleted:
    at = getattr(item.entry, "at", item.arrival.received_at)
    return CommentDeleted(**_conversation(standing.row), revision=standing.known.revision, deleted_at=at)


def _conversation(row: Row[Any]) -> dict[str, Any]:
    return {
        "agency": row.agency,
        "platform": row.platform,
        "account": row.account,
        "thread": row.thread,
        "comment": row.id,
        "native_id": row.native_id,
    }


async def _lock(connection: AsyncConnection, items: Sequence[Item]) -> dict[Place, Standing]:
    places = sorted({item.place for item in items})
    rows = await connection.execute(
        _LOCK, {"accounts": [one[0] for one in places], "natives": [one[1] for one in places]}
    )
    return {(row.account_id, row.native_id): _standing(row) for row in rows}


def _standing(row: Row[Any]) -> Standing:
    known = Known(
        revision=row.revision,
        key=row.revision_key,
        keys=frozenset((row.revision_key, *row.earlier_keys)),
        edited_at=row.edited_at,
        text=row.text,
        hidden=row.hidden,
        hidden_at=row.hidden_at,
        deleted=row.status == "deleted",
    )
    return Standing(row, known, row.language, row.language_confidence, row.media, row.raw_id)


async def _write(connection: AsyncConnection, changes: Changes) -> None:
    if changes.history:
        names = ("comments", "keys", "agencies", "revisions", "texts", "languages", "edits", "raws", "recorded")
        await connection.execute(_REMEMBER, _arrays(names, changes.history))
    if changes.standings:
        columns = (
            "ids", "revisions", "keys", "texts", "languages", "confidences", "media", "edits", "hidden", "hides",
            "deleted", "raws",
        )  # fmt: skip
        rows = [
            (
                id_, one.known.revision, one.known.key, one.known.text, one.language, one.confidence, one.media,
                one.known.edited_at, one.known.hidden, one.known.hidden_at, one.known.deleted, one.raw_id,
            )
            for id_, one in changes.standings.items()
        ]  # fmt: skip
        await connection.execute(_UPDATE, _arrays(columns, rows))


def _arrays(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Mapping[str, list[Any]]:
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


_LOCK = text("""
    SELECT c.*, ARRAY(SELECT r.revision_key FROM comment_revision r WHERE r.comment = c.id) AS earlier_keys
    FROM comment c
    JOIN unnest(CAST(:accounts AS text[]), CAST(:natives AS text[])) AS w (account_id, native_id)
      ON c.account_id = w.account_id AND c.native_id = w.native_id
    ORDER BY c.id FOR UPDATE OF c
""")
_REMEMBER = text("""
    INSERT INTO comment_revision
        (comment, revision_key, agency, revision, text, language, edited_at, raw_id, recorded_at)
    SELECT * FROM unnest(
        CAST(:comments AS text[]), CAST(:keys AS text[]), CAST(:agencies AS text[]), CAST(:revisions AS int[]),
        CAST(:texts AS text[]), CAST(:languages AS text[]), CAST(:edits AS timestamptz[]), CAST(:raws AS uuid[]),
        CAST(:recorded AS timestamptz[]))
""")
_UPDATE = text("""
    UPDATE comment SET
        revision = u.revision, revision_key = u.revision_key, text = u.text, language = u.language,
        language_confidence = u.language_confidence, media = u.media, edited_at = u.edited_at, hidden = u.hidden,
        hidden_at = u.hidden_at, raw_id = u.raw_id,
        status = CASE WHEN u.deleted THEN 'deleted' ELSE comment.status END
    FROM unnest(
        CAST(:ids AS text[]), CAST(:revisions AS int[]), CAST(:keys AS text[]), CAST(:texts AS text[]),
        CAST(:languages AS text[]), CAST(:confidences AS real[]), CAST(:media AS text[]),
        CAST(:edits AS timestamptz[]), CAST(:hidden AS bool[]), CAST(:hides AS timestamptz[]),
        CAST(:deleted AS bool[]), CAST(:raws AS uuid[])
    ) AS u (id, revision, revision_key, text, language, language_confidence, media, edited_at, hidden, hidden_at,
            deleted, raw_id)
    WHERE comment.id = u.id
""")
