"""What the routes about authority share: whose powers are looked at, and one transaction for each act."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn

from fastapi import Query, Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.policy.adapters import succession
from services.policy.adapters.api.agencies import AUDITORS_SCOPE
from services.policy.adapters.api.refusals import problem_of
from services.policy.adapters.store import powers
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.authority.grants import Place
from services.policy.domain.authority.powers import Powers
from services.policy.domain.clearance.approvals import Refusal
from services.policy.domain.policies import Policy
from services.policy.ports import Act
from shared.auth import Caller
from shared.clock import Clock
from shared.database import Database
from shared.idempotency import Answer, claim_of, idempotency_key, once
from shared.problems import Problem, not_found

AgencyName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
AgencyQuery = Annotated[str | None, Query(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
PersonQuery = Annotated[str | None, Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
EARLIEST, LATEST = 2000, 2200
"""Years between which a moment can be asked for: beyond them no calendar and no table reckons safely."""


def _in_utc(moment: datetime) -> datetime:
    if not EARLIEST <= moment.year < LATEST:
        raise ValueError(f"it lies outside the years {EARLIEST} to {LATEST}")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, Field(strict=False), AfterValidator(_in_utc)]
"""An aware moment, in UTC."""

REFUSED = {
    403: {"description": "`not-your-authority`: it is not yours to give, take back or end; or `not-your-agency`"},
    422: {"description": "`grant-refused`, or invalid input: `errors` name each field by `pointer`, with the `reason`"},
}
TAKEN_BACK = {
    403: {"description": "`not-your-authority`: it is neither yours nor of somebody below you"},
    409: {"description": "`over-already`: it stands no longer, for another cause"},
}


class Strict(BaseModel):
    """What is posted is closed and strict."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=True)


class ReasonIn(Strict):
    """Why."""

    reason: str = Field(min_length=1, max_length=2000, pattern=r"\S")


class AuthorityDesk:
    """The database, the policies in force and the clock, as these routes use them."""

    def __init__(self, database: Database, policies: PolicyShelf, clock: Clock) -> None:
        self.database, self.policies, self.clock = database, policies, clock

    def policy(self, caller: Caller, agency: str) -> Policy:
        """The policy of an agency that the caller speaks for. Raises ``Problem`` 403."""
        found = self.policies.find(agency) if caller.may_see(agency) else None
        if found is None:
            raise Problem(403, "not-your-agency", "The token does not speak for this agency")
        return found.policy

    async def place(self, connection: AsyncConnection, policy: Policy, now: datetime) -> Place:
        """Where a grant is made; what it may rest on is held until the transaction ends."""
        found = await powers.read(connection, policy, now, "in share")
        return Place(policy.agency, found, {topic.id for topic in policy.topics}, now)

    async def once(
        self, request: Request, caller: Caller, agency: str, effect: Callable[[AsyncConnection], Awaitable[Answer]]
    ) -> Response:
        """One act in one transaction, once for each idempotency key; a refusal answers as its problem."""
        idempotency_key(request)
        claim = await claim_of(request, caller.subject, agency)
        async with self.database.begin(caller.scope) as connection:
            try:
                answer = await once(connection, claim, lambda: effect(connection))
            except Refusal as refusal:
                raise problem_of(refusal) from refusal
        return answer.response()

    async def in_sight(
        self, connection: AsyncConnection, caller: Caller, agency: str | None, now: datetime
    ) -> dict[str, Powers]:
        """The powers of those agencies that the caller may look into: of the auditor's all, else where they have a
        mandate themselves."""
        seen = [each for each in self.policies.all() if caller.may_see(each.agency) and agency in (None, each.agency)]
        found = await powers.read_all(connection, seen, now)
        if AUDITORS_SCOPE in caller.scopes:
            return found
        return {agency: each for agency, each in found.items() if each.of(caller.subject, now)}


async def record(connection: AsyncConnection, now: datetime, *acts: Act) -> None:
    """Put acts on the audit trail."""
    await succession.record(connection, acts, now)


def checked(id_: str, prefix: str, what: str) -> None:
    """Refuse, as unknown, what cannot be such an id. Raises ``Problem`` 404."""
    if not (id_.startswith(prefix) and id_.isascii() and id_[len(prefix) :].isalnum()):
        raise not_found(what)


def auditors_only() -> NoReturn:
    """403: what others may decide is for auditors."""
    detail = f"A token with the scope {AUDITORS_SCOPE} is needed to look at others."
    raise Problem(403, "insufficient-scope", "The token does not allow this", detail=detail)


def responses(*declared: dict[int, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    """What a route answers besides, for its OpenAPI description."""
    return {status: said for each in declared for status, said in each.items()}
