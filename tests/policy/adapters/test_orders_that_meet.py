"""Orders that meet each other, or the end of what they are about, over the databases of policy and the publisher."""

from typing import Any

import pytest

from services.publisher.domain.outcomes import Effect, Outcome, Refused
from services.publisher.domain.publications import Nature, Publication
from services.publisher.ports import Credentials
from tests.policy.adapters.office import DESK, DESK_2
from tests.policy.adapters.test_orders_carried_out import Town, a_town, answered, said
from tests.publisher.test_putting_right import EVERYTHING, Wall

pytestmark = pytest.mark.asyncio

NINE, TEN = "We open at 9:00.", "We open at 10:00."


class Refusing(Wall):
    """A wall that does not take the first wording."""

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        if publication.text == "We open at 8:30.":
            return Refused("no_permission", "not yours")
        return await super().send(publication, credentials)


async def asked_for(town: Town, response: str, words: str) -> dict[str, Any]:
    """A correction that waits for its approval."""
    body = {"reason": "It says so.", "text": words}
    return dict((await town.office.policy.post(f"/v1/responses/{response}/corrections", body, DESK)).json())


async def cleared(town: Town, order: dict[str, Any]) -> str:
    """The same approved, of which the publisher has not heard yet; its id."""
    path = f"/v1/orders/{order['id']}/approvals"
    approved = await town.office.policy.post(path, {"digest": order["digest"]}, DESK_2)
    assert approved.json()["state"] == "cleared"
    return str(order["id"])


async def taken_back(town: Town, response: str) -> None:
    """Take the response back with whatever corrects it: nothing of it stands then, and the citizen waits."""
    retraction = await town.order(f"/v1/responses/{response}/retractions", {}, DESK)
    await town.pass_on()
    assert said(town) == []
    assert (await town.case())["state"] == "open"
    assert (await town.outcome(retraction))["result"] == "done"


async def test_a_correction_cleared_before_the_failure_is_known_answers_once() -> None:
    async with a_town(Refusing()) as town:
        response = await answered(town, sent=False)
        order = await asked_for(town, response, NINE)
        await town.send_out()
        await cleared(town, order)
        await town.pass_on()
        assert (said(town), (await town.case())["state"]) == ([NINE], "answered")
        await taken_back(town, response)


async def test_of_two_corrections_of_what_had_not_gone_out_the_later_one_answers() -> None:
    async with a_town() as town:
        response = await answered(town, sent=False)
        first = await cleared(town, await asked_for(town, response, NINE))
        last = await cleared(town, await asked_for(town, response, TEN))
        await town.pass_on()
        assert (said(town), (await town.case())["state"]) == ([TEN], "answered")
        assert await town.outcome(first) == {"result": "failed", "reason": "retracted"}
        assert (await town.outcome(last))["result"] == "done"
        await taken_back(town, response)


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize(
    ("tasks", "effects"), [(EVERYTHING, [Refused("not_permitted", "too old")]), (EVERYTHING - {"edit"}, [])]
)
async def test_a_correction_does_not_outlive_what_is_taken_back_with_it(
    tasks: frozenset[Any], effects: list[Effect], sent: bool
) -> None:
    wall = Wall(nature=Nature(can_look=True, absence_proves=True, tasks=tasks), effects=effects if sent else [])
    async with a_town(wall) as town:
        response = await answered(town, sent=sent)
        correction = await cleared(town, await asked_for(town, response, NINE))
        await taken_back(town, response)
        assert (await town.outcome(correction))["result"] == "failed"
