"""Spam of a text that a person judged before is hidden by the policy alone, and nothing else is."""

from datetime import timedelta
from typing import Any

import pytest

from services.policy.adapters.store import issues
from services.publisher.domain.publications import Nature
from tests.policy.adapters.office import DESK, DESK_2
from tests.policy.adapters.test_orders_carried_out import Town, a_town
from tests.policy.builders import NOW, edited, received
from tests.publisher.builders import PAGE
from tests.publisher.test_putting_right import Wall

pytestmark = pytest.mark.asyncio

SPAM = "Earn money from home, click here, buy now"
QUESTION = "Where do I renew my passport?"
PLACE = {"platform": "facebook", "account": PAGE}


async def judged(town: Town) -> None:
    """A person has found this text to be spam."""
    await town.office.policy.receive(received(SPAM, comment="cmt_judged", thread="900_7", native_id="c7", **PLACE))
    (turn,) = await town.office.policy.rows("SELECT issue FROM turn WHERE comment = 'cmt_judged'")
    async with town.office.policy.database.begin(["passports"]) as connection:
        await issues.judge(connection, turn.issue, "spam", NOW + timedelta(days=90))


async def spammed(town: Town, **about: Any) -> Any:
    """The same comes once more, and everything goes round; the turn that it takes."""
    town.world.wall.standing["c8"] = SPAM
    about = {"comment": "cmt_8", "thread": "900_8", "native_id": "c8", **PLACE, **about}
    await town.office.policy.receive(received(SPAM, **about))
    await town.pass_on()
    return await turn(town)


async def turn(town: Town) -> Any:
    (row,) = await town.office.policy.rows(
        "SELECT case_id, state, decision ->> 'level' AS level, decision ->> 'rules' AS rules FROM turn"
        " WHERE comment = 'cmt_8' ORDER BY revision DESC LIMIT 1"
    )
    return row


async def ordered(town: Town) -> list[Any]:
    return list(await town.office.policy.rows("SELECT * FROM submission ORDER BY written_at"))


async def test_spam_that_a_person_judged_before_is_captured_hidden_and_closed_on_the_policys_authority() -> None:
    async with a_town() as town:
        await judged(town)
        assert await ordered(town) == []
        found = await spammed(town)
        assert (town.world.wall.hidden, found.state) == ({"c8"}, "closed")
        (order,) = await ordered(town)
        assert (order.matter, order.state, order.level, order.author) == ("moderation", "ended", "L0", "parley:policy")
        shown = (await town.office.policy.get(f"/v1/orders/{order.id}")).json()
        assert (shown["action"], shown["captured"]["text"], shown["outcome"]["result"]) == ("hide", SPAM, "done")
        (event,) = await town.office.policy.rows("SELECT payload FROM outbox WHERE type = 'ModerationOrdered'")
        (given,) = event.payload["authorisations"]
        assert (given["kind"], given["officer"], given["level"]) == ("standing", "parley:policy", "L0")
        assert event.payload["reason"].startswith("Rule 6.1 of the policy")
        (task,) = await town.world.rows("SELECT evidence FROM task")
        assert task[0][0]["text"] == SPAM
        acts = await town.office.policy.rows("SELECT actor, action FROM audit WHERE action LIKE 'moderation.%'")
        assert [tuple(each) for each in acts] == [
            ("parley:policy", "moderation.cleared"),
            ("parley:policy", "moderation.done"),
        ]


async def test_what_nobody_judged_waits_for_a_person() -> None:
    async with a_town() as town:
        found = await spammed(town)
        assert (town.world.wall.hidden, await ordered(town)) == (set(), [])
        assert (found.state, found.level) == ("waiting", "L1")


@pytest.mark.parametrize("about", [{"hidden": True}, {"public": False}])
async def test_what_cannot_be_put_out_of_sight_waits_for_a_person(about: dict[str, bool]) -> None:
    async with a_town() as town:
        await judged(town)
        found = await spammed(town, **about)
        assert (town.world.wall.hidden, await ordered(town)) == (set(), [])
        assert (found.state, found.level) == ("waiting", "L1")


async def test_what_the_platform_cannot_hide_waits_for_a_person() -> None:
    async with a_town(Wall(nature=Nature(tasks=frozenset({"delete"})))) as town:
        await judged(town)
        found = await spammed(town)
        assert (found.state, found.level) == ("waiting", "L1")
        (order,) = await ordered(town)
        assert order.outcome["result"] == "not_possible"


async def test_what_a_person_shows_again_is_hidden_by_the_policy_no_more() -> None:
    async with a_town() as town:
        await judged(town)
        found = await spammed(town)
        path = f"/v1/cases/{found.case_id}/moderations"
        await town.order(path, {"comment": "cmt_8", "action": "show"}, DESK_2)
        assert (town.world.wall.hidden, (await turn(town)).state) == (set(), "waiting")
        again = {"comment": "cmt_8", "thread": "900_8", "native_id": "c8", **PLACE}
        await town.office.policy.receive(edited(QUESTION, revision=2, **again))
        await town.office.policy.receive(edited(SPAM, revision=3, **again))
        await town.pass_on()
        found = await turn(town)
        assert (town.world.wall.hidden, found.state, found.level) == (set(), "waiting", "L1")
        assert DESK in {each.author for each in await ordered(town)}
