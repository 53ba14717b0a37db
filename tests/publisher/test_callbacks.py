"""Callbacks from an event to a subscriber's door, with a real Postgres and real connections.

What counts is what the subscriber got, not what the publisher believes.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.publisher.callback_ports import Request
from services.publisher.domain.retrying import Schedule
from services.publisher.domain.subscriptions import Outcome
from shared.ids import uuid7
from tests.publisher.telling import LIMITS, QUICK, a_comment, a_published_response, a_routed_case, telling
from tests.support.subscriber import Received, Subscriber, status

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_subscriber_is_told_what_happened_and_can_prove_who_said_it() -> None:
    async with telling() as work, Subscriber() as subscriber:
        known = await work.subscribe(subscriber.url)
        work.start()
        case = a_routed_case()
        await work.happen(case)
        await work.until("delivered")
        (request,) = subscriber.requests
        assert Webhook(known["secret"]).verify(request.body, request.headers) == request.json()
        body = request.json()
        assert set(body) == {"type", "id", "time", "agency", "subject", "sequence", "data"}
        assert (body["type"], body["agency"], body["subject"]) == ("CaseRouted", "passports", case.case)
        assert (body["id"], body["sequence"]) == (request.id, 1)
        assert body["data"]["disposition"] == "answer"
        assert request.headers["content-type"] == "application/json"


async def test_a_changed_body_is_found_out() -> None:
    async with telling() as work, Subscriber() as subscriber:
        known = await work.subscribe(subscriber.url)
        work.start()
        await work.happen(a_routed_case())
        await work.until("delivered")
        (request,) = subscriber.requests
        with pytest.raises(WebhookVerificationError):
            Webhook(known["secret"]).verify(request.body.replace(b"L1", b"L5"), request.headers)


async def test_nobody_is_told_what_a_citizen_wrote_or_who_they_are() -> None:
    async with telling() as work, Subscriber() as subscriber:
        await work.subscribe(subscriber.url)
        work.start()
        await work.happen(a_comment(), a_published_response())
        await work.until("delivered", "delivered")
        said = b"".join(request.body for request in subscriber.requests)
        for secret in (b"Amara", b"citizen-1", b"When do you open", b"9 a.m."):
            assert secret not in said


async def test_another_agencys_business_is_never_told() -> None:
    async with telling() as work, Subscriber() as subscriber:
        await work.subscribe(subscriber.url, "admin")
        work.start()
        await work.happen(a_routed_case(agency="water-board"), a_routed_case())
        await work.until("delivered")
        assert [request.json()["agency"] for request in subscriber.requests] == ["passports"]


async def test_a_subscriber_hears_of_the_types_and_subjects_it_wants() -> None:
    async with telling() as work, Subscriber() as types, Subscriber() as subjects, Subscriber() as all_of_it:
        first, second = a_routed_case(), a_routed_case()
        await work.subscribe(types.url, types=["ResponsePublished"])
        await work.subscribe(subjects.url, subjects=[second.case])
        await work.subscribe(all_of_it.url)
        work.start()
        await work.happen(first, second, a_published_response())
        await work.until(*["delivered"] * 5)
        assert [one.json()["type"] for one in types.requests] == ["ResponsePublished"]
        assert [one.json()["subject"] for one in subjects.requests] == [second.case]
        assert len(all_of_it.requests) == 3
        # One event is one message, whoever is told of it.
        assert set(types.ids) | set(subjects.ids) < set(all_of_it.ids)


async def test_an_event_that_arrives_again_is_told_once() -> None:
    async with telling() as work, Subscriber() as subscriber:
        await work.subscribe(subscriber.url)
        work.start()
        event, known_as = a_routed_case(), uuid7()
        await work.happen(event, ids=[known_as])
        await work.happen(event, ids=[known_as])
        await work.until("delivered")
        assert len(subscriber.requests) == 1


async def test_what_happened_before_a_subscription_is_not_told() -> None:
    async with telling() as work, Subscriber() as subscriber:
        an_hour_ago = int((datetime.now(UTC).timestamp() - 3600) * 1000)
        old = type(uuid7())(int=(an_hour_ago << 80) | (uuid7().int & ((1 << 80) - 1)))
        await work.subscribe(subscriber.url)
        await work.happen(a_routed_case(), ids=[old])
        assert await work.states() == []


async def test_messages_of_a_thread_are_numbered_in_the_order_of_the_events() -> None:
    async with telling() as work, Subscriber() as subscriber:
        await work.subscribe(subscriber.url, ordered=True)
        work.start()
        await work.happen(*(a_routed_case() for _ in range(3)), a_routed_case(thread="900_2"))
        await work.happen(a_routed_case())
        await work.until(*["delivered"] * 5)
        found = [(one.json()["data"]["thread"], one.json()["sequence"]) for one in subscriber.requests]
        assert found == [("900_1", 1), ("900_1", 2), ("900_1", 3), ("900_2", 1), ("900_1", 4)]


@pytest.mark.parametrize("fault", [500, 404, 302, "hang", "trickle", "drop", "babble"])
async def test_what_fails_is_sent_again_under_the_same_id_until_it_arrives(fault: int | str) -> None:
    async with telling() as work, Subscriber() as subscriber:
        subscriber.faults.extend([fault, fault])
        subscriber.headers["location"] = f"http://127.0.0.1:{subscriber.port}/elsewhere"
        known = await work.subscribe(subscriber.url)
        work.start()
        await work.happen(a_routed_case())
        await work.until("delivered")
        assert len(subscriber.requests) == 3
        assert len(set(subscriber.ids)) == 1
        assert {request.path for request in subscriber.requests} == {"/hook"}
        for request in subscriber.requests:
            Webhook(known["secret"]).verify(request.body, request.headers)


async def test_every_attempt_is_logged_with_what_was_answered() -> None:
    async with telling() as work, Subscriber() as subscriber:
        subscriber.faults.extend([500, "drop", 429])
        await work.subscribe(subscriber.url)
        work.start()
        await work.happen(a_routed_case())
        await work.until("delivered")
        ((delivery,),) = await work.rows("SELECT id FROM delivery")
        body = (await work.get(f"/v1/deliveries/{delivery}")).json()
        found = [(one["outcome"], one["status"], one["excerpt"]) for one in body["attempts"]]
        assert found == [
            ("refused", 500, "no thanks"),
            ("broken", None, None),
            ("throttled", 429, "no thanks"),
            ("accepted", 204, None),
        ]
        assert (body["state"], body["failures"]) == ("delivered", 3)


async def test_after_the_last_attempt_a_delivery_is_exhausted() -> None:
    async with telling() as work, Subscriber(always=503) as subscriber:
        await work.subscribe(subscriber.url)
        work.start()
        await work.happen(a_routed_case())
        await work.until("exhausted")
        assert len(subscriber.requests) == len(QUICK.waits)


@pytest.mark.parametrize(("asked", "seconds"), [("20", 20.0), ("1", 5.0), ("999999", 3600.0)])
async def test_a_receiver_may_ask_for_more_time_within_bounds(asked: str, seconds: float) -> None:
    async with telling() as work, Subscriber(always=503) as subscriber:
        subscriber.headers["retry_after"] = asked
        await work.subscribe(subscriber.url)
        work.start(schedule=Schedule())
        await work.happen(a_routed_case())
        await subscriber.until(1)
        await work.until("waiting")
        ((wait,),) = await work.rows("SELECT extract(epoch FROM due_at - settled_at)::float FROM delivery")
        assert wait == pytest.approx(seconds)


async def test_what_cannot_be_opened_is_never_sent_without_its_signature_or_token() -> None:
    async with telling() as work, Subscriber() as subscriber:
        await work.subscribe(subscriber.url, authentication={"bearer": "abc"})
        await work.subscribe(subscriber.url, authentication={"bearer": "abc"})
        first, second = [row.id for row in await work.rows("SELECT id FROM subscription ORDER BY id")]
        await work.run("UPDATE subscription SET sealed = 'x' WHERE id = :id", id=first)
        await work.run("UPDATE signing_key SET sealed = 'x' WHERE subscription = :id", id=second)
        work.start()
        await work.happen(a_routed_case())
        await work.until("exhausted", "exhausted")
        assert subscriber.requests == []


async def test_a_flood_is_read_no_further_than_needed_and_counts_as_taken() -> None:
    async with telling() as work, Subscriber(always="flood") as subscriber:
        await work.subscribe(subscriber.url)
        work.start()
        await work.happen(a_routed_case())
        await work.until("delivered")
        await asyncio.sleep(0.1)
        # What the sockets between us hold may have been written; nothing like what was announced.
        assert subscriber.written < 20_000_000
        ((kept,),) = await work.rows("SELECT octet_length(excerpt) FROM delivery_attempt")
        assert kept == 8 * 1024


async def test_gone_disables_the_subscription_at_once_and_keeps_what_waits() -> None:
    async with telling() as work, Subscriber(always=410) as subscriber:
        known = await work.subscribe(subscriber.url)
        await work.happen(a_routed_case(), a_routed_case())
        work.start(limits=replace(LIMITS, each=1))
        await work.until("disabled", "disabled")
        assert len(subscriber.requests) == 1
        await work.happen(a_routed_case())
        assert await work.states() == ["disabled"] * 3
        body = await work.read(known["id"])
        assert (body["status"], body["disabled_reason"]) == ("disabled", "gone")
        assert [one["kind"] for one in body["notices"]] == ["disabled"]
        assert ("subscription.disabled",) in await work.rows("SELECT action FROM audit")


async def test_what_a_disabled_endpoint_missed_is_replayed_under_the_same_ids() -> None:
    async with telling() as work, Subscriber() as subscriber:
        known = await work.subscribe(subscriber.url)
        work.start()
        subscriber.faults.append(410)
        await work.happen(a_routed_case())
        await work.until("disabled")
        await work.happen(a_routed_case())
        path = f"/v1/subscriptions/{known['id']}"
        since = {"failed_since": "2020-01-01T00:00:00Z"}
        assert (await work.post(f"{path}/redeliveries", since)).status_code == 409
        assert (await work.post(f"{path}/enable")).json()["status"] == "enabled"
        answer = await work.post(f"{path}/redeliveries", since)
        assert (answer.status_code, answer.json()) == (202, {"redelivered": 2, "more": False, "next": None})
        await work.until("delivered", "delivered")
        assert len(subscriber.requests) == 3
        assert len(set(subscriber.ids)) == 2


async def test_a_replay_can_name_deliveries_or_a_span_of_time() -> None:
    async with telling() as work, Subscriber() as subscriber:
        known = await work.subscribe(subscriber.url)
        work.start()
        await work.happen(a_routed_case(), a_routed_case())
        await work.until("delivered", "delivered")
        first, second = sorted(set(subscriber.ids), key=subscriber.ids.index)
        ((delivery,),) = await work.rows("SELECT id FROM delivery WHERE message = :id", id=first)
        path = f"/v1/subscriptions/{known['id']}/redeliveries"
        assert (await work.post(path, {"ids": [delivery]})).json()["redelivered"] == 1
        await subscriber.until(3)
        assert (await work.post(path, {"ids": [second]})).json()["redelivered"] == 1
        await subscriber.until(4)
        assert subscriber.ids[2:] == [first, second]
        await work.until("delivered", "delivered")
        span = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}
        assert (await work.post(path, span)).json()["redelivered"] == 0
        assert (await work.post(path, span | {"to": "2999-01-01T00:00:00Z"})).json()["redelivered"] == 2
        await subscriber.until(6)


async def test_an_ordered_endpoint_gets_one_at_a_time_and_the_oldest_first() -> None:
    async with telling() as work, Subscriber() as subscriber:
        subscriber.faults.extend([500, 500])
        await work.subscribe(subscriber.url, ordered=True)
        await work.happen(*(a_routed_case() for _ in range(4)))
        work.start()
        await work.until(*["delivered"] * 4)
        ids = [row.message for row in await work.rows("SELECT message FROM delivery ORDER BY position")]
        assert subscriber.ids == [ids[0], ids[0], *ids]


async def test_a_dead_subscriber_with_a_large_backlog_does_not_slow_the_others() -> None:
    async with telling() as work, Subscriber(always="hang") as dead, Subscriber() as well:
        known = await work.subscribe(dead.url, types=["CaseRouted"])
        await work.happen(*(a_routed_case() for _ in range(2000)))
        await work.subscribe(well.url, types=["ResponsePublished"])
        limits = replace(LIMITS, most=20, each=8)
        work.start(limits=limits)
        await dead.until(limits.each)
        for _ in range(10):
            await work.happen(*(a_published_response() for _ in range(20)))
        await well.until(200)
        # While two hundred were told elsewhere the dead one was tried as often as there was room once, and then one
        # at a time.
        assert len(dead.requests) <= limits.each + 10
        left = "SELECT count(*) FROM delivery WHERE subscription = :id AND state IN ('waiting', 'sending')"
        assert await work.rows(left, id=known["id"]) == [(2000,)]


async def test_two_publishers_side_by_side_tell_everything_once() -> None:
    async with telling() as work, Subscriber() as subscriber:
        await work.subscribe(subscriber.url)
        await work.happen(*(a_routed_case() for _ in range(300)))
        work.start()
        work.start()
        await work.until(*["delivered"] * 300)
        assert sorted(subscriber.ids) == sorted({*subscriber.ids})
        assert len(subscriber.ids) == 300


class Killed:
    """A way out whose process dies after the request has arrived."""

    def __init__(self, post: object) -> None:
        self._post = post
        self.sent = asyncio.Event()

    async def send(self, request: Request) -> Outcome:
        await self._post.send(request)  # type: ignore[attr-defined]
        self.sent.set()
        await asyncio.sleep(3600)
        raise AssertionError("nobody waits so long")


async def test_a_publisher_killed_between_send_and_settle_sends_again_under_the_same_id() -> None:
    async with telling() as work, Subscriber() as subscriber:
        await work.subscribe(subscriber.url)
        await work.happen(a_routed_case())
        killed = Killed(work.guarded)
        work.start(killed)
        await asyncio.wait_for(killed.sent.wait(), 5)
        for loop in work.loops:
            loop.cancel()
        await work.stop()
        assert await work.states() == ["sending"]
        await work.run("UPDATE delivery SET due_at = clock_timestamp()")
        work.start()
        await work.until("delivered")
        assert len(subscriber.requests) == 2
        assert len(set(subscriber.ids)) == 1
        logged = await work.rows("SELECT outcome FROM delivery_attempt ORDER BY started_at")
        assert logged == [("lost",), ("accepted",)]


async def test_keys_rotated_between_attempts_both_sign_from_then_on() -> None:
    async with telling() as work, Subscriber() as subscriber:
        subscriber.faults.append(500)
        known = await work.subscribe(subscriber.url)
        await work.happen(a_routed_case())
        work.start(schedule=replace(QUICK, waits=(0.0, 1.0)))
        await subscriber.until(1)
        answer = await work.post(f"/v1/subscriptions/{known['id']}/secrets", {})
        assert answer.status_code == 201
        await work.until("delivered")
        before, after = subscriber.requests
        Webhook(known["secret"]).verify(before.body, before.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(answer.json()["secret"]).verify(before.body, before.headers)
        for secret in (known["secret"], answer.json()["secret"]):
            Webhook(secret).verify(after.body, after.headers)
        assert len(after.headers["webhook-signature"].split(" ")) == 2


async def test_an_address_is_told_nothing_before_it_echoes_its_challenge() -> None:
    def echo(request: Received) -> bytes:
        if request.json()["type"] == "SubscriptionVerified":
            return status(200, b'{"challenge": "%b"}' % request.json()["data"]["challenge"].encode())
        return status(204)

    async with telling() as work, Subscriber() as subscriber:
        known = await work.subscribe(subscriber.url, verification="post")
        assert known["status"] == "unverified"
        await work.happen(a_routed_case())
        work.start()
        await subscriber.until(2)
        assert {request.json()["type"] for request in subscriber.requests} == {"SubscriptionVerified"}
        subscriber.answer = echo
        await work.until("delivered", "delivered")
        assert subscriber.requests[-1].json()["type"] == "CaseRouted"
        assert (await work.read(known["id"]))["status"] == "enabled"


async def test_a_challenge_may_come_as_a_query() -> None:
    async with telling() as work, Subscriber() as subscriber:
        subscriber.answer = lambda request: status(200, request.query.get("challenge", "").encode())
        known = await work.subscribe(subscriber.url + "?for=passports", verification="get")
        work.start()
        await work.until("delivered")
        assert (await work.read(known["id"]))["status"] == "enabled"
        (request,) = subscriber.requests
        assert (request.method, request.query["for"], request.body) == ("GET", "passports", b"")


async def test_a_test_event_reaches_a_disabled_endpoint_too() -> None:
    async with telling() as work, Subscriber() as subscriber:
        known = await work.subscribe(subscriber.url)
        await work.run("UPDATE subscription SET status = 'disabled', disabled_reason = 'failing'")
        work.start()
        answer = await work.post(f"/v1/subscriptions/{known['id']}/test")
        assert answer.status_code == 202
        await work.until("delivered")
        assert subscriber.requests[0].json()["type"] == "SubscriptionTested"
        assert (await work.get(answer.headers["location"])).json()["state"] == "delivered"


async def test_a_comments_own_callback_hears_of_its_reply_with_the_text_and_no_other() -> None:
    async with telling() as work, Subscriber() as client:
        secret = (await work.post("/v1/callback-secrets", {"agency": "passports"})).json()["secret"]
        work.start()
        await work.happen(a_comment(callback=client.url), a_comment(comment="cmt_2"))
        published = a_published_response(comments=("cmt_1", "cmt_2"))
        await work.happen(published)
        await work.until("delivered")
        (request,) = client.requests
        Webhook(secret).verify(request.body, request.headers)
        data = request.json()["data"]
        assert (data["comment"], data["text"], data["response"]) == ("cmt_1", published.text, published.response)
        assert "comments" not in data


async def test_a_comments_callback_is_not_used_for_another_agencys_reply() -> None:
    async with telling() as work, Subscriber() as client:
        await work.happen(a_comment(callback=client.url))
        await work.happen(a_published_response(agency="water-board"))
        assert await work.states() == []


async def test_a_gone_callback_cancels_its_own_delivery_only() -> None:
    async with telling() as work, Subscriber(always=410) as gone, Subscriber() as there:
        work.start()
        await work.happen(a_comment(callback=gone.url), a_comment(comment="cmt_2", callback=there.url))
        await work.happen(a_published_response(), a_published_response(comments=("cmt_2",)))
        await work.until("cancelled", "delivered")
