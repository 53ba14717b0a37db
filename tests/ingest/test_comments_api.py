"""``/v1/comments`` over the whole service: what clients bring, and what they are told."""

import asyncio
import json
from typing import Any
from unittest.mock import ANY

import pytest

from tests.ingest.support import PAGE, comment_change, feed, running_ingest

pytestmark = pytest.mark.asyncio

COMMENT = {"agency": "passports", "text": "When do you open?", "author": {"id": "p1", "name": "Nimal"}}


async def test_a_posted_comment_is_accepted_and_can_be_read() -> None:
    async with running_ingest() as ingest:
        answer = await ingest.post_comment({**COMMENT, "native_id": "A-1", "callback": "https://x.example/hook"})
        assert answer.status_code == 202
        comment = answer.json()
        assert answer.headers["location"] == f"/v1/comments/{comment['id']}"
        assert comment["id"].startswith("cmt_")
        assert comment | {"id": "", "sent_at": "", "received_at": ""} == {
            "id": "",
            "agency": "passports",
            "platform": "rest",
            "account": "client@passports",
            "native_id": "A-1",
            "revision": 1,
            "thread": "A-1",
            "parent": None,
            "author": {"id": "p1", "name": "Nimal", "handle": None, "followers": None},
            "subject_line": None,
            "text": "When do you open?",
            "language": "en",
            "language_confidence": ANY,
            "media": [],
            "window_ends_at": None,
            "reach": None,
            "public": True,
            "hidden": False,
            "status": "received",
            "case": None,
            "reply": None,
            "sent_at": "",
            "edited_at": None,
            "received_at": "",
        }
        found = await ingest.http.get(answer.headers["location"], headers=ingest.bearer())
        assert found.json() == comment
        ((kind, told),) = await ingest.events()
        assert (kind, told["callback"]) == ("CommentReceived", "https://x.example/hook")
        ((callback,),) = await ingest.rows("SELECT callback FROM comment")
        assert callback == "https://x.example/hook"


async def test_the_same_key_and_body_get_the_same_answer() -> None:
    async with running_ingest() as ingest:
        first = await ingest.post_comment(COMMENT, "key-1")
        second = await ingest.post_comment(COMMENT, '"key-1"')
        assert (second.status_code, second.json()) == (202, first.json())
        assert second.headers["location"] == first.headers["location"]
        assert await ingest.count("comment") == 1


async def test_the_same_key_with_another_body_is_422() -> None:
    async with running_ingest() as ingest:
        await ingest.post_comment(COMMENT, "key-1")
        other = await ingest.post_comment({**COMMENT, "text": "Another"}, "key-1")
        assert (other.status_code, other.json()["type"].rpartition(":")[2]) == (422, "idempotency-key-reused")
        assert await ingest.count("comment") == 1


async def test_many_requests_at_once_with_one_key_are_one_comment() -> None:
    async with running_ingest() as ingest:
        answers = await asyncio.gather(*(ingest.post_comment(COMMENT, "key-1") for _ in range(25)))
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert await ingest.count("comment") == 1


async def test_two_bodies_that_race_for_one_key_are_one_comment_and_422() -> None:
    async with running_ingest() as ingest:
        bodies = [{**COMMENT, "text": f"Number {number % 2}"} for number in range(10)]
        answers = await asyncio.gather(*(ingest.post_comment(body, "key-1") for body in bodies))
        assert sorted({answer.status_code for answer in answers}) == [202, 422]
        assert await ingest.count("comment") == 1


async def test_one_key_of_two_clients_is_two_comments() -> None:
    async with running_ingest() as ingest:
        for subject in ("one", "two"):
            await ingest.post_comment(COMMENT, "key-1", **ingest.bearer(subject=subject))
        assert await ingest.count("comment") == 2


async def test_a_native_id_names_one_comment_whatever_the_key() -> None:
    async with running_ingest() as ingest:
        body = {**COMMENT, "native_id": "A-1"}
        first = await ingest.post_comment(body)
        again = await ingest.post_comment(body)
        assert again.json()["id"] == first.json()["id"]
        other = await ingest.post_comment({**body, "text": "Something else"}, "key-2")
        assert (other.status_code, other.json()["type"].rpartition(":")[2]) == (409, "native-id-taken")
        assert await ingest.count("comment") == 1
        assert await ingest.rows("SELECT 1 FROM idempotency_key WHERE key = 'key-2'") == []


async def test_a_key_is_needed() -> None:
    async with running_ingest() as ingest:
        headers = ingest.bearer()
        answer = await ingest.http.post("/v1/comments", json=COMMENT, headers=headers)
        assert answer.status_code == 400
        assert await ingest.count("comment") == 0


async def test_an_answer_stands_in_the_thread_of_what_it_answers() -> None:
    async with running_ingest() as ingest:
        root = (await ingest.post_comment({**COMMENT, "native_id": "A-1"})).json()
        by_native = (await ingest.post_comment({**COMMENT, "native_id": "A-2", "in_reply_to": "A-1"})).json()
        by_id = (await ingest.post_comment({**COMMENT, "in_reply_to": root["id"]})).json()
        deeper = (await ingest.post_comment({**COMMENT, "in_reply_to": "A-2"})).json()
        named = (await ingest.post_comment({**COMMENT, "in_reply_to": "A-2", "thread": "T"})).json()
        unknown = (await ingest.post_comment({**COMMENT, "in_reply_to": "nobody-knows"})).json()
        assert [one["thread"] for one in (by_native, by_id, deeper)] == ["A-1"] * 3
        assert (named["thread"], named["parent"]) == ("T", "A-2")
        assert unknown["thread"] == "nobody-knows"
        alone = (await ingest.post_comment(COMMENT)).json()
        assert alone["thread"] == alone["native_id"] == alone["id"]


async def test_another_agencys_door_stays_shut() -> None:
    async with running_ingest() as ingest:
        mine = (await ingest.post_comment(COMMENT)).json()
        stranger = ingest.bearer(agencies=["central-bank"])
        assert (await ingest.post_comment(COMMENT, "k", **stranger)).status_code == 403
        assert (await ingest.http.get(f"/v1/comments/{mine['id']}", headers=stranger)).status_code == 404
        assert (await ingest.http.get("/v1/comments", headers=stranger)).json() == {"items": [], "next": None}
        listed = await ingest.http.get("/v1/comments", params={"agency": "passports"}, headers=stranger)
        assert listed.json()["items"] == []


async def test_what_is_not_there_is_404() -> None:
    async with running_ingest() as ingest:
        for id_ in ("cmt_unknown", "%00", "a%20b", "..%2f..", "é", "x" * 3000):
            answer = await ingest.http.get(f"/v1/comments/{id_}", headers=ingest.bearer())
            assert answer.status_code == 404, id_


async def test_tokens_and_scopes_are_asked_for() -> None:
    async with running_ingest() as ingest:
        assert (await ingest.http.get("/v1/comments")).status_code == 401
        nothing = {"idempotency-key": "k", "authorization": "Bearer nonsense"}
        assert (await ingest.http.post("/v1/comments", json=COMMENT, headers=nothing)).status_code == 401
        reader = ingest.bearer("comments:read")
        assert (await ingest.post_comment(COMMENT, "k", **reader)).status_code == 403
        writer = ingest.bearer("comments:write")
        assert (await ingest.http.get("/v1/comments", headers=writer)).status_code == 403


async def test_a_list_is_paged_without_gaps_or_repeats() -> None:
    async with running_ingest() as ingest:
        ids = [(await ingest.post_comment({**COMMENT, "text": f"No. {n}"})).json()["id"] for n in range(7)]
        seen: list[str] = []
        url = "/v1/comments?limit=3&agency=passports&status=received&platform=rest"
        while url:
            answer = await ingest.http.get(url, headers=ingest.bearer())
            assert answer.status_code == 200
            seen += [item["id"] for item in answer.json()["items"]]
            following = answer.links.get("next", {}).get("url")
            assert (following is None) == (answer.json()["next"] is None)
            url = following or ""
        assert sorted(seen) == sorted(ids)
        assert len(seen) == 7


async def test_filters_and_private_messages() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        await ingest.facebook(feed(comment_change()))
        await ingest.post_comment({**COMMENT, "public": False})

        async def listed(**params: str) -> list[str]:
            answer = await ingest.http.get("/v1/comments", params=params, headers=ingest.bearer())
            return [item["platform"] for item in answer.json()["items"]]

        assert await listed() == ["rest", "facebook"]
        assert await listed(platform="facebook") == ["facebook"]
        assert await listed(status="answered") == []
        assert await listed(agency="water-board") == []


async def test_a_query_that_makes_no_sense_is_told_so() -> None:
    queries = [
        ("limit=0", 422),
        ("limit=201", 422),
        ("limit=x", 422),
        ("status=lost", 422),
        ("cursor=%00", 422),
        ("cursor=AAAA", 400),
        ("cursor=é", 400),
        ("agency=%00", 422),
    ]
    async with running_ingest() as ingest:
        for query, status in queries:
            answer = await ingest.http.get(f"/v1/comments?{query}", headers=ingest.bearer())
            assert answer.status_code == status, query
            assert answer.headers["content-type"] == "application/problem+json"


def _encoded(**fields: Any) -> bytes:
    return json.dumps({**COMMENT, **fields}).encode()


HOSTILE = [
    b"",
    b"{",
    b"nonsense",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf" + _encoded(),
    _encoded(text="é").replace(b"\\u00e9", b"\xe9"),
    _encoded(x=[]).replace(b"[]", b"[" * 70 + b"]" * 70),
    b"[" * 100_000,
    _encoded()[:-1] + b', "text": "twice"}',
    _encoded(text=1).replace(b'"text": 1', b'"text": NaN'),
    _encoded(text="a\x00b"),
    _encoded(text="a\ud800b"),
    _encoded(native_id="\udfff"),
    b'{"n": ' + b"9" * 5000 + b"}",
]


async def test_a_body_that_is_not_json_as_read_here_is_400_and_never_repeated() -> None:
    async with running_ingest() as ingest:
        headers = {**ingest.bearer(), "content-type": "application/json"}
        for number, body in enumerate(HOSTILE):
            sent = {**headers, "idempotency-key": f"key-{number}"}
            answer = await ingest.http.post("/v1/comments", content=body, headers=sent)
            assert answer.status_code == 400, body[:60]
            assert answer.headers["content-type"] == "application/problem+json"
            assert b"When do you open" not in answer.content
        assert await ingest.count("comment") == 0
        assert await ingest.count("idempotency_key") == 0


INVALID: list[tuple[dict[str, Any], str]] = [
    ({"text": ""}, "/text"),
    ({"text": "x" * 20_001}, "/text"),
    ({"text": 5}, "/text"),
    ({"text": None}, "/text"),
    ({"native_id": "x" * 257}, "/native_id"),
    ({"native_id": 7}, "/native_id"),
    ({"author": {}}, "/author/id"),
    ({"author": {"id": "1", "shoe": "42"}}, "/author/shoe"),
    ({"extra": 1}, "/extra"),
    ({"callback": "ftp://x.example"}, "/callback"),
    ({"callback": "https://x.example/" + "x" * 2048}, "/callback"),
    ({"language": "not a tag"}, "/language"),
    ({"sent_at": "2026-11-22T08:30:00"}, "/sent_at"),
    ({"sent_at": "yesterday"}, "/sent_at"),
    ({"sent_at": "0001-01-01T00:00:00Z"}, "/sent_at"),
    ({"public": "yes"}, "/public"),
]


async def test_each_field_that_does_not_fit_is_named_and_not_repeated() -> None:
    async with running_ingest() as ingest:
        for number, (fields, pointer) in enumerate(INVALID):
            answer = await ingest.post_comment({**COMMENT, **fields}, f"key-{number}")
            assert answer.status_code == 422, fields
            assert pointer in [error["pointer"] for error in answer.json()["errors"]]
            assert not any(
                isinstance(value, str) and len(value) > 3 and value in answer.text for value in fields.values()
            )
        assert await ingest.count("comment") == 0


async def test_an_array_or_a_number_is_not_a_comment() -> None:
    async with running_ingest() as ingest:
        for number, body in enumerate((b"[]", b"1", b'"x"', b"null")):
            headers = {**ingest.bearer(), "content-type": "application/json", "idempotency-key": str(number)}
            assert (await ingest.http.post("/v1/comments", content=body, headers=headers)).status_code == 422


async def test_another_content_type_is_415() -> None:
    async with running_ingest() as ingest:
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            answer = await ingest.post_comment(COMMENT, "k", **{"content-type": kind})
            assert answer.status_code == 415


async def test_a_body_over_a_mebibyte_is_413() -> None:
    async with running_ingest() as ingest:
        answer = await ingest.post_comment({**COMMENT, "text": "x" * (1 << 20)})
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_description_of_the_api_has_its_bodies_and_answers() -> None:
    async with running_ingest() as ingest:
        described = (await ingest.http.get("/openapi.json")).json()
        post = described["paths"]["/v1/comments"]["post"]
        fields = post["requestBody"]["content"]["application/json"]["schema"]["properties"]
        assert {"agency", "text", "author", "native_id", "callback"} <= fields.keys()
        assert "id" in fields["author"]["properties"]
        assert "202" in post["responses"]
        assert "$defs" not in json.dumps(post)
