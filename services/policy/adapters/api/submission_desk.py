"""What the routes of lines and of answers for many share: one act on a submission in one transaction."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy import submissions
from services.policy.adapters import succession
from services.policy.adapters.api.authority_desk import Strict
from services.policy.adapters.api.refusals import problem_of
from services.policy.adapters.store import powers
from services.policy.adapters.store import submissions as store
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.adapters.store.steps import step_body
from services.policy.adapters.store.submissions import Place
from services.policy.domain.clearance.approvals import Counting, Refusal
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.clearance.submissions import Submission
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.scales import Specialism
from services.policy.submissions import Done
from shared.auth import Caller
from shared.clock import Clock, rfc3339
from shared.database import Database
from shared.idempotency import Answer, claim_of, idempotency_key, once
from shared.problems import Problem, not_found

Number = Annotated[int, Path(ge=1, le=1_000_000)]


class ApprovalIn(Strict):
    """Consent to exactly what was seen. Any string that is not the current digest is stale."""

    digest: str = Field(max_length=1000, description="64 hex digits")


class SignoffIn(ApprovalIn):
    """A specialist's consent."""

    kind: Specialism


@dataclass(frozen=True)
class AtHand:
    """What a person has before them: all that was put up for one line or issue, their mandates, the policy, and the
    moment. Consents whose authority is gone do not count any more."""

    place: Place
    submissions: Sequence[Submission]
    recounted: Sequence[Done]
    decider: Decider
    policy: PolicyInForce
    now: datetime

    def numbered(self, number: int) -> Submission:
        """The one of that number. Raises ``Problem`` 404."""
        found = next((each for each in self.submissions if each.number == number), None)
        if found is None:
            raise not_found("version" if self.place[1] == "line" else "answer")
        return found

    def in_state(self, state: str) -> list[Submission]:
        """Those in that state."""
        return [each for each in self.submissions if each.state == state]


Effect = Callable[[AsyncConnection, AtHand], Any]


class SubmissionDesk:
    """The database, the policies in force and the clock, as these routes use them."""

    def __init__(self, database: Database, policies: PolicyShelf, clock: Clock) -> None:
        self.database, self.policies, self.clock = database, policies, clock

    async def follow(self) -> None:
        """Decide by what was cleared or withdrawn, here at once and elsewhere soon."""
        await succession.refresh(self.database, self.policies, self.clock())

    async def act(self, request: Request, caller: Caller, place: Place, effect: Effect) -> Answer:
        """Have an effect once for each idempotency key; a refusal answers as its problem. Raises ``Problem`` 403 for
        an agency that the caller does not speak for."""
        idempotency_key(request)
        if not caller.may_see(place[0]) or self.policies.find(place[0]) is None:
            raise Problem(403, "not-your-agency", "The token does not speak for this agency")
        claim = await claim_of(request, caller.subject, place[0])
        async with self.database.begin(caller.scope) as connection:

            async def do() -> Answer:
                answer: Answer = await effect(connection, await self.at_hand(connection, caller, place))
                return answer

            try:
                return await once(connection, claim, do)
            except Refusal as refusal:
                raise problem_of(refusal) from refusal

    async def at_hand(self, connection: AsyncConnection, caller: Caller, place: Place) -> AtHand:
        """What the caller has before them. Raises NotYourAuthority."""
        policy, now = self.policies.of(place[0]), self.clock()
        found = await store.of(connection, place, hold=True)
        decider, counting = await powers.decider(connection, policy.policy, caller.subject, place[2], now)
        done = [submissions.recount(each, counting) for each in found]
        return AtHand(place, [each.submission for each in done], done, decider, policy, now)

    async def keep(self, connection: AsyncConnection, at: AtHand, *done: Done) -> None:
        """Write what came of an act, and of counting anew before it."""
        changed = {each.submission.id: each.submission for each in at.recounted if each.acts}
        changed |= {each.submission.id: each.submission for each in done}
        await store.write(connection, changed.values())
        await succession.record(connection, [act for each in (*at.recounted, *done) for act in each.acts], at.now)

    async def counting(self, connection: AsyncConnection, found: Sequence[Submission]) -> dict[str, Counting]:
        """Which consents still count, by submission: for reading."""
        concerned = {each.agency for each in found}
        seen = [policy for policy in self.policies.all() if policy.agency in concerned]
        return await powers.counting(connection, seen, {each.id: each.agency for each in found}, self.clock())

    async def deciders(self, connection: AsyncConnection, subject: str, agencies: Iterable[str]) -> dict[str, Decider]:
        """A person with what they may decide now, by agency: for reading."""
        now = self.clock()
        seen = [policy for policy in self.policies.all() if policy.agency in set(agencies)]
        found: dict[str, Decider] = {}
        for policy in seen:
            mandates = (await powers.read(connection, policy, now)).of(subject, now)
            given = await powers.given_today(connection, mandates, policy.calendar.time_zone, now)
            found[policy.agency] = Decider(subject, mandates, given)
        return found

    def shown(self, submission: Submission, counting: dict[str, Counting]) -> Submission:
        """A submission as it stands now: under today's policy, with the consents that count."""
        policy = self.policies.find(submission.agency)
        found = submission.recounted(counting.get(submission.id, Counting()))
        return found if policy is None else found.bound(policy)


def superseding(at: AtHand, done: Done) -> list[Done]:
    """An act, and the end of what gives way by it: an open text to a newer one, one in effect to one just cleared."""
    state = done.submission.state
    if state not in ("open", "cleared") or not done.acts:
        return [done]
    earlier = [each for each in at.in_state(state) if each.id != done.submission.id]
    return [*(submissions.supersede(each, done.submission, at.now) for each in earlier), done]


def submission_body(submission: Submission) -> dict[str, Any]:
    """What every submission shows: where its clearance stands."""
    need = submission.need
    return {
        "clearance": submission.id,
        "state": submission.state,
        "author": submission.author,
        "sensitivity": need.weight.sensitivity,
        "damage": need.weight.damage,
        "level": submission.level,
        "digest": submission.digest,
        "policy_version": submission.policy_version,
        "steps": [step_body(step) for step in submission.steps],
        "written_at": rfc3339(submission.written_at),
        "cleared_at": rfc3339(submission.cleared_at) if submission.cleared_at else None,
        "ended_at": rfc3339(submission.ended_at) if submission.ended_at else None,
        "ended_by": submission.ended_by,
        "reason": submission.reason,
    }
