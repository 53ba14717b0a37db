"""Subscriptions over HTTP: what may be written, what is shown once or never, and to whom; with a real Postgres."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from services.publisher.adapters.store import endpoint_care
from services.publisher.domain.subscriptions import Patience
from shared import audit
from shared.database import EVERY_AGENCY
from tests.publisher.builders import NOW
from tests.publisher.telling import Telling, a_comment, a_published_response, a_routed_case, telling
from tests.support.authority import Authority
from tests.support.subscriber import Subscriber

pytestmark = pytest.mark.asyncio(loop_scope="session")

URL = "https://subscriber.example/hook"
TABLES = ("subscription", "signing_key", "message", "message_sequence", "delivery", "delivery_attempt")


async def put(
    work: Telling, path: str, body: dict[str, Any], match: str | None, caller: str = "passports"
) -> httpx.Response:
    headers = {"authorization": f"Bearer {caller}"} | ({} if match is None else {"if-match": match})
    return await work.client.put(path, json=body, headers=headers)


async def delete(work: Telling, path: str, caller: str = "passports") -> httpx.Response:
    return await work.client.delete(path, headers={"authorization": f"Bearer {caller}"})


async def test_a_secret_is_shown_once_and_lies_sealed() -> None:
    async with telling() as work:
        key = uuid4().hex
        wanted = {
            "agency": "passports",
            "url": URL,
            "authentication": {"bearer": "open-sesame"},
            "headers": {"X-Key": "k-77"},
        }
        first = await work.post("/v1/subscriptions", wanted, key=key)
        again = await work.post("/v1/subscriptions", wanted, key=key)
        secret = first.json()["secret"]
        assert secret.startswith("whsec_")
        assert (again.status_code, again.json()["id"], again.json()["secret"]) == (201, first.json()["id"], None)
        body = await work.read(first.json()["id"])
        assert (body["authentication"], body["headers"]) == ("bearer", ["X-Key"])
        listed = (await work.get("/v1/subscriptions")).text
        stored = str(await work.rows("SELECT s::text FROM subscription s UNION ALL SELECT k::text FROM signing_key k"))
        stored += str(await work.rows("SELECT body FROM idempotency_key"))
        stored += str(await work.rows("SELECT details FROM audit"))
        for hidden in (secret, secret[6:], "open-sesame", "k-77"):
            assert hidden not in str(body) + listed + stored + again.text


async def test_a_public_key_may_be_read_at_any_time_and_its_private_half_never() -> None:
    async with telling() as work:
        known = await work.subscribe(URL, signature="both")
        assert known["public_key"].startswith("whpk_")
        keys = (await work.read(known["id"]))["keys"]
        assert {key["algorithm"]: key["public_key"] for key in keys} == {
            "hmac-sha256": None,
            "ed25519": known["public_key"],
        }
        assert "whsk_" not in str(known)


async def test_of_many_rotations_five_old_secrets_sign_on_for_a_day() -> None:
    async with telling() as work:
        known = await work.subscribe(URL)
        secrets = [known["secret"]]
        for _ in range(7):
            secrets.append((await work.post(f"/v1/subscriptions/{known['id']}/secrets", {})).json()["secret"])
        keys = (await work.read(known["id"]))["keys"]
        assert len(set(secrets)) == 8
        assert [key["expires_at"] is None for key in keys] == [True, *[False] * 5]
        lives = await work.rows(
            "SELECT expires_at - clock_timestamp() AS left FROM signing_key WHERE expires_at > clock_timestamp()"
        )
        assert all(timedelta(hours=23, minutes=59) < row.left <= timedelta(hours=24) for row in lives)


async def test_a_subscription_is_written_from_the_version_that_was_read() -> None:
    async with telling() as work:
        known = await work.subscribe(URL, headers={"X-Key": "1"}, authentication={"bearer": "b"})
        path = f"/v1/subscriptions/{known['id']}"
        assert (await put(work, path, {"url": URL}, None)).status_code == 428
        assert (await put(work, path, {"url": URL}, '"7"')).status_code == 412
        changed = await put(work, path, {"url": URL + "2", "types": ["CaseClosed"], "headers": None}, '"1"')
        assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
        body = changed.json()
        assert (body["url"], body["types"], body["headers"], body["authentication"]) == (
            URL + "2",
            ["CaseClosed"],
            [],
            "bearer",
        )
        assert (await put(work, path, {"url": URL}, '"1"')).status_code == 412


async def test_what_opened_one_host_is_not_sent_to_another_unless_it_is_named_again() -> None:
    async with telling() as work:
        known = await work.subscribe(URL, headers={"X-Key": "1"}, authentication={"bearer": "b"})
        path, there = f"/v1/subscriptions/{known['id']}", "https://collector.example/hook"
        for kept in ({}, {"headers": None}, {"authentication": None}):
            refused = await put(work, path, {"url": there, **kept}, '"1"')
            assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/url")
        taken = await put(work, path, {"url": there, "headers": None, "authentication": {"bearer": "c"}}, '"1"')
        assert (taken.status_code, taken.json()["headers"], taken.json()["authentication"]) == (200, [], "bearer")


async def test_what_can_no_longer_be_opened_is_named_anew_or_taken_away() -> None:
    async with telling() as work:
        known = await work.subscribe(URL, headers={"X-Key": "1"}, authentication={"bearer": "b"})
        await work.run("UPDATE subscription SET sealed = 'sealed with a key that is lost'")
        path = f"/v1/subscriptions/{known['id']}"
        refused = await put(work, path, {"url": URL, "headers": None}, '"1"')
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (409, "credentials-unreadable")
        taken = await put(work, path, {"url": URL, "headers": None, "authentication": {"bearer": "c"}}, '"1"')
        assert (taken.status_code, taken.json()["authentication"]) == (200, "bearer")


async def test_an_address_leaves_room_for_the_challenge_that_comes_with_it() -> None:
    async with telling() as work:
        for length, verification, status in ((2048, "post", 201), (2048, "get", 422), (1900, "get", 201)):
            wanted = {"agency": "passports", "url": URL.ljust(length, "x"), "verification": verification}
            assert (await work.post("/v1/subscriptions", wanted)).status_code == status


async def test_a_new_address_is_challenged_before_it_is_told_anything() -> None:
    async with telling() as work:
        known = await work.subscribe(URL)
        path = f"/v1/subscriptions/{known['id']}"
        body = {"url": "https://elsewhere.example/", "verification": "post"}
        assert (await put(work, path, body, '"1"')).json()["status"] == "unverified"
        assert [row.kind for row in await work.rows("SELECT kind FROM delivery")] == ["verification"]


async def test_a_new_address_begins_without_the_failures_of_the_old_one() -> None:
    async with telling() as work:
        known = await work.subscribe(URL)
        await work.run("UPDATE subscription SET failures = 9, failing_since = created_at, last_failed_at = created_at")
        path = f"/v1/subscriptions/{known['id']}"
        assert (await put(work, path, {"url": URL}, '"1"')).json()["failures"] == 9
        assert (await put(work, path, {"url": "https://elsewhere.example/"}, '"2"')).json()["failing_since"] is None


async def test_a_deleted_subscription_cancels_what_waits_and_is_not_there() -> None:
    async with telling() as work:
        known = await work.subscribe(URL)
        await work.happen(a_routed_case())
        path = f"/v1/subscriptions/{known['id']}"
        assert (await delete(work, path)).status_code == 204
        assert await work.states() == ["cancelled"]
        for answer in (await work.get(path), await delete(work, path)):
            assert answer.status_code == 404
        assert (await work.get("/v1/subscriptions")).json()["items"] == []
        await work.happen(a_routed_case())
        assert await work.states() == ["cancelled"]
        assert await work.rows("SELECT 1 FROM signing_key") == []


async def test_what_belongs_to_another_agency_is_not_there() -> None:
    async with telling() as work:
        known = await work.subscribe(URL)
        await work.happen(a_routed_case())
        ((delivery,),) = await work.rows("SELECT id FROM delivery")
        path = f"/v1/subscriptions/{known['id']}"
        for address in (path, f"{path}/deliveries", f"/v1/deliveries/{delivery}"):
            assert (await work.get(address)).status_code == 200
            assert (await work.get(address, "water")).status_code == 404
        for room in ("secrets", "enable", "test"):
            assert (await work.post(f"{path}/{room}", {}, "water")).status_code == 404
        assert (await work.post(f"{path}/redeliveries", {"ids": [delivery]}, "water")).status_code == 404
        assert (await put(work, path, {"url": URL}, '"1"', "water")).status_code == 404
        assert (await delete(work, path, "water")).status_code == 404
        assert (await work.get("/v1/subscriptions", "water")).json()["items"] == []
        refused = await work.post("/v1/subscriptions", {"agency": "passports", "url": URL}, "water")
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:parley:problem:not-your-agency")


async def test_rows_of_another_agency_are_not_there_even_for_a_query_that_forgets_to_ask() -> None:
    async with telling() as work, Subscriber() as subscriber:
        await work.subscribe(subscriber.url)
        work.start()
        await work.happen(a_routed_case(), a_comment(callback=subscriber.url))
        await work.until("delivered", "delivered")
        for table in (*TABLES, "comment_callback"):
            for scope, is_there in (("passports", True), ("water-board", False), (EVERY_AGENCY, True)):
                async with work.database.begin(scope) as connection:
                    found = (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
                assert (found > 0) is is_there, (table, scope)


async def test_reading_takes_one_right_and_writing_another() -> None:
    async with telling() as work:
        known = await work.subscribe(URL)
        assert (await work.get(f"/v1/subscriptions/{known['id']}", "reader")).status_code == 200
        assert (await work.post(f"/v1/subscriptions/{known['id']}/test", {}, "reader")).status_code == 403
        assert (await work.client.get("/v1/subscriptions")).status_code == 401


@pytest.mark.parametrize(
    "wanted",
    [
        {"url": "https://127.0.0.2:99999/"},
        {"url": "https://169.254.169.254/"},
        {"url": "https://user:pass@subscriber.example/"},
        {"url": "ftp://subscriber.example/"},
        {"url": "https://[fd00:ec2::254]/"},
        {"types": ["SomethingElse"]},
        {"headers": {"Authorization": "x"}},
        {"headers": {"webhook-id": "x"}},
        {"headers": {"X-Key": "a\r\nb: c"}},
        {"headers": {"X-K\u00e9y": "a"}},
        {"headers": {"X-Key": "\u0d9a"}},
        {"headers": {"X-Key": "1", "x-key": "2"}},
        {"headers": {f"X-{n}": "1" for n in range(11)}},
        {"authentication": {}},
        {"authentication": {"bearer": "a b"}},
        {"authentication": {"bearer": "a", "certificate": "b", "private_key": "c"}},
        {"authentication": {"certificate": "b"}},
        {"authentication": {"certificate": "no pem", "private_key": "no pem"}},
        {"signature": "rot13"},
        {"verification": "maybe"},
        {"subjects": [""]},
        {"agency": "*"},
        {"extra": 1},
    ],
)
async def test_what_cannot_be_used_is_refused_and_not_repeated(wanted: dict[str, Any]) -> None:
    async with telling() as work:
        answer = await work.post("/v1/subscriptions", {"agency": "passports", "url": URL} | wanted, "admin")
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
        assert answer.json()["errors"][0]["pointer"]
        assert await work.rows("SELECT 1 FROM subscription") == []


async def test_a_client_certificate_is_taken_with_its_own_key_only() -> None:
    authority = Authority()
    (certificate, key), (_, other) = authority.pair("parley"), authority.pair("other")
    async with telling() as work:
        wanted = {"agency": "passports", "url": URL}
        right = {"authentication": {"certificate": certificate, "private_key": key}}
        wrong = {"authentication": {"certificate": certificate, "private_key": other}}
        assert (await work.post("/v1/subscriptions", wanted | wrong)).status_code == 422
        answer = await work.post("/v1/subscriptions", wanted | right)
        assert (answer.status_code, answer.json()["authentication"]) == (201, "client_certificate")
        assert "PRIVATE KEY" not in answer.text


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"ids": []},
        {"ids": ["a"], "failed_since": "2026-01-01T00:00:00Z"},
        {"from": "2026-01-01T00:00:00Z"},
        {"from": "2026-01-01", "to": "2026-01-02"},
        {"failed_since": "2026-01-01T00:00:00"},
    ],
)
async def test_a_replay_says_what_and_no_two_things(wanted: dict[str, Any]) -> None:
    async with telling() as work:
        known = await work.subscribe(URL)
        assert (await work.post(f"/v1/subscriptions/{known['id']}/redeliveries", wanted)).status_code == 422


async def test_a_replay_reaches_no_delivery_of_another_subscription() -> None:
    async with telling() as work:
        known, other = await work.subscribe(URL), await work.subscribe(URL)
        await work.happen(a_routed_case())
        await work.run("UPDATE delivery SET state = 'exhausted', due_at = NULL")
        ((delivery,),) = await work.rows("SELECT id FROM delivery WHERE subscription = :id", id=other["id"])
        answer = await work.post(f"/v1/subscriptions/{known['id']}/redeliveries", {"ids": [delivery]})
        assert answer.json()["redelivered"] == 0


async def test_posts_need_an_idempotency_key_and_have_their_effect_once() -> None:
    async with telling() as work:
        known = await work.subscribe(URL)
        path = f"/v1/subscriptions/{known['id']}/test"
        bare = await work.client.post(path, headers={"authorization": "Bearer passports"})
        assert bare.status_code == 400
        first, again = await work.post(path, key="k"), await work.post(path, key="k")
        assert first.json() == again.json()
        assert len(await work.states()) == 1


async def test_deliveries_are_listed_newest_first_in_pages() -> None:
    async with telling() as work:
        known = await work.subscribe(URL)
        cases = [a_routed_case() for _ in range(5)]
        await work.happen(*cases)
        found, address = [], f"/v1/subscriptions/{known['id']}/deliveries?limit=2"
        for _ in range(3):
            answer = await work.get(address)
            found += [one["subject"] for one in answer.json()["items"]]
            address = answer.links.get("next", {}).get("url", "")
        assert found == [case.case for case in reversed(cases)]
        assert address == ""
        none = await work.get(f"/v1/subscriptions/{known['id']}/deliveries?state=delivered")
        assert none.json() == {"items": [], "next": None}


async def test_subscriptions_are_listed_in_pages() -> None:
    async with telling() as work:
        made = [(await work.subscribe(URL))["id"] for _ in range(3)]
        first = (await work.get("/v1/subscriptions?limit=2")).json()
        second = (await work.get(f"/v1/subscriptions?limit=2&cursor={first['next']}")).json()
        assert [one["id"] for one in first["items"] + second["items"]] == made
        assert second["next"] is None


async def test_an_endpoint_that_only_fails_is_warned_of_and_then_disabled() -> None:
    async with telling() as work:
        known = await work.subscribe(URL)
        failing = """UPDATE subscription SET failures = 12, last_failed_at = clock_timestamp(),
            failing_since = clock_timestamp() - make_interval(hours => :hours)"""
        seen = []
        for hours in (23, 25, 25, 73, 109, 121):
            await work.run(failing, hours=hours)
            await endpoint_care.look_after(work.database, Patience())
            body = await work.read(known["id"])
            seen.append((body["status"], len(body["notices"])))
        assert seen == [
            ("enabled", 0), ("enabled", 1), ("enabled", 1), ("enabled", 2), ("enabled", 3), ("disabled", 4)
        ]  # fmt: skip
        assert [one["kind"] for one in body["notices"]] == ["disabled", "failing", "failing", "failing"]
        assert (body["disabled_reason"], body["notices"][1]["hours"]) == ("failing", 108)
        acts = [row.action for row in await work.rows("SELECT action FROM audit ORDER BY number")]
        assert acts == ["subscription.created", *["subscription.failing"] * 3, "subscription.disabled"]
        trail = await work.rows("SELECT * FROM audit ORDER BY agency, number")
        heads = {row.agency: (row.number, row.hash) for row in await work.rows("SELECT * FROM audit_head")}
        columns = ("agency", "number", "at", "actor", "on_behalf_of", "action", "subject", "details", "hash")
        assert audit.verify([[getattr(row, name) for name in columns] for row in trail], heads) == []


async def test_one_success_ends_a_time_of_failure() -> None:
    async with telling() as work, Subscriber() as subscriber:
        subscriber.faults.extend([500, 500])
        known = await work.subscribe(subscriber.url)
        work.start()
        await work.happen(a_routed_case())
        await subscriber.until(2)
        await work.until("delivered")
        body = await work.read(known["id"])
        assert (body["failures"], body["failing_since"], body["resting_until"]) == (0, None, None)


async def test_what_ended_thirty_days_ago_is_forgotten_and_the_rest_is_not() -> None:
    async with telling() as work, Subscriber() as subscriber:
        await work.subscribe(subscriber.url)
        work.start()
        await work.happen(a_routed_case())
        await work.until("delivered")
        await work.stop()
        await work.run("UPDATE delivery SET recorded_at = recorded_at - interval '31 days'")
        await work.run("UPDATE message SET recorded_at = recorded_at - interval '31 days'")
        await work.happen(a_routed_case())
        await endpoint_care.tidy(work.database)
        for table, left in (("delivery", 1), ("message", 1), ("delivery_attempt", 0), ("subscription", 1)):
            assert await work.rows(f"SELECT count(*) FROM {table}") == [(left,)]


async def test_a_clients_callback_subscription_is_seen_and_not_written_by_hand() -> None:
    async with telling() as work:
        await work.happen(a_comment(callback=URL))
        (body,) = (await work.get("/v1/subscriptions")).json()["items"]
        assert (body["kind"], body["client"], body["url"]) == ("callback", "portal", None)
        path = f"/v1/subscriptions/{body['id']}"
        assert (await put(work, path, {"url": URL}, '"1"')).status_code == 409
        assert (await delete(work, path)).status_code == 409


async def test_a_reply_that_was_published_before_its_comment_was_read_is_told_once() -> None:
    async with telling() as work:
        published = a_published_response()
        await work.run(
            """INSERT INTO publication (id, agency, platform, account, thread, response, case_id, comments, reply_to,
                   text, public, release, state, native_id, published_at, settled_at)
               VALUES (:id, 'passports', 'rest', 'portal@passports', 't1', :response, 'case_1', '{cmt_1}', 'n0', 'Yes.',
                   true, '{}', 'published', 'n1', :at, :at)""",
            id=published.publication,
            response=published.response,
            at=NOW,
        )
        await work.happen(published)
        assert await work.states() == []
        await work.happen(a_comment(callback=URL))
        assert await work.states() == ["waiting"]
        await work.happen(published)
        assert await work.states() == ["waiting"]


async def test_a_client_gets_a_new_callback_secret_each_time_it_asks_and_only_for_its_agencies() -> None:
    async with telling() as work:
        wanted = {"agency": "passports"}
        first = await work.post("/v1/callback-secrets", wanted, key="a")
        again = await work.post("/v1/callback-secrets", wanted, key="a")
        other = await work.post("/v1/callback-secrets", wanted, key="b")
        assert first.json()["secret"].startswith("whsec_")
        assert again.json()["secret"] is None
        assert other.json()["secret"] not in (None, first.json()["secret"])
        assert (await work.post("/v1/callback-secrets", wanted, "water")).status_code == 403
