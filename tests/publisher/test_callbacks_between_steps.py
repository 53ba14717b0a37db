"""Callbacks when something else happens between two steps: an address that changes, two replays at once."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from services.publisher.adapters.store import delivery_settling, redelivering, subscriptions
from services.publisher.callback_ports import Request, Settled
from services.publisher.domain.subscriptions import Breaker, Outcome, Settlement
from shared.database import EVERY_AGENCY
from tests.publisher.builders import NOW
from tests.publisher.telling import Telling, a_routed_case, telling
from tests.support.subscriber import Subscriber

pytestmark = pytest.mark.asyncio(loop_scope="session")

OLD, NEW = "https://old.example/hook", "https://new.example/hook"
SINCE_EVER = {"from": "2020-01-01T00:00:00Z", "to": "2999-01-01T00:00:00Z"}


class Held:
    """A way out that holds the first request until it is let go; then each has its outcome, the last for ever."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.requests: list[Request] = []
        self.arrived, self.let_go = asyncio.Event(), asyncio.Event()

    async def send(self, request: Request) -> Outcome:
        self.requests.append(request)
        self.arrived.set()
        await self.let_go.wait()
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]

    def told(self, url: str) -> list[str]:
        """The types of what went to an address."""
        return [json.loads(one.body)["type"] for one in self.requests if one.url == url]


async def change(work: Telling, known: dict[str, Any], **wanted: Any) -> None:
    headers = {"authorization": "Bearer passports", "if-match": f'"{known["version"]}"'}
    answer = await work.client.put(f"/v1/subscriptions/{known['id']}", json=wanted, headers=headers)
    assert answer.status_code == 200, answer.text


async def test_what_was_under_way_waits_until_the_new_address_has_proved_itself() -> None:
    async with telling() as work:
        known = await work.subscribe(OLD)
        held = Held(Outcome("refused", 500))
        await work.happen(a_routed_case())
        work.start(held)
        await asyncio.wait_for(held.arrived.wait(), 10)
        await change(work, known, url=NEW, verification="post")
        held.let_go.set()
        await work.until("waiting", "exhausted")
        assert set(held.told(NEW)) == {"SubscriptionVerified"}
        assert held.told(OLD) == ["CaseRouted"]


async def test_what_was_lost_on_the_old_address_waits_for_the_new_one_too() -> None:
    async with telling() as work:
        known = await work.subscribe(OLD)
        await work.happen(a_routed_case())
        (lost,) = await work.deliveries.claim(1, {}, 1)
        await change(work, known, url=NEW, verification="post")
        await work.run("UPDATE delivery SET due_at = clock_timestamp() WHERE id = :id", id=lost.delivery)
        assert [one.kind for one in await work.deliveries.claim(10, {}, 10)] == ["verification"]


async def test_gone_from_the_old_address_says_nothing_of_the_new_one() -> None:
    async with telling() as work:
        known = await work.subscribe(OLD)
        held = Held(Outcome("gone", 410), Outcome("accepted", 204))
        await work.happen(a_routed_case())
        work.start(held)
        await asyncio.wait_for(held.arrived.wait(), 10)
        await change(work, known, url=NEW)
        held.let_go.set()
        await work.until("delivered")
        assert held.told(NEW) == ["CaseRouted"]
        assert (await work.read(known["id"]))["status"] == "enabled"


async def test_an_ordered_endpoint_is_not_told_the_newer_while_the_older_is_held_back() -> None:
    async with telling() as work:
        await work.subscribe(OLD, ordered=True)
        await work.happen(a_routed_case())
        # As it is told while the address proves itself, in a transaction that ends after the one that opens it.
        await work.run("UPDATE delivery SET due_at = NULL")
        await work.happen(a_routed_case())
        first, _ = [row.id for row in await work.rows("SELECT id FROM delivery ORDER BY position")]
        assert await work.deliveries.claim(10, {}, 10) == []
        await work.deliveries.look_after()
        assert [one.delivery for one in await work.deliveries.claim(10, {}, 10)] == [first]


async def test_a_replay_goes_on_where_it_ended_and_sends_nothing_a_third_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redelivering, "MOST_AT_ONCE", 2)
    async with telling() as work, Subscriber() as subscriber:
        known = await work.subscribe(subscriber.url)
        work.start()
        await work.happen(*(a_routed_case() for _ in range(5)))
        await work.until(*["delivered"] * 5)
        path, wanted, counted = f"/v1/subscriptions/{known['id']}/redeliveries", SINCE_EVER, []
        for _ in range(4):
            said = (await work.post(path, wanted)).json()
            counted.append(said["redelivered"])
            await work.until(*["delivered"] * 5)
            if not said["more"]:
                break
            wanted = SINCE_EVER | {"cursor": said["next"]}
        assert counted == [2, 2, 1]
        assert sorted(subscriber.ids) == sorted([*set(subscriber.ids)] * 2)


async def test_two_replays_at_once_are_one() -> None:
    async with telling() as work:
        known = await work.subscribe(OLD)
        await work.happen(*(a_routed_case() for _ in range(50)))
        await work.run("UPDATE delivery SET state = 'delivered', due_at = NULL")
        path = f"/v1/subscriptions/{known['id']}/redeliveries"
        answers = await asyncio.gather(*(work.post(path, SINCE_EVER) for _ in range(3)))
        assert sorted(answer.json()["redelivered"] for answer in answers) == [0, 0, 50]


async def test_an_address_that_need_not_prove_itself_any_more_is_not_kept_waiting_by_its_challenge() -> None:
    async with telling() as work:
        known = await work.subscribe(OLD, ordered=True, verification="post")
        await change(work, known, url=OLD, ordered=True)
        await work.happen(a_routed_case())
        assert [one.kind for one in await work.deliveries.claim(10, {}, 10)] == ["event"]
        assert await work.states() == ["cancelled", "sending"]


async def test_a_subscription_is_deleted_while_what_failed_is_written_down_and_neither_is_refused() -> None:
    async with telling() as work:
        known = await work.subscribe(OLD)
        await work.happen(*(a_routed_case() for _ in range(2)))
        claims = await work.deliveries.claim(10, {}, 10)
        failed = [
            Settled(one, Settlement("waiting", 1, timedelta(0)), Outcome("refused", 500), NOW, NOW) for one in claims
        ]
        async with work.database.begin(EVERY_AGENCY) as connection:
            await subscriptions.by_id(connection, known["id"], lock=True)
            settling = asyncio.create_task(delivery_settling.settle(work.database, failed, Breaker()))
            await asyncio.wait([settling], timeout=0.5)
            await subscriptions.delete(connection, known["id"])
        assert await settling == [False, False]
        assert await work.states() == ["cancelled", "cancelled"]
