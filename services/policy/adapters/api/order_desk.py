"""What the routes of orders share: one act on one order in one transaction, with the row of its case held."""

from collections.abc import Callable, Iterable

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.policy import submissions
from services.policy.adapters.api.order_bodies import order_body
from services.policy.adapters.api.refusals import problem_of
from services.policy.adapters.store import cases, orders, powers, recusals
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.adapters.store.work import UnitOfWork
from services.policy.desk import Desk
from services.policy.domain.clearance.approvals import Counting, NotYourAuthority, Refusal
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.deciders import Decider, may_decide
from services.policy.domain.clearance.orders import OnRecord
from services.policy.domain.clearance.submissions import Submission
from services.policy.ordering import OrderDesk
from shared.auth import Caller
from shared.clock import Clock
from shared.database import Database
from shared.idempotency import Answer, claim_of, idempotency_key, once
from shared.problems import not_found

Act = Callable[[OrderDesk], Submission]


class OrderRoom:
    """The database, the policies in force and the clock, as these routes use them."""

    def __init__(self, database: Database, policies: PolicyShelf, clock: Clock) -> None:
        self.database, self.policies, self.clock = database, policies, clock

    async def about_case(self, request: Request, caller: Caller, case_id: str, comment: str, act: Act) -> Response:
        """Do an act about a comment of a case once for an ``Idempotency-Key``. Raises ``Problem``."""
        idempotency_key(request)
        async with self.database.begin(caller.scope) as connection:
            return await self._once(request, caller, connection, case_id, (comment,), act)

    async def about_response(
        self, request: Request, caller: Caller, response: str, act: Callable[[OrderDesk, OnRecord], Submission]
    ) -> Response:
        """The same about a released response."""
        idempotency_key(request)
        async with self.database.begin(caller.scope) as connection:
            known = await orders.response(connection, response)
            if known is None:
                raise not_found("response")
            # Once more with the row of its case held: what became of it stands still from there on.
            await self._locked(connection, caller, known.case, known.comments, "response")
            found = await orders.response(connection, response)
            assert found is not None
            return await self._once(request, caller, connection, known.case, known.comments, lambda at: act(at, found))

    async def about_order(
        self, request: Request, caller: Caller, order: str, act: Callable[[OrderDesk, Submission], Submission]
    ) -> Response:
        """The same with an order."""
        idempotency_key(request)
        async with self.database.begin(caller.scope) as connection:
            case_id = await orders.case_of(connection, order)
            if case_id is None:
                raise not_found("order")
            comments = [each.subject for each in (await orders.of_cases(connection, [case_id]))[case_id]]
            return await self._once(
                request,
                caller,
                connection,
                case_id,
                comments,
                lambda at: act(at, next(each for each in at.orders if each.id == order)),
            )

    async def find(self, caller: Caller, order: str) -> Submission:
        """An order as it stands now. Raises ``Problem`` 404."""
        async with self.database.begin(caller.scope) as connection:
            case_id = await orders.case_of(connection, order)
            if case_id is None:
                raise not_found("order")
            found = (await shown(connection, self.policies, [case_id], self.clock))[case_id]
        return next(each for each in found if each.id == order)

    async def _locked(
        self, connection: AsyncConnection, caller: Caller, case_id: str, comments: Iterable[str], noun: str = "case"
    ) -> Case:
        found = await cases.load_ids(connection, [case_id], comments)
        if not found or not caller.may_see(found[0].thread.agency):
            raise not_found(noun)
        return found[0]

    async def _once(
        self,
        request: Request,
        caller: Caller,
        connection: AsyncConnection,
        case_id: str,
        comments: Iterable[str],
        act: Act,
    ) -> Response:
        case = await self._locked(connection, caller, case_id, comments)
        claim = await claim_of(request, caller.subject, case.thread.agency)

        async def effect() -> Answer:
            work, at = await self._at_hand(connection, case, caller)
            order = act(at)
            await cases.write(connection, work, at.desk.now)
            return Answer(201, order_body(order), {"ETag": f'"{order.digest}"', "Location": f"/v1/orders/{order.id}"})

        try:
            return (await once(connection, claim, effect)).response()
        except Refusal as refusal:
            raise problem_of(refusal) from refusal

    async def _at_hand(self, connection: AsyncConnection, case: Case, caller: Caller) -> tuple[UnitOfWork, OrderDesk]:
        """A case with its orders before an officer; consents whose authority is gone do not count any more."""
        work, now, policy = UnitOfWork(), self.clock(), self.policies.find(case.thread.agency)
        if policy is None:
            raise NotYourAuthority("You hold no post in this agency.")
        decider, counting = await powers.decider(connection, policy.policy, caller.subject, case.id, now)
        work.fill([case])
        work.fill_orders((await orders.of_cases(connection, [case.id]))[case.id])
        for order in work.orders_of(case):
            done = submissions.recount(order, counting)
            if done.acts:
                work.keep_order(done.submission)
            for each in done.acts:
                work.note(each)
        return work, OrderDesk(Desk(case, None, decider, policy, work, now), tuple(work.orders_of(case)))


async def shown(
    connection: AsyncConnection, policies: PolicyShelf, ids: Iterable[str], clock: Clock
) -> dict[str, list[Submission]]:
    """The orders of cases as they stand now: under today's policies, with the consents that count."""
    found = await orders.of_cases(connection, ids)
    every = [each for several in found.values() for each in several]
    current = {each.id: each for each in await _as_of_now(connection, policies, every, clock)}
    for case_id, several in found.items():
        found[case_id] = [current[each.id] for each in several]
    return found


async def waiting_for(connection: AsyncConnection, policies: PolicyShelf, caller: Caller, clock: Clock) -> list[str]:
    """The cases with an order that the caller may take a step of now."""
    now = clock()
    seen = [policy.agency for policy in policies.all() if caller.may_see(policy.agency)]
    found = await orders.still_open(connection, seen)
    current = await _as_of_now(connection, policies, found, clock)
    deciders: dict[str, Decider] = {}
    for agency in {each.agency for each in current}:
        policy = policies.of(agency).policy
        mandates = (await powers.read(connection, policy, now)).of(caller.subject, now)
        given = await powers.given_today(connection, mandates, policy.calendar.time_zone, now)
        deciders[agency] = Decider(caller.subject, mandates, given)
    recused = await recusals.recused_from(connection, [each.case for each in current if each.case])
    return [
        each.case
        for each in current
        if each.case and caller.subject not in recused[each.case] and may_decide(each, deciders[each.agency])
    ]


async def _as_of_now(
    connection: AsyncConnection, policies: PolicyShelf, found: list[Submission], clock: Clock
) -> list[Submission]:
    still_open = {each.case: each.agency for each in found if each.state == "open" and each.case}
    if not still_open:
        return found
    concerned = [policy for policy in policies.all() if policy.agency in still_open.values()]
    counting = await powers.counting(connection, concerned, still_open, clock())
    known = {policy.agency for policy in concerned}
    return [
        each.recounted(counting.get(each.case or "", Counting())).bound(policies.of(each.agency))
        if each.state == "open" and each.agency in known
        else each
        for each in found
    ]
