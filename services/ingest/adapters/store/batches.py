"""What a client posts at once: many comments, one idempotency key, one transaction, and an answer for each comment.

Good ones are accepted whatever the bad ones are. The claim of the key, the comments and the answer are committed
together, so a process that is killed leaves nothing, and the same batch again is answered as before. Its claim belongs
to no single agency: a batch may speak to several, and none of them may read what was said to the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.store import arrivals, comments
from services.ingest.adapters.store.submissions import native_id_taken
from services.ingest.domain.entries import Written
from services.ingest.ports import Arrival, Filed
from shared.database import is_passing
from shared.errors import Dead
from shared.idempotency import Answer, Claim, once
from shared.problems import Problem

Outcome = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """A posted batch: its claim, and in its order an arrival of one comment for each item, or why there is none."""

    claim: Claim
    items: Sequence[Arrival | Problem]


async def write(connection: AsyncConnection, batch: Batch) -> Answer:
    """Write a batch in the caller's transaction. Raises ``Problem`` 409 and 422 as every claim does."""

    async def effect() -> Answer:
        return Answer(202, {"items": await _accept(connection, batch.items)})

    return await once(connection, batch.claim, effect)


async def _accept(connection: AsyncConnection, items: Sequence[Arrival | Problem]) -> list[Outcome]:
    arriving = [item for item in items if isinstance(item, Arrival)]
    filed = dict(zip((one.id for one in arriving), await _write(connection, arriving), strict=True))
    known = [one.comments[0] for one in filed.values() if isinstance(one, Filed) and one.comments[0]]
    views = await comments.by_id(connection, known)
    outcomes: list[Outcome] = []
    for index, item in enumerate(items):
        became = item if isinstance(item, Problem) else _became(item, filed[item.id], views)
        told = {"problem": became.body()} if isinstance(became, Problem) else {"comment": became}
        outcomes.append({"index": index, "status": became.status if isinstance(became, Problem) else 202, **told})
    return outcomes


def _became(arrival: Arrival, filed: Filed | Problem, views: Mapping[str, dict[str, Any]]) -> dict[str, Any] | Problem:
    """The comment of an item, or why it has none."""
    if isinstance(filed, Problem):
        return filed
    ((_, entry),) = arrival.kept
    view = views.get(filed.comments[0] or "")
    if view is None or not isinstance(entry, Written) or view["text"] != entry.text:
        return native_id_taken()
    return view


async def _write(connection: AsyncConnection, group: Sequence[Arrival]) -> list[Filed | Problem]:
    """Write ``group``; where the database refuses one of them for its own sake, it is found by halving."""
    if not group:
        return []
    try:
        async with connection.begin_nested():
            return [*await arrivals.write(connection, group)]
    except (DBAPIError, Dead) as error:
        if is_passing(error):
            raise
    if len(group) == 1:
        return [Problem(422, "invalid-input", "Some of the input is not valid", detail="This cannot be stored.")]
    middle = len(group) // 2
    return [*await _write(connection, group[:middle]), *await _write(connection, group[middle:])]
