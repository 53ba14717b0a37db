"""The quota of a client over the whole service: who is throttled, how they are told, and who never is."""

import httpx
import pytest

from services.ingest.settings import LimitSettings
from tests.ingest.support import PAGE, Ingest, comment_change, facebook_headers, feed, running_ingest

pytestmark = pytest.mark.asyncio

SLOW = LimitSettings(requests_per_second=0.01, burst=25)


def fields(answer: httpx.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith("ratelimit")}


async def ask(ingest: Ingest, subject: str = "client", scope: str = "comments:read") -> httpx.Response:
    return await ingest.http.get("/v1/comments", headers=ingest.bearer(scope, subject=subject))


EVERY_FIELD = {"ratelimit", "ratelimit-policy", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"}


async def test_a_client_that_asks_too_much_is_told_when_to_come_again() -> None:
    async with running_ingest(limits=SLOW) as ingest:
        answers = [await ask(ingest) for _ in range(26)]
        assert [one.status_code for one in answers] == [200] * 25 + [429]
        assert all(fields(one) == EVERY_FIELD for one in answers)
        assert [int(one.headers["ratelimit-remaining"]) for one in answers] == [*range(24, -1, -1), 0]
        refused = answers[-1]
        problem = refused.json()
        assert refused.headers["content-type"] == "application/problem+json"
        assert (problem["type"], problem["status"]) == ("urn:parley:problem:quota-exceeded", 429)
        assert problem["violated-policies"] == ["client"]
        assert 90 <= int(refused.headers["retry-after"]) <= 100
        assert refused.headers["ratelimit"] == f'"client";r=0;t={refused.headers["retry-after"]}'
        assert (await ask(ingest, subject="another")).status_code == 200


async def test_only_whom_a_token_names_can_spend_a_budget_and_even_what_is_forbidden_costs() -> None:
    async with running_ingest(limits=SLOW) as ingest:
        for _ in range(40):
            nobody = await ingest.http.get("/v1/comments", headers={"authorization": "Bearer nonsense"})
            assert (nobody.status_code, fields(nobody)) == (401, set())
        forbidden = [await ask(ingest, scope="accounts:read") for _ in range(26)]
        assert [one.status_code for one in forbidden] == [403] * 25 + [429]
        assert (await ask(ingest)).status_code == 429


async def test_platforms_probes_and_public_reads_are_never_throttled() -> None:
    async with running_ingest(limits=SLOW) as ingest:
        await ingest.connect("facebook", PAGE)
        for number in range(40):
            body = feed(comment_change(f"77_{number}"))
            answer = await ingest.http.post(f"/webhooks/facebook/{PAGE}", content=body, headers=facebook_headers(body))
            assert (answer.status_code, fields(answer)) == (200, set())
            for path in ("/live", "/metrics", "/openapi.json"):
                probe = await ingest.http.get(path)
                assert (probe.status_code, fields(probe)) == (200, set())


async def test_a_batch_takes_one_and_one_more_for_each_fifty_comments() -> None:
    async with running_ingest(limits=SLOW) as ingest:
        comment = '{"agency":"passports","text":"When do you open?","author":{"id":"p1"}}\n'
        headers = {**ingest.bearer(), "content-type": "application/x-ndjson"}

        async def batch(key: str, items: int) -> httpx.Response:
            sent = {**headers, "idempotency-key": key}
            return await ingest.http.post("/v1/comments/batch", content=comment * items, headers=sent)

        first = await batch("one", 200)
        assert (first.status_code, first.headers["ratelimit-remaining"]) == (202, "20")
        second = await batch("two", 1000)
        assert (second.status_code, second.headers["ratelimit-remaining"]) == (429, "19")
        assert await ingest.count("comment") == 200
