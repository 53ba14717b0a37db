"""Where arrivals and submissions become durable: what comes together is committed together.

Everybody who waits learns what happened to their own item. A database that is away fails all of them (503: platforms
repeat). An item that the database refuses for its own sake is set aside with its bytes, so that neither its
neighbours nor its platform have to wait for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from services.ingest.adapters import metrics
from services.ingest.adapters.store import arrivals, batches, newcomers, reports, submissions, used_tokens
from services.ingest.adapters.store.batches import Batch
from services.ingest.adapters.store.items import Item
from services.ingest.adapters.store.reports import Filing
from services.ingest.adapters.store.submissions import Submission
from services.ingest.domain.refusals import ReusedSignature
from services.ingest.ports import Arrival, Filed
from shared.database import EVERY_AGENCY, Database, is_passing
from shared.errors import Dead
from shared.group_commit import GroupCommit
from shared.idempotency import Answer
from shared.problems import Problem

LANES = 2
"""While one group waits for the disk, the next is written: connections do not all wait for the same commit."""

REFUSED = "The database refuses what this body says."


class GroupKeeper:
    """A ``Keeper`` that writes groups: one for what platforms push, one for what they push under a proof that is good
    for one body only, one for what clients post, one for what is reported over Open311."""

    def __init__(self, database: Database, *, most: int = 500) -> None:
        self._database = database
        self._pushed = GroupCommit(self._write_arrivals, most=most, lanes=LANES)
        self._proven = GroupCommit(self._write_once, most=most)
        self._posted = GroupCommit(self._write_submissions, most=most)
        self._reported = GroupCommit(self._write_reports, most=most)
        # A batch is a group by itself; two at a time would keep the connections from everybody else.
        self._batches = GroupCommit(self._write_batch, most=1)

    async def keep(self, arrival: Arrival) -> Filed:
        """Write ``arrival`` with its neighbours; returns once that is committed. Raises ``ReusedSignature``."""
        write = self._pushed.submit if arrival.once is None else self._submit_once
        try:
            return await write(arrival)
        except (DBAPIError, Dead) as error:
            if is_passing(error):
                raise
            return await write(replace(arrival, kept=(), undelivered=(), unreadable=REFUSED))

    async def submit(self, submission: Submission) -> Answer:
        """Write what a client posted, once for each idempotency key. Raises the ``Problem`` of a refused one."""
        answer = await self._posted.submit(submission)
        if isinstance(answer, Problem):
            raise answer
        return answer

    async def submit_batch(self, batch: Batch) -> Answer:
        """Write what a client posted at once, one batch after the other. Raises the ``Problem`` of a refused key."""
        return await self._batches.submit(batch)

    async def report(self, filing: Filing) -> str:
        """Write a report with its comment, once however often it is repeated; the id of that comment."""
        return await self._reported.submit(filing)

    async def close(self) -> None:
        """Write what waits, then take nothing more."""
        await self._pushed.close()
        await self._proven.close()
        await self._posted.close()
        await self._reported.close()
        await self._batches.close()

    async def _write_arrivals(self, group: Sequence[Arrival]) -> Sequence[Filed]:
        """What is new in one statement; what is left, in a transaction that knows edits and repeats.

        The two need not be one: a platform that hears of a failure in between sends all of it again.
        """
        metrics.GROUP_SIZE.observe(len(group))
        plain = [arrival for arrival in group if newcomers.is_plain(arrival)]
        items = await newcomers.write(self._database, plain, group) if plain else {}
        left = [(arrival, _left(arrival, items.get(arrival.id, ()))) for arrival in group]
        rest = [arrival for _, arrival in left if arrival is not None]
        filed: Mapping[UUID, Filed] = {}
        if rest:
            async with self._database.begin(EVERY_AGENCY) as connection:
                written = await arrivals.write(connection, rest)
            filed = {arrival.id: one for arrival, one in zip(rest, written, strict=True)}
        return [_filed(items.get(arrival.id, ()), filed.get(arrival.id)) for arrival in group]

    async def _submit_once(self, arrival: Arrival) -> Filed:
        filed = await self._proven.submit(arrival)
        if isinstance(filed, ReusedSignature):
            raise filed
        return filed

    async def _write_once(self, group: Sequence[Arrival]) -> Sequence[Filed | ReusedSignature]:
        async with self._database.begin(EVERY_AGENCY) as connection:
            return await used_tokens.write(connection, group)

    async def _write_submissions(self, group: Sequence[Submission]) -> Sequence[Answer | Problem]:
        async with self._database.begin(EVERY_AGENCY) as connection:
            return await submissions.write(connection, group)

    async def _write_batch(self, group: Sequence[Batch]) -> Sequence[Answer]:
        async with self._database.begin(EVERY_AGENCY) as connection:
            return [await batches.write(connection, batch) for batch in group]

    async def _write_reports(self, group: Sequence[Filing]) -> Sequence[str]:
        async with self._database.begin(EVERY_AGENCY) as connection:
            return await reports.write(connection, group)


def _left(arrival: Arrival, items: Sequence[Item]) -> Arrival | None:
    """What of ``arrival`` is still to be written, once ``items`` went the short way; None for nothing."""
    if not items:
        return arrival
    kept = [(item.account, item.entry) for item in items if not item.changed]
    return replace(arrival, kept=kept) if kept else None


def _filed(items: Sequence[Item], rest: Filed | None) -> Filed:
    """What became of an arrival, both ways together."""
    if not items:
        assert rest is not None, "what did not go the short way went the long one"
        return rest
    others = iter(rest.comments if rest else ())
    comments = tuple(item.filed if item.changed else next(others) for item in items)
    return Filed(comments, sum(item.changed for item in items) + (rest.changed if rest else 0))
