"""The release of answers for many: to those who wait when one is cleared, and to whoever joins the issue later.

Batches, each a transaction of its own: the answer's row first, then the rows of its cases in the order of their ids. So
no two releases of one answer run at a time, and a service that was killed goes on where it was.
"""

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy import answering_many
from services.policy.adapters.store import answers, cases, recusals, submissions
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.adapters.store.work import UnitOfWork
from services.policy.domain.clearance.answers import Answer
from services.policy.ports import FactsGate
from shared.clock import Clock
from shared.database import EVERY_AGENCY, Database

LOOK_SECONDS = 1.0
BATCH = 50


class Answering:
    """The database, the policies in force, the language gate and the clock, as releases use them."""

    def __init__(self, database: Database, policies: PolicyShelf, facts: FactsGate, clock: Clock) -> None:
        self._database, self._policies, self._facts, self._clock = database, policies, facts, clock

    async def run(self) -> None:
        """The loop of the service."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Answer whoever waits for what is cleared, and end what has reached its limits."""
        async with self._database.begin(EVERY_AGENCY) as connection:
            found = await answers.with_something_to_do(connection, self._clock())
        for submission in found:
            await self.release(submission)

    async def release(self, submission: str) -> None:
        """Answer all who wait for one answer, batch by batch."""
        more = True
        while more:
            async with self._database.begin(EVERY_AGENCY) as connection:
                more = await self._release_some(connection, submission)

    async def _release_some(self, connection: AsyncConnection, submission: str) -> bool:
        """One batch; whether there may be more."""
        cleared, now = await submissions.find(connection, submission, hold=True), self._clock()
        if cleared is None or (policy := self._policies.find(cleared.agency)) is None:
            return False
        if cleared.state != "cleared":
            return False
        work, before = UnitOfWork(), await answers.answered(connection, cleared.id)
        if answering_many.is_over(cleared, before, now):
            await submissions.write(connection, [answering_many.end(cleared, before, work, now)])
            await cases.write(connection, work, now)
            return False
        if not answering_many.may_go_out(cleared, self._facts, policy, now):
            return False
        silent = answering_many.silent_platforms(policy, now)
        ids = await answers.waiting(connection, Answer.of(cleared).issues, cleared.id, BATCH, silent)
        known = {str(case.id): case for case in await cases.load_ids(connection, ids)}
        still_waiting = [known[id_] for id_ in ids if id_ in known and known[id_].waiting]
        work.fill(known.values())
        recused = dict(await recusals.recused_from(connection, ids))
        members = answering_many.answer(cleared, still_waiting, recused, before, policy, work, now)
        await cases.write(connection, work, now)
        await answers.put(connection, cleared, members, now)
        return bool(members)
