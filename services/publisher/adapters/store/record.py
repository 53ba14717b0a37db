"""The public record as it is read: straight from the publications, so that what is settled is there.

What must stay true: ``SHOWN`` is the only way onto the record, spelled from the rule of the domain. A correction that
follows as a reply stands with what it corrects, and by itself only where that never went out; one that was taken back
stands nowhere.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.tables import ON_RECORD
from services.publisher.domain.record import (
    PRIVATE_PLATFORMS,
    READABLE_BY_ALL,
    SHOWN_STATES,
    Correction,
    Entry,
    may_be_shown,
)


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


SHOWN = (
    f"p.{ON_RECORD.replace('published_at', 'p.published_at')} AND p.state IN ({_listed(SHOWN_STATES)})"
    f" AND p.platform NOT IN ({_listed(PRIVATE_PLATFORMS)})"
    f" AND (p.visibility IS NULL OR p.visibility IN ({_listed(READABLE_BY_ALL)}))"
)
"""Whether anybody may read a publication ``p``."""

LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
ADDRESS = re.compile(r"https?://[^\s]+\Z")
"""What a platform names may be anything; what is no address of the web is no link."""


# One comparison of rows in every case, so that a page deep in the record begins in the index where it begins.
BELOW = """(p.published_at, p.id)
          < (coalesce(CAST(:before_at AS timestamptz), 'infinity'), coalesce(CAST(:before_id AS text), ''))"""
"""Whether a publication ``p`` lies below a place; ``place`` gives the names."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the record: that of one entry."""

    published_at: datetime
    publication: str


def place(before: Position | None) -> dict[str, Any]:
    """A place as ``BELOW`` asks for it; None for the very top."""
    if before is None:
        return {"before_at": None, "before_id": None}
    return {"before_at": before.published_at, "before_id": before.publication}


async def name_of(connection: AsyncConnection, agency: str) -> str | None:
    """How an agency is called; None if there is no such agency here."""
    row = (await connection.execute(_NAME, {"agency": agency})).one_or_none()
    return None if row is None else row.name or agency


async def entries(connection: AsyncConnection, agency: str, before: Position | None, most: int) -> list[Entry]:
    """Entries below ``before``, the newest first, at most ``most``."""
    rows = list(await connection.execute(_PAGE, {"agency": agency, "most": most, **place(before)}))
    corrections = await _corrections(connection, [row.id for row in rows])
    return [_entry(row, corrections.get(row.id, ())) for row in rows]


async def entry(connection: AsyncConnection, agency: str, publication: str) -> Entry | None:
    """One entry; None where it is not on the record."""
    row = (await connection.execute(_ONE, {"agency": agency, "publication": publication})).one_or_none()
    if row is None:
        return None
    corrections = await _corrections(connection, [row.id])
    return _entry(row, corrections.get(row.id, ()))


async def _corrections(connection: AsyncConnection, ids: list[str]) -> Mapping[str, tuple[Correction, ...]]:
    found: dict[str, tuple[Correction, ...]] = {}
    for row in await connection.execute(_CORRECTIONS, {"ids": ids}) if ids else ():
        found[row.publication] = (*found.get(row.publication, ()), Correction(row.text, row.corrected_at))
    return found


def _entry(row: Any, corrections: tuple[Correction, ...]) -> Entry:
    assert may_be_shown(
        public=row.public, visibility=row.visibility, platform=row.platform, was_published=row.published_at is not None
    ), "what the query lets through, the rule does not"
    is_retracted = row.state == "retracted" or row.retracted_at is not None
    return Entry(
        publication=row.id,
        platform=row.platform,
        purpose=row.purpose,
        text="" if is_retracted else _first_words(row, corrections),
        language=row.language if row.language and LANGUAGE.fullmatch(row.language) else None,
        url=row.url if row.url and ADDRESS.match(row.url) and not is_retracted else None,
        published_at=row.published_at,
        corrections=() if is_retracted else corrections,
        is_retracted=is_retracted,
        retracted_at=(row.retracted_at or row.settled_at) if is_retracted else None,
    )


def _first_words(row: Any, corrections: tuple[Correction, ...]) -> str:
    """What was said first; until the correction of an edited response is heard of, what it reads now."""
    words: str = row.first_text if corrections and row.first_text is not None else row.text
    return words


_NAME = text("SELECT min(name) AS name FROM account WHERE agency = :agency HAVING count(*) > 0")
_ENTRIES = f"""
    SELECT p.id, p.platform, p.purpose, p.text, p.first_text, p.language, p.url, p.state, p.public, p.visibility,
           p.published_at, p.settled_at, r.retracted_at
    FROM publication AS p LEFT JOIN record_retraction AS r ON r.publication = p.id
    WHERE p.agency = :agency AND {SHOWN} AND NOT EXISTS (
        SELECT FROM publication AS first
        WHERE first.id = p.corrects AND first.published_at IS NOT NULL
          AND (first.state = 'published' OR p.state = 'retracted'))
"""  # noqa: S608 - constants of the domain
_PAGE = text(f"""
    {_ENTRIES}
      AND {BELOW}
    ORDER BY p.published_at DESC, p.id DESC LIMIT :most
""")
_ONE = text(f"{_ENTRIES} AND p.id = :publication")
_CORRECTIONS = text("""
    SELECT c.publication, c.text, c.corrected_at FROM record_correction AS c
    WHERE c.publication = ANY (CAST(:ids AS text[])) AND NOT EXISTS (
        SELECT FROM publication AS p LEFT JOIN record_retraction AS r ON r.publication = p.id
        WHERE p.response = c.correction AND p.corrects = c.publication
          AND (p.state = 'retracted' OR r.publication IS NOT NULL))
    ORDER BY c.publication, c.corrected_at, c.correction
""")
