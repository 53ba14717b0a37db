"""What the routes of clearance have in common: one request is one transaction.

The case's row is locked, the act is done, and what follows from it (a released response, the audit rows, the answer
kept for the same ``Idempotency-Key``) is committed with it or not at all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Protocol

from fastapi import Path, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.policy import drafting
from services.policy.adapters.api.bodies import draft_body
from services.policy.adapters.api.cases import checked
from services.policy.adapters.api.refusals import problem_of
from services.policy.adapters.store import cases, drafts, powers
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.adapters.store.work import UnitOfWork
from services.policy.desk import Desk
from services.policy.domain.clearance.approvals import Draft, NotYourAuthority, Refusal
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.unchanged_lines import is_unchanged_line
from shared.auth import Caller
from shared.clock import Clock
from shared.database import Database
from shared.idempotency import Answer, claim_of, idempotency_key, once
from shared.problems import not_found

Number = Annotated[int, Path(ge=1, le=1_000_000, description="the draft's number within its case")]

Act = Callable[[Desk], Draft]


class Strict(BaseModel):
    """A body in which every key and type is known."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class DigestIn(Strict):
    """Exactly what was seen. Any string that is not the current digest is stale."""

    digest: str = Field(max_length=1000, description="the draft's digest: 64 hex digits")


class Statements(Protocol):
    """Approved facts: which of them are in force. The port to wherever they are kept."""

    async def in_force(self, connection: AsyncConnection, agency: str, names: Sequence[str]) -> Mapping[str, str]:
        """The versions now in force of those statements; those that are not in force are left out."""


class NoStatements:
    """An agency that keeps no statements yet: no draft can cite one."""

    async def in_force(self, connection: AsyncConnection, agency: str, names: Sequence[str]) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True)
class ClearanceDesk:
    """Where officers work on drafts."""

    database: Database
    policies: PolicyShelf
    clock: Clock
    statements: Statements

    async def post(
        self, request: Request, caller: Caller, case_id: str, number: int | None, act: Act, cited: Sequence[str] = ()
    ) -> Response:
        """Do an officer's act once for an ``Idempotency-Key``; 201 with the draft. Raises ``Problem``."""
        idempotency_key(request)
        checked(case_id)
        async with self.database.begin(caller.scope) as connection:
            case = await self.locked(connection, case_id, caller)
            claim = await claim_of(request, caller.subject, case.thread.agency)

            async def effect() -> Answer:
                draft = await self._done(connection, case, number, caller, act, cited)
                return Answer(201, self.shown(draft, case), {"ETag": etag(draft)})

            try:
                answer = await once(connection, claim, effect)
            except Refusal as refusal:
                raise problem_of(refusal) from refusal
        return answer.response()

    async def put(self, caller: Caller, case_id: str, number: int, act: Act, cited: Sequence[str]) -> Answer:
        """Do an edit; 200 with the draft. Raises ``Problem``."""
        checked(case_id)
        async with self.database.begin(caller.scope) as connection:
            case = await self.locked(connection, case_id, caller)
            try:
                draft = await self._done(connection, case, number, caller, act, cited)
            except Refusal as refusal:
                raise problem_of(refusal) from refusal
        return Answer(200, self.shown(draft, case), {"ETag": etag(draft)})

    def shown(self, draft: Draft, case: Case) -> dict[str, Any]:
        """A draft as the API shows it now."""
        return draft_body(draft, case.window_ends_at, self.clock())

    async def locked(self, connection: AsyncConnection, case_id: str, caller: Caller) -> Case:
        """The case that a path names, with its row locked. Raises ``Problem`` 404."""
        found = await cases.load_ids(connection, [case_id])
        if not found or not caller.may_see(found[0].thread.agency):
            raise not_found("case")
        return found[0]

    async def _done(
        self,
        connection: AsyncConnection,
        case: Case,
        number: int | None,
        caller: Caller,
        act: Act,
        cited: Sequence[str],
    ) -> Draft:
        work = UnitOfWork()
        work.fill([case])
        desk = await self.desk(connection, case, number, caller, cited, work)
        draft = act(desk)
        await cases.write(connection, work, desk.now)
        return draft

    async def desk(
        self,
        connection: AsyncConnection,
        case: Case,
        number: int | None,
        caller: Caller,
        cited: Sequence[str],
        work: UnitOfWork,
    ) -> Desk:
        """What an officer has before them, with those consents gone that no longer count. Raises NotYourAuthority."""
        agency, now = case.thread.agency, self.clock()
        policy = self.policies.find(agency)
        if policy is None:
            raise NotYourAuthority("You hold no post in this agency.")
        decider, counting = await powers.decider(connection, policy.policy, caller.subject, case.id, now)
        drafting.recount(case, counting, work)
        draft = case.draft
        if number is not None and (draft is None or draft.number != number):
            draft = await drafts.find(connection, case.id, number)
            if draft is None:
                raise not_found("draft")
        if draft is not None:
            unchanged = is_unchanged_line(draft.text, draft.language, policy.lines, now)
            decider = replace(decider, cleared_line=unchanged)
        names = {*cited, *(name for name, _ in draft.statements)} if draft else {*cited}
        statements = await self.statements.in_force(connection, agency, sorted(names)) if names else {}
        return Desk(case, draft, decider, policy, work, now, statements)


def etag(draft: Draft) -> str:
    """The strong entity tag of a draft: its digest."""
    return f'"{draft.digest}"'
