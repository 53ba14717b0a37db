"""Reading what was decided, and deciding it anew.

Comments are read in the order of their receipt, some hundred at a time, each time in a transaction that can write
nothing: a replay leaves no trace but its result. None stays open meanwhile, because what is dead in a busy table
cannot be tidied away while one does. What a decision was made from never changes, so nothing is missed by that.
"""

import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.common_classifier import common_classifier
from services.policy.adapters.store import rows
from services.policy.domain.adoption.standing import Roster
from services.policy.domain.comments import Comment, History, history_of
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.deciding.outcomes import Terms
from services.policy.domain.learning.learned import Learned
from services.policy.domain.learning.linear_model import BadModel, LinearModel
from services.policy.domain.replaying.replay import Decided, Replay
from services.policy.domain.replaying.replay_results import MOST_KEPT, Results
from services.policy.domain.triage.classification import Classifier, Lexicon
from shared.database import EVERY_AGENCY, Database

BATCH = 500

Report = Callable[[int, int], Awaitable[None]]
"""Told after each batch how many comments are done, and of how many."""


@dataclass(frozen=True)
class Asked:
    """Which comments are replayed: an agency's that were received from ``since`` until before ``until``.

    ``share`` (above 0, up to 1) of them, drawn by their ids so that the same are drawn again; the first ``limit``.
    """

    agency: str
    since: datetime
    until: datetime
    share: float = 1.0
    limit: int | None = None


async def replay_stored(
    database: Database, policy: PolicyInForce, asked: Asked, report: Report, most_kept: int = MOST_KEPT
) -> Results:
    """Decide stored comments anew under ``policy``, and compare. Reads only."""
    past, results = _Past(database, asked), Results(most_kept)
    replay = Replay(policy, await past.rosters(), past.classifiers, past.versions)
    total = await past.count()
    with _uncollected():
        async for batch in past.comments():
            for decided in batch:
                results.take(replay.item(decided), decided)
            await report(results.totals.comments, total)
    return results


class _Past:
    """What was decided for an agency, and what these decisions name: policy versions and classifiers, each looked up
    when it first comes."""

    def __init__(self, database: Database, asked: Asked) -> None:
        self._database, self._asked = database, asked
        self._names = {"agency": asked.agency, "since": asked.since, "until": asked.until, "share": asked.share}
        self._looked_up: set[str] = set()
        self.versions: dict[str, Terms] = {}
        self.classifiers: dict[str, Classifier] = {each.version: each for each in (Lexicon(), common_classifier())}

    async def rosters(self) -> list[tuple[datetime, Roster]]:
        """Who held the posts since when, and in what hours they worked."""
        async with reading(self._database) as connection:
            found = await connection.execute(_ROSTERS, {"agency": self._asked.agency})
            return [(row.since, Roster.model_validate_json(row.roster)) for row in found]

    async def count(self) -> int:
        """How many comments there are to replay."""
        async with reading(self._database) as connection:
            found: int = (await connection.execute(_COUNT, self._names)).scalar_one()
        return found if self._asked.limit is None else min(found, self._asked.limit)

    async def comments(self) -> AsyncIterator[list[Decided]]:
        """The comments in batches, in the order of their receipt; whatever they name is known by then."""
        after, left = (self._asked.since, "", 0), self._asked.limit
        while left is None or left > 0:
            most = BATCH if left is None else min(BATCH, left)
            page = dict(zip(("received_at", "case", "number"), after, strict=True))
            async with reading(self._database) as connection:
                found = (await connection.execute(_TURNS, {**self._names, **page, "most": most})).all()
                batch = [decided_of(row) for row in found]
                await self._look_up(connection, batch)
            if batch:
                yield batch
            if len(batch) < most:
                return
            after, left = (found[-1].received_at, found[-1].case_id, found[-1].number), left and left - most

    async def _look_up(self, connection: AsyncConnection, batch: Iterable[Decided]) -> None:
        named = {name for each in batch for name in (each.version, each.classifier) if name} - self._looked_up
        if not named:
            return
        self._looked_up |= named
        values = {"agency": self._asked.agency, "named": sorted(named)}
        for row in await connection.execute(_VERSIONS, values):
            self.versions[row.version] = Terms.of_content(rows.from_json(row.terms))
        for row in await connection.execute(_CLASSIFIERS, values):
            with contextlib.suppress(BadModel):  # of an older release; the common classifier stands in
                model = LinearModel.from_json(rows.from_json(row.model))
                self.classifiers[row.version] = Learned(common_classifier(), model, row.version)


@contextlib.asynccontextmanager
async def reading(database: Database) -> AsyncIterator[AsyncConnection]:
    """A transaction in which nothing can be written."""
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(_READ_ONLY)
        yield connection


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without looks for cycles among what is read: it has none, and they took a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def decided_of(row: Any) -> Decided:
    """A stored turn as the decision that it was."""
    decision = rows.from_json(row.decision)
    known = decision.get("circumstances")
    if not known:
        return _decided(row, decision, _words(row, row.language, row.public, row.author_id == row.account), History())
    words = _words(
        row,
        known.get("said_language"),
        not known.get("not_public", False),
        known.get("echo", False),
        reach=known.get("reach"),
        followers=known.get("followers"),
    )
    return _decided(row, decision, words, history_of(known), datetime.fromisoformat(known["decided_at"]))


def _words(row: Any, language: str | None, public: bool, echo: bool, **spread: int | None) -> Comment:
    return Comment(
        text=row.text,
        platform=row.platform,
        author=row.author_id,
        handle=row.author_handle,
        language=language,
        public=public,
        echo=echo,
        sent_at=row.sent_at,
        **spread,
    )


def _decided(
    row: Any, decision: dict[str, Any], words: Comment, history: History, at: datetime | None = None
) -> Decided:
    return Decided(
        comment=row.comment,
        case=row.case_id,
        turn=row.number,
        received_at=row.received_at,
        language=row.language,
        words=words,
        history=history,
        at=at or row.received_at,
        decision=decision,
    )


# And rows are read in the order of an index that has it, never gathered and sorted first. To count a year's comments
# takes longer than a request may wait.
_READ_ONLY = text("""
    SELECT set_config('transaction_read_only', 'on', true), set_config('enable_sort', 'off', true),
           set_config('enable_bitmapscan', 'off', true), set_config('statement_timeout', '60s', true)
""")
# The same comments are drawn by whoever draws the same share, and a smaller share lies within a larger one.
# What came with a case from another agency was decided there.
_ASKED = """turn.agency = :agency AND turn.received_at >= :since AND turn.received_at < :until
    AND turn.state <> 'brought'
    AND (CAST(:share AS double precision) >= 1
         OR CAST(CAST('x' || left(md5(turn.comment), 8) AS bit(32)) AS bigint) < :share * 4294967296)"""
_COUNT = text(f"SELECT count(*) FROM turn WHERE {_ASKED}")  # noqa: S608 - constants of this module
# By receipt, which an index has in order already; by primary key, every turn ever would have to be looked at.
_TURNS = text(f"""
    SELECT turn.case_id, turn.number, turn.comment, turn.author_id, turn.author_handle, turn.text, turn.language,
           turn.public, turn.sent_at, turn.received_at, turn.decision, "case".platform, "case".account
    FROM turn JOIN "case" ON "case".id = turn.case_id
    WHERE {_ASKED} AND turn.received_at >= :received_at
        AND (turn.received_at, turn.case_id, turn.number) > (:received_at, :case, :number)
    ORDER BY turn.received_at, turn.case_id, turn.number LIMIT :most
""")  # noqa: S608
_ROSTERS = text("""
    SELECT since, CAST(json_build_object('officers', officers, 'calendar', calendar) AS text) AS roster
    FROM roster WHERE agency = :agency ORDER BY since
""")
_VERSIONS = text("""
    SELECT version, CAST(json_build_object('clocks', content -> 'clocks', 'ladder', content -> 'ladder',
                                           'step_minutes', content -> 'step_minutes') AS text) AS terms
    FROM policy WHERE agency = :agency AND version = ANY (CAST(:named AS text[]))
""")
_CLASSIFIERS = text("""
    SELECT version, model FROM classifier WHERE agency = :agency AND version = ANY (CAST(:named AS text[]))
""")
