"""Replays in Postgres: asked for, under way, done or failed.

Whoever takes a replay up counts one try more, and whatever is written about it names that try. So a process that was
given up, and wakes up late, writes nothing over its successor's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.replaying import Asked
from services.policy.adapters.store import rows

MOST_TRIES = 3
"""How often a replay is taken up whose process does not come back."""


@dataclass(frozen=True)
class Wish:
    """A replay of one edition of a draft, as somebody asks for it."""

    id: str
    draft: str
    edition: int
    asked: Asked
    by: str
    at: datetime


@dataclass(frozen=True)
class UnderWay:
    """A replay that was taken up for the ``tries``-th time."""

    id: str
    tries: int


async def ask(connection: AsyncConnection, wish: Wish) -> None:
    """Keep a wish until somebody takes it up."""
    asked = wish.asked
    said = {"from": asked.since.isoformat(), "to": asked.until.isoformat(), "sample": asked.share}
    values = {"id": wish.id, "agency": asked.agency, "draft": wish.draft, "edition": wish.edition}
    await connection.execute(_ASK, {**values, "asked": rows.as_json(said), "by": wish.by, "at": wish.at})


async def count_open(connection: AsyncConnection, agency: str | None = None) -> int:
    """How many replays have not ended, of one agency or of all."""
    found: int = (await connection.execute(_COUNT_OPEN, {"agency": agency})).scalar_one()
    return found


async def find(connection: AsyncConnection, draft: str, replay: str) -> Any:
    """The row of a replay of a draft, with the summary of its result or what went wrong; None if there is none."""
    return (await connection.execute(_FIND, {"draft": draft, "id": replay})).one_or_none()


async def items(connection: AsyncConnection, replay: str, after: int, limit: int) -> list[Any]:
    """Kept items of a result (place from 1, item) that come after a place."""
    found = await connection.execute(_ITEMS, {"id": replay, "after": after, "limit": limit})
    return list(found.all())


async def texts(connection: AsyncConnection, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """What was written at these turns (case, number), as far as it still stands."""
    wanted = list(places)
    values = {"cases": [case for case, _ in wanted], "numbers": [number for _, number in wanted]}
    return {(row.case_id, row.number): row.text for row in await connection.execute(_TEXTS, values)}


async def take_up(connection: AsyncConnection) -> UnderWay | None:
    """The replay that waits longest, or was left by a process that is gone. For the one who holds the lease."""
    row = (await connection.execute(_TAKE_UP)).one_or_none()
    return None if row is None else UnderWay(row.id, row.tries)


async def wish_of(connection: AsyncConnection, under_way: UnderWay) -> Wish:
    """What was asked for by a replay that was taken up."""
    row = (await connection.execute(_WISH, {"id": under_way.id})).one()
    said = rows.from_json(row.asked)
    since, until = (datetime.fromisoformat(said[name]) for name in ("from", "to"))
    asked = Asked(row.agency, since, until, said["sample"])
    return Wish(row.id, row.draft, row.edition, asked, row.asked_by, row.asked_at)


async def put_back(connection: AsyncConnection, under_way: UnderWay) -> None:
    """Let a replay wait again whose process ended by no fault of its own: the try does not count."""
    await connection.execute(_PUT_BACK, vars(under_way))


async def stumble(connection: AsyncConnection, under_way: UnderWay, error: str) -> None:
    """Keep what ended a try, for the case that it was the last one."""
    await connection.execute(_STUMBLE, {**vars(under_way), "error": error})


async def last_error(connection: AsyncConnection, under_way: UnderWay) -> str | None:
    """What ended the try before, if that is known."""
    found: str | None = (await connection.execute(_LAST_ERROR, {"id": under_way.id})).scalar_one()
    return found


async def tell(connection: AsyncConnection, under_way: UnderWay, progress: float) -> bool:
    """Say how far a replay has come, from 0 to 1; False where somebody else has taken it up since."""
    found = await connection.execute(_TELL, {**vars(under_way), "progress": progress})
    return found.rowcount == 1


async def end(
    connection: AsyncConnection, under_way: UnderWay, state: str, result: dict[str, Any], at: datetime
) -> bool:
    """Keep what a replay came to; False where somebody else has taken it up since. Its items take the place of those
    of the draft's earlier replays."""
    values = {**vars(under_way), "state": state, "result": rows.as_json(result), "at": at}
    ended = (await connection.execute(_END, values)).one_or_none()
    if ended is not None and state == "done":
        await connection.execute(_LET_GO, {"id": under_way.id, "draft": ended.draft})
    return ended is not None


_ASK = text("""
    INSERT INTO replay (id, agency, draft, edition, state, asked, asked_by, asked_at, tries, progress)
    VALUES (:id, :agency, :draft, :edition, 'waiting', CAST(:asked AS json), :by, :at, 0, 0)
""")
_COUNT_OPEN = text("""
    SELECT count(*) FROM replay
    WHERE state IN ('waiting', 'running') AND agency = coalesce(CAST(:agency AS text), agency)
""")
_FIND = text("""
    SELECT id, agency, draft, edition, state, asked, asked_by, asked_at, progress, ended_at,
           CAST(result -> 'summary' AS text) AS summary, CAST(result -> 'error' AS text) AS error
    FROM replay WHERE id = :id AND draft = :draft
""")
_ITEMS = text("""
    SELECT kept.place, CAST(kept.item AS text) AS item
    FROM replay, json_array_elements(result -> 'items') WITH ORDINALITY AS kept (item, place)
    WHERE id = :id AND place > :after ORDER BY place LIMIT :limit
""")
_TEXTS = text("""
    SELECT turn.case_id, turn.number, turn.text FROM turn
    JOIN unnest(CAST(:cases AS text[]), CAST(:numbers AS int[])) AS wanted (case_id, number)
        ON turn.case_id = wanted.case_id AND turn.number = wanted.number
    WHERE turn.state <> 'deleted'
""")
_TAKE_UP = text("""
    UPDATE replay SET state = 'running', tries = tries + 1, progress = 0
    WHERE id = (SELECT id FROM replay WHERE state IN ('waiting', 'running') ORDER BY asked_at, id LIMIT 1)
    RETURNING id, tries
""")
_WISH = text("SELECT id, agency, draft, edition, asked, asked_by, asked_at FROM replay WHERE id = :id")
_TELL = text("UPDATE replay SET progress = :progress WHERE id = :id AND tries = :tries AND state = 'running'")
_PUT_BACK = text("""
    UPDATE replay SET state = 'waiting', tries = tries - 1, progress = 0
    WHERE id = :id AND tries = :tries AND state = 'running'
""")
_STUMBLE = text("""
    UPDATE replay SET result = json_build_object('stumbled', CAST(:error AS text))
    WHERE id = :id AND tries = :tries AND state = 'running'
""")
_LAST_ERROR = text("SELECT result ->> 'stumbled' FROM replay WHERE id = :id")
_END = text("""
    UPDATE replay SET state = :state, result = CAST(:result AS json), ended_at = :at,
                      progress = CASE WHEN CAST(:state AS text) = 'done' THEN 1 ELSE progress END
    WHERE id = :id AND tries = :tries AND state = 'running' RETURNING draft
""")
_LET_GO = text("""
    UPDATE replay SET result = json_build_object('summary', result -> 'summary', 'items', json_build_array())
    WHERE draft = :draft AND id <> :id AND state = 'done' AND json_array_length(result -> 'items') > 0
""")
