"""The door for platforms: every answer of the contract, over the whole service with a real database."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.ingest.cut import wire_to
from tests.ingest.support import (
    APP_SECRET,
    PAGE,
    VERIFY_TOKEN,
    Ingest,
    comment_change,
    facebook_headers,
    feed,
    payload,
    running_ingest,
    standard_headers,
)
from tests.support.postgres import fresh_service_database
from tests.support.senders import SENDERS

pytestmark = pytest.mark.asyncio

EMPTY = ("comment", "raw_body", "dead_letter", "comment_revision", "echo")


async def nothing_is_kept(ingest: Ingest) -> bool:
    return [await ingest.count(table) for table in EMPTY] == [0] * len(EMPTY)


async def test_a_signed_comment_is_committed_with_its_event_before_it_is_accepted() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        body = feed(comment_change())
        answer = await ingest.facebook(body)
        assert (answer.status_code, answer.content) == (200, b"")
        ((comment, raw),) = await ingest.rows(
            "SELECT text, body FROM comment JOIN raw_body ON raw_body.id = raw_id WHERE native_id = '77_1'"
        )
        assert (comment, bytes(raw)) == ("When do you open?", body)
        (_, (kind, event)) = await ingest.events()
        assert (kind, event["text"], event["revision"]) == ("CommentReceived", "When do you open?", 1)
        assert (event["thread"], event["agency"]) == ("77_1", "passports")


async def test_second_delivery_of_the_same_comment_changes_nothing() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        await ingest.facebook(feed(comment_change()))
        answer = await ingest.facebook(feed(comment_change(), time=1_795_399_999))
        assert answer.status_code == 200
        assert [await ingest.count(table) for table in ("comment", "raw_body")] == [1, 1]
        assert len(await ingest.events()) == 2


async def test_many_deliveries_at_once_of_one_comment_are_one_comment() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        answers = await asyncio.gather(*(ingest.facebook(feed(comment_change())) for _ in range(30)))
        assert {answer.status_code for answer in answers} == {200}
        assert await ingest.count("comment") == 1


async def test_a_refused_body_leaves_nothing() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        body = feed(comment_change())
        path = f"/webhooks/facebook/{PAGE}"
        refused = [
            (await ingest.http.post(path, content=body), 401),
            (await ingest.http.post(path, content=body, headers=facebook_headers(body, "guess")), 401),
            (await ingest.http.post("/webhooks/facebook/999", content=body, headers=facebook_headers(body)), 404),
            (await ingest.http.post(f"/webhooks/myspace/{PAGE}", content=body, headers=facebook_headers(body)), 404),
            (await ingest.http.post(f"/webhooks/standard/{PAGE}", content=body, headers=facebook_headers(body)), 404),
            (
                await ingest.http.post(
                    path, content=body, headers={**facebook_headers(body), "content-encoding": "gzip"}
                ),
                415,
            ),
        ]
        for answer, status in refused:
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == status
        assert await nothing_is_kept(ingest)


async def test_a_stale_signature_is_refused() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("standard", "clinic")
        body = payload("standard", "new")
        old = standard_headers(body, at=datetime.now(UTC) - timedelta(minutes=6))
        answer = await ingest.http.post("/webhooks/standard/clinic", content=body, headers=old)
        assert answer.status_code == 401
        assert answer.json()["type"].endswith("stale-signature")
        assert await nothing_is_kept(ingest)
        fresh = await ingest.http.post("/webhooks/standard/clinic", content=body, headers=standard_headers(body))
        assert fresh.status_code == 200
        assert await ingest.count("comment") == 1


async def test_a_body_over_the_limit_is_refused_by_its_announced_length() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        body = b"x" * ((1 << 20) + 1)
        answer = await ingest.facebook(body)
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
        assert await nothing_is_kept(ingest)


async def test_a_body_without_announced_length_is_read_only_up_to_the_limit() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        sent = 0

        async def endless() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(100):
                sent += 1 << 17
                yield b"x" * (1 << 17)

        answer = await ingest.http.post(f"/webhooks/facebook/{PAGE}", content=endless())
        assert answer.status_code == 413
        assert sent <= (1 << 20) + (2 << 17)


async def test_an_authentic_but_unreadable_body_is_set_aside_with_its_bytes() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        for body in (b"{broken", b'{"object":"page"}', b"[" * 50_000, b"\xff\xfe\x00"):
            assert (await ingest.facebook(body)).status_code == 200
        rows = await ingest.rows("SELECT source, body, code, agency FROM dead_letter ORDER BY buried_at")
        assert [bytes(row.body) for row in rows] == [b"{broken", b'{"object":"page"}', b"[" * 50_000, b"\xff\xfe\x00"]
        assert {(row.source, row.code, row.agency) for row in rows} == {
            (f"webhook:facebook:{PAGE}", "unreadable", "passports")
        }
        assert await ingest.count("comment") == 0


async def test_a_bad_change_is_set_aside_and_its_neighbour_taken_in() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        bad = comment_change()
        del bad["comment_id"]
        assert (await ingest.facebook(feed(bad, comment_change()))).status_code == 200
        assert [await ingest.count(table) for table in ("comment", "dead_letter")] == [1, 1]


async def test_what_is_not_used_is_counted_and_not_kept() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        before = _unused(await _metrics(ingest))
        assert (await ingest.facebook(payload("facebook", "unknown"))).status_code == 200
        assert _unused(await _metrics(ingest)) == before + 1
        assert await nothing_is_kept(ingest)


async def test_an_entry_for_another_page_goes_there_if_it_shares_the_secret() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        await ingest.connect("facebook", "220000000000002", agency="water-board")
        assert (await ingest.facebook(payload("facebook", "two-pages"))).status_code == 200
        rows = await ingest.rows("SELECT agency, account, native_id FROM comment ORDER BY native_id")
        assert [tuple(row) for row in rows] == [
            ("passports", PAGE, "1_1"),
            ("water-board", "220000000000002", "2_1"),
        ]


@pytest.mark.parametrize("connected", [False, True])
async def test_an_entry_for_a_page_under_another_secret_is_only_counted(connected: bool) -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        if connected:
            other = {"app_secret": "of-another-app", "verify_token": VERIFY_TOKEN}
            await ingest.connect("facebook", "220000000000002", agency="water-board", secrets=other)
        assert (await ingest.facebook(payload("facebook", "two-pages"))).status_code == 200
        rows = await ingest.rows("SELECT native_id FROM comment")
        assert [row.native_id for row in rows] == ["1_1"]


@pytest.mark.parametrize("connected", [False, True])
async def test_one_webhook_of_an_app_brings_a_pages_feed_and_its_messages(connected: bool) -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        if connected:
            await ingest.connect("messenger", PAGE)
        envelope = json.loads(feed(comment_change()))
        envelope["entry"] += json.loads(payload("messenger", "message"))["entry"]
        for _ in range(2):
            assert (await ingest.facebook(json.dumps(envelope).encode())).status_code == 200
        rows = await ingest.rows("SELECT platform, public FROM comment ORDER BY platform")
        told = [("facebook", True), *([("messenger", False)] if connected else [])]
        assert [(row.platform, row.public) for row in rows] == told


async def test_the_handshake_gives_back_the_challenge() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        query = {"hub.mode": "subscribe", "hub.challenge": "42", "hub.verify_token": VERIFY_TOKEN}
        answer = await ingest.http.get(f"/webhooks/facebook/{PAGE}", params=query)
        assert (answer.status_code, answer.text) == (200, "42")
        wrong = await ingest.http.get(f"/webhooks/facebook/{PAGE}", params={**query, "hub.verify_token": "no"})
        assert wrong.status_code == 403
        unknown = await ingest.http.get("/webhooks/facebook/999", params=query)
        assert unknown.status_code == 404
        other = await ingest.http.delete(f"/webhooks/facebook/{PAGE}")
        assert other.status_code == 405


async def test_a_rotated_secret_and_its_predecessor_are_both_good() -> None:
    async with running_ingest() as ingest:
        connected = (await ingest.connect("facebook", PAGE)).json()
        rotated = await ingest.rotate(connected["id"], {"app_secret": "the-next-one", "verify_token": VERIFY_TOKEN})
        assert rotated.status_code == 200
        for number, secret in enumerate(("the-next-one", APP_SECRET)):
            answer = await ingest.facebook(feed(comment_change(f"1_{number}")), secret=secret)
            assert answer.status_code == 200
        assert await ingest.count("comment") == 2


async def test_a_database_that_is_away_is_503_with_retry_after() -> None:
    urls = await fresh_service_database("ingest")
    async with wire_to(urls.working) as (wire, url), running_ingest(url=url) as ingest:
        await ingest.connect("facebook", PAGE)
        wire.cut()
        answers = await asyncio.gather(*(ingest.facebook(feed(comment_change(f"1_{n}"))) for n in range(5)))
        for answer in answers:
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["content-type"] == "application/problem+json"
        wire.join()
        answers = await asyncio.gather(*(ingest.facebook(feed(comment_change(f"1_{n}"))) for n in range(5)))
        assert {answer.status_code for answer in answers} == {200}
        assert await ingest.count("comment") == 5


async def test_before_the_accounts_are_known_nothing_is_told_unknown() -> None:
    url = "postgresql://nobody:nothing@127.0.0.1:1/none"
    async with running_ingest(url=url) as ingest:
        answer = await ingest.facebook(feed(comment_change()))
        assert answer.status_code == 503


async def test_the_trace_of_the_platform_is_carried_on() -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        body = feed(comment_change())
        await ingest.http.post(
            f"/webhooks/facebook/{PAGE}", content=body, headers={**facebook_headers(body), "traceparent": trace}
        )
        ((found,),) = await ingest.rows("SELECT traceparent FROM outbox WHERE type = 'CommentReceived'")
        assert found == trace


async def _metrics(ingest: Ingest) -> str:
    return (await ingest.http.get("/metrics")).text


def _unused(metrics: str) -> float:
    prefix = 'parley_ingest_unused_total{kind="item",platform="facebook"} '
    return next((float(line.removeprefix(prefix)) for line in metrics.splitlines() if line.startswith(prefix)), 0.0)


async def test_only_so_many_large_bodies_are_under_way_at_once() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("mailgun", SENDERS["mailgun"].account)
        route, fields = f"/webhooks/mailgun/{SENDERS['mailgun'].account}", {"content-length": str(35 << 20)}
        arrived, reading = asyncio.Semaphore(0), asyncio.Event()

        async def held() -> AsyncIterator[bytes]:
            arrived.release()
            await reading.wait()
            yield b"x"

        first = [asyncio.create_task(ingest.http.post(route, content=held(), headers=fields)) for _ in range(2)]
        for _ in first:
            await arrived.acquire()
        third = await ingest.http.post(route, content=held(), headers=fields)
        assert (third.status_code, third.headers["content-type"]) == (503, "application/problem+json")
        assert int(third.headers["retry-after"]) > 0
        reading.set()
        assert {answer.status_code for answer in await asyncio.gather(*first)} == {401}
        again = await ingest.http.post(route, content=held(), headers=fields)
        assert again.status_code == 401
