"""Comments as clients read them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.store import media
from services.ingest.adapters.tables import comment
from services.ingest.domain.accounts import Account
from shared.clock import rfc3339

_READ = (
    comment.c.id, comment.c.agency, comment.c.platform, comment.c.account, comment.c.native_id, comment.c.revision,
    comment.c.thread, comment.c.parent, comment.c.author_id, comment.c.author_name, comment.c.author_handle,
    comment.c.author_followers, comment.c.text, comment.c.language, comment.c.language_confidence, comment.c.media,
    comment.c.window_ends_at, comment.c.reach, comment.c.public, comment.c.hidden, comment.c.status, comment.c.case_id,
    comment.c.reply_text, comment.c.reply_language, comment.c.reply_response, comment.c.reply_published_at,
    comment.c.reply_corrected_at, comment.c.subject_line,
    comment.c.sent_at, comment.c.edited_at, comment.c.received_at,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filter:
    """Which comments to list. ``before`` is the id of the last one of the page before."""

    agency: str | None = None
    status: str | None = None
    platform: str | None = None
    before: str | None = None


async def find(connection: AsyncConnection, comment_id: str) -> dict[str, Any] | None:
    """One comment, as far as the transaction's agencies may see it."""
    if not comment_id.isprintable():
        return None  # no id has such characters, and Postgres does not bear all of them
    rows = await connection.execute(_seen().where(comment.c.id == comment_id))
    row = rows.one_or_none()
    return view(row) if row is not None else None


async def page(connection: AsyncConnection, wanted: Filter, limit: int) -> list[dict[str, Any]]:
    """At most ``limit`` comments at their newest revision, newest first."""
    query = _seen().order_by(comment.c.id.desc()).limit(limit)
    if wanted.agency is not None:
        query = query.where(comment.c.agency == wanted.agency)
    if wanted.status is not None:
        query = query.where(comment.c.status == wanted.status)
    if wanted.platform is not None:
        query = query.where(comment.c.platform == wanted.platform)
    if wanted.before is not None:
        query = query.where(comment.c.id < wanted.before)
    return [view(row) for row in await connection.execute(query)]


async def by_id(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The comments with these ids."""
    if not ids:
        return {}
    rows = await connection.execute(_seen().where(comment.c.id.in_(ids)))
    return {row.id: view(row) for row in rows}


@dataclass(frozen=True, slots=True)
class Watched:
    """A recent comment of an account, to be looked at again."""

    id: str
    native_id: str
    edited_at: datetime | None
    thread: str
    text: str


async def watched(
    connection: AsyncConnection, account: Account, *, since: datetime, after: str | None, limit: int
) -> list[Watched]:
    """At most ``limit`` living comments of ``account`` received after ``since``, in the order of their ids."""
    return await _watched(connection, account, max(after or "", _born_at(since)), limit)


async def newest_watched(
    connection: AsyncConnection, account: Account, *, since: datetime, limit: int
) -> list[Watched]:
    """At most ``limit`` living comments of ``account`` received after ``since``, newest first."""
    return await _watched(connection, account, _born_at(since), limit, newest_first=True)


async def by_ending(
    connection: AsyncConnection, account: Account, endings: Iterable[str], since: datetime
) -> dict[str, set[str]]:
    """The native ids of comments of ``account`` received after ``since``, by what follows the last underscore."""
    ending = func.split_part(comment.c.native_id, "_", -1)
    rows = await connection.execute(
        select(comment.c.native_id, ending.label("ending"))
        .where(comment.c.agency == account.agency, comment.c.id > _born_at(since))
        .where(comment.c.account_id == account.id, ending.in_(list(endings)))
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.ending, set()).add(row.native_id)
    return found


def _born_at(moment: datetime) -> str:
    # Ids begin with their birth in milliseconds, so that the index bounds the search.
    return f"cmt_{int(moment.timestamp() * 1000):012x}"


async def _watched(
    connection: AsyncConnection, account: Account, after: str, limit: int, *, newest_first: bool = False
) -> list[Watched]:
    rows = await connection.execute(
        select(comment.c.id, comment.c.native_id, comment.c.edited_at, comment.c.thread, comment.c.text)
        .where(comment.c.agency == account.agency, comment.c.id > after)
        .where(comment.c.account_id == account.id, comment.c.status != "deleted", comment.c.revision > 0)
        .order_by(comment.c.id.desc() if newest_first else comment.c.id)
        .limit(limit)
    )
    return [Watched(row.id, row.native_id, row.edited_at, row.thread, row.text) for row in rows]


def view(row: Row[Any]) -> dict[str, Any]:
    """A comment as the API shows it; times are RFC 3339 in UTC."""
    return {
        "id": row.id,
        "agency": row.agency,
        "platform": row.platform,
        "account": row.account,
        "native_id": row.native_id,
        "revision": row.revision,
        "thread": row.thread,
        "parent": row.parent,
        "author": {
            "id": row.author_id,
            "name": row.author_name,
            "handle": row.author_handle,
            "followers": row.author_followers,
        },
        "subject_line": row.subject_line,
        "text": row.text,
        "language": row.language,
        "language_confidence": round(row.language_confidence, 2) if row.language_confidence is not None else None,
        "media": media.read(row.media),
        "window_ends_at": rfc3339(row.window_ends_at) if row.window_ends_at else None,
        "reach": row.reach,
        "public": row.public,
        "hidden": row.hidden,
        "status": row.status,
        "case": row.case_id,
        "reply": _reply(row),
        "sent_at": rfc3339(row.sent_at),
        "edited_at": rfc3339(row.edited_at) if row.edited_at else None,
        "received_at": rfc3339(row.received_at),
    }


def _reply(row: Row[Any]) -> dict[str, Any] | None:
    if row.reply_published_at is None:
        return None
    return {
        "text": row.reply_text,
        "language": row.reply_language,
        "response": row.reply_response,
        "published_at": rfc3339(row.reply_published_at),
        "corrected_at": rfc3339(row.reply_corrected_at) if row.reply_corrected_at else None,
    }


def _seen() -> Select[Any]:
    # A tombstone was never a comment: nobody here saw what it said.
    return select(*_READ).where(comment.c.revision > 0)
