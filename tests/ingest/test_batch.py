"""``POST /v1/comments/batch``: an outcome for each comment, once however often it comes, and bounds that hold."""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from services.ingest.adapters.batch_body import MOST_ITEM_BYTES, MOST_ITEMS, items_of
from services.ingest.adapters.json_in import JSON
from shared.ids import uuid7
from shared.problems import Problem
from tests.ingest.support import Ingest, running_ingest

NDJSON = "application/x-ndjson"
COMMENT = {"agency": "passports", "text": "When do you open?", "author": {"id": "p1", "name": "Nimal"}}


def numbered(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [{**COMMENT, "text": f"No. {number}", "native_id": f"A-{number}", **fields} for number in range(count)]


def lines(items: Sequence[Any]) -> bytes:
    return b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in items)


def array(items: Sequence[Any]) -> bytes:
    return b"[" + b",".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in items) + b"]"


async def send(ingest: Ingest, body: bytes, kind: str = NDJSON, key: str | None = None, **headers: str) -> Any:
    sent = {**ingest.bearer(), "content-type": kind, "idempotency-key": key or uuid7().hex, **headers}
    return await ingest.http.post("/v1/comments/batch", content=body, headers=sent)


def outcomes(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 202, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    assert [one["index"] for one in items] == list(range(len(items)))
    return items


def statuses(answer: httpx.Response) -> list[int]:
    return [one["status"] for one in outcomes(answer)]


@pytest.mark.asyncio
@pytest.mark.parametrize(("kind", "written"), [(NDJSON, lines), (JSON, array)])
async def test_every_comment_of_a_batch_is_accepted_in_its_order(kind: str, written: Any) -> None:
    async with running_ingest() as ingest:
        found = outcomes(await send(ingest, written(numbered(50)), kind))
        assert [one["status"] for one in found] == [202] * 50
        assert [one["comment"]["native_id"] for one in found] == [f"A-{number}" for number in range(50)]
        assert await ingest.count("comment") == 50
        assert [event["text"] for _, event in await ingest.events()] == [f"No. {number}" for number in range(50)]
        alone = await ingest.http.get(f"/v1/comments/{found[7]['comment']['id']}", headers=ingest.bearer())
        assert alone.json() == found[7]["comment"]


@pytest.mark.asyncio
async def test_good_comments_are_accepted_whatever_the_bad_ones_are() -> None:
    items: list[Any] = [
        COMMENT,
        b"{broken}",
        {**COMMENT, "text": ""},
        {**COMMENT, "agency": "central-bank"},
        b'{"agency":"passports","agency":"water-board"}',
        b'{"text":"\\ud800"}',
        b"[]",
        {**COMMENT, "author": {}, "extra": 1},
        b'"\xff"',
        {**COMMENT, "text": "x" * (MOST_ITEM_BYTES + 1)},
        {**COMMENT, "agency": "water-board", "text": "No water"},
    ]
    async with running_ingest() as ingest:
        for kind, written in ((NDJSON, lines), (JSON, array)):
            found = outcomes(await send(ingest, written(items), kind))
            assert [one["status"] for one in found] == [202, 400, 422, 403, 400, 400, 422, 422, 400, 413, 202]
            assert [one["pointer"] for one in found[7]["problem"]["errors"]] == ["/author/id", "/extra"]
            for one in found:
                assert ("comment" in one) == (one["status"] == 202)
                if "problem" in one:
                    assert one["problem"]["type"].startswith("urn:parley:problem:")
                    assert one["problem"]["status"] == one["status"]
                    assert "central-bank" not in json.dumps(one)
        assert await ingest.count("comment") == 4
        assert {row.agency for row in await ingest.rows("SELECT agency FROM raw_body")} == {"passports", "water-board"}


@pytest.mark.asyncio
async def test_the_same_key_and_batch_get_the_same_answer() -> None:
    async with running_ingest() as ingest:
        body = lines([COMMENT, b"{broken", *numbered(3)])
        first = await send(ingest, body, key="key-1")
        again = await send(ingest, body, key='"key-1"')
        assert (again.status_code, again.json()) == (202, first.json())
        other = await send(ingest, body + b"\n", key="key-1")
        assert (other.status_code, other.json()["type"].rpartition(":")[2]) == (422, "idempotency-key-reused")
        assert await ingest.count("comment") == 4
        assert (await send(ingest, body, **{"idempotency-key": ""})).status_code == 400


@pytest.mark.asyncio
async def test_many_repeats_at_once_are_one_batch() -> None:
    async with running_ingest() as ingest:
        body = lines([{**COMMENT, "text": f"No. {number}"} for number in range(20)])
        answers = await asyncio.gather(*(send(ingest, body, key="key-1") for _ in range(8)))
        assert {json.dumps(answer.json()) for answer in answers} == {json.dumps(answers[0].json())}
        assert await ingest.count("comment") == 20


@pytest.mark.asyncio
async def test_a_batch_whose_key_was_forgotten_is_not_doubled() -> None:
    async with running_ingest() as ingest:
        body = lines([COMMENT, COMMENT, *numbered(2)])
        first = outcomes(await send(ingest, body, key="key-1"))
        await ingest.change("DELETE FROM idempotency_key")
        again = outcomes(await send(ingest, body, key="key-1"))
        assert [one["comment"]["id"] for one in again] == [one["comment"]["id"] for one in first]
        assert await ingest.count("comment") == 4
        anew = outcomes(await send(ingest, lines([COMMENT]), key="key-2"))
        assert anew[0]["comment"]["id"] not in [one["comment"]["id"] for one in first]


@pytest.mark.asyncio
async def test_a_native_id_names_one_comment_within_a_batch_and_beyond() -> None:
    async with running_ingest() as ingest:
        alone = (await ingest.post_comment({**COMMENT, "native_id": "A-1"})).json()
        first = {**COMMENT, "native_id": "A-2", "text": "first"}
        found = outcomes(
            await send(ingest, lines([{**COMMENT, "native_id": "A-1"}, first, first, {**first, "text": "second"}]))
        )
        assert [one["status"] for one in found] == [202, 202, 202, 409]
        assert found[0]["comment"]["id"] == alone["id"]
        assert found[1]["comment"]["id"] == found[2]["comment"]["id"]
        assert found[3]["problem"]["type"].endswith("native-id-taken")
        assert await ingest.count("comment") == 2


@pytest.mark.asyncio
async def test_an_answer_within_a_batch_stands_in_the_thread_of_what_it_answers() -> None:
    async with running_ingest() as ingest:
        items = [{**COMMENT, "native_id": "A-1"}, {**COMMENT, "native_id": "A-2", "in_reply_to": "A-1"}]
        found = outcomes(await send(ingest, lines(items)))
        assert [one["comment"]["thread"] for one in found] == ["A-1", "A-1"]


@pytest.mark.asyncio
async def test_what_the_database_refuses_costs_its_neighbours_nothing() -> None:
    async with running_ingest() as ingest:
        items = numbered(5)
        items[3]["sent_at"] = "0001-01-01T00:00:00+14:00"
        answer = await send(ingest, lines(items), key="key-1")
        assert statuses(answer) == [202, 202, 202, 422, 202]
        assert (await send(ingest, lines(items), key="key-1")).json() == answer.json()
        assert await ingest.count("comment") == 4


@pytest.mark.asyncio
async def test_a_batch_has_a_thousand_comments_at_most() -> None:
    async with running_ingest() as ingest:
        for kind, written in ((NDJSON, lines), (JSON, array)):
            answer = await send(ingest, written(numbered(MOST_ITEMS + 1)), kind)
            assert answer.status_code == 422
            assert "1000" in answer.json()["detail"]
        assert await ingest.count("comment") == 0
        assert statuses(await send(ingest, lines(numbered(MOST_ITEMS)))) == [202] * MOST_ITEMS
        assert await ingest.count("comment") == MOST_ITEMS


@pytest.mark.asyncio
async def test_a_batch_may_be_larger_than_one_comment_may_be_but_not_without_bound() -> None:
    async with running_ingest() as ingest:
        items = [{**COMMENT, "text": "x" * 19_000, "native_id": str(number)} for number in range(200)]
        assert statuses(await send(ingest, lines(items))) == [202] * 200
        answer = await send(ingest, b" " * ((16 << 20) + 1))
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


@pytest.mark.asyncio
@pytest.mark.parametrize("body", [b"", b"  \r\n\n ", b"\n"])
async def test_an_empty_batch_is_no_batch(body: bytes) -> None:
    async with running_ingest() as ingest:
        assert (await send(ingest, body)).status_code == 422
        assert (await send(ingest, b"[ ]", JSON)).status_code == 422
        assert await ingest.count("idempotency_key") == 0


@pytest.mark.asyncio
async def test_who_calls_and_what_they_send_is_asked_first() -> None:
    async with running_ingest() as ingest:
        assert (await ingest.http.post("/v1/comments/batch", content=lines([COMMENT]))).status_code == 401
        assert (await send(ingest, lines([COMMENT]), **ingest.bearer("comments:read"))).status_code == 403
        assert (await send(ingest, lines([COMMENT]), "text/plain")).status_code == 415


@pytest.mark.asyncio
async def test_one_key_of_two_clients_is_two_batches_and_no_agency_reads_the_others() -> None:
    async with running_ingest() as ingest:
        body = lines([COMMENT, {**COMMENT, "agency": "water-board"}])
        for subject in ("one", "two"):
            assert statuses(await send(ingest, body, key="key-1", **ingest.bearer(subject=subject))) == [202, 202]
        assert await ingest.count("comment") == 4
        assert await ingest.count("idempotency_key") == 2
        assert await ingest.seen_by("passports", "SELECT * FROM idempotency_key") == []


@pytest.mark.asyncio
async def test_the_description_of_the_api_has_both_bodies_and_the_outcomes() -> None:
    async with running_ingest() as ingest:
        described = (await ingest.http.get("/openapi.json")).json()
        post = described["paths"]["/v1/comments/batch"]["post"]
        content = post["requestBody"]["content"]
        assert content[JSON]["schema"]["maxItems"] == MOST_ITEMS
        assert "agency" in content[JSON]["schema"]["items"]["properties"]
        assert content[NDJSON]["schema"]["type"] == "string"
        assert "202" in post["responses"]


class TestCuttingABodyIntoItems:
    """The cut is made by brackets, strings and commas alone; what lies between is somebody else's to judge."""

    @pytest.mark.parametrize(
        ("body", "items"),
        [
            (b"[1]", [b"1"]),
            (b' \n[ 1 , "a,]" ,[2,3],{"a":{"b":[]}} ] \n', [b"1", b'"a,]"', b"[2,3]", b'{"a":{"b":[]}}']),
            (rb'["\"],[", "\\"]', [rb'"\"],["', rb'"\\"']),
            (b"[1,]", [b"1", b""]),
            (b"[,1]", [b"", b"1"]),
            (b'["\xff"]', [b'"\xff"']),
        ],
    )
    def test_an_array_by_its_elements(self, body: bytes, items: list[bytes]) -> None:
        assert items_of(body, JSON) == items

    @pytest.mark.parametrize(
        "body",
        [
            b"{}",
            b"1",
            b"[1",
            b"[1]]",
            b"[1] x",
            b'["a]',
            b"[1}",
            b"[[1]",
            b"\xef\xbb\xbf[1]",
            b"[" * 100_000,
            b'["' * 99,
        ],
    )
    def test_what_is_no_array(self, body: bytes) -> None:
        with pytest.raises(Problem) as refused:
            items_of(body, JSON)
        assert refused.value.status == 400

    def test_lines_that_are_blank_do_not_count(self) -> None:
        assert items_of(b"\n {} \r\n\n  \n[1]", NDJSON) == [b"{}", b"[1]"]

    @pytest.mark.parametrize(
        "part",
        [b"[", b"{}", b"[],", b'"', b'\\"', b"\\", b" ", b"\n", b"1,", b'"a",', b",", b'{"a":', b"\x00"],
    )
    def test_hostile_bodies_are_cut_or_refused_without_being_built(self, part: bytes) -> None:
        for start, kind in ((b"[", JSON), (b'["', JSON), (b"[[", JSON), (b"", NDJSON)):
            body = start + part * ((16 << 20) // len(part))
            with contextlib.suppress(Problem):
                found = items_of(body, kind)
                assert sum(map(len, found)) <= len(body)
                assert len(found) <= MOST_ITEMS
