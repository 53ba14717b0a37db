"""Hostile bodies: whatever a client sends, the answer is a 4xx problem and never a 500."""

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from shared.service import MOST_BODY_BYTES, Service
from shared.settings import AuthSettings, DatabaseSettings, KafkaSettings, ServiceSettings
from shared.strict_json import DEEPEST, MOST_DIGITS, Malformed, StrictRoute, read

CPU_SECONDS = 10
"""A reader whose work grows with the square of a body takes minutes; load of the machine does not count here."""
HOSTILE = {
    "empty": b"",
    "no JSON": b"text",
    "cut off": b'{"text": "a',
    "trailing text": b'{"text": "a"} {"text": "b"}',
    "trailing comma": b'{"text": "a",}',
    "single quotes": b"{'text': 'a'}",
    "UTF-16": '{"text": "a"}'.encode("utf-16"),
    "UTF-16 without mark": '{"text": "a"}'.encode("utf-16-le"),
    "UTF-32": '{"text": "a"}'.encode("utf-32"),
    "byte order mark": b'\xef\xbb\xbf{"text": "a"}',
    "Latin-1": '{"text": "é"}'.encode("latin-1"),
    "invalid UTF-8": b'{"text": "\xff\xfe"}',
    "overlong UTF-8": b'{"text": "\xc0\x80"}',
    "surrogate in UTF-8": b'{"text": "\xed\xa0\x80"}',
    "NUL": b'{"text": "a\x00"}',
    "escaped NUL": b'{"text": "a\\u0000"}',
    "NUL in a key": b'{"text": "a", "b\\u0000": 1}',
    "lone surrogate": b'{"text": "\\ud800"}',
    "lone surrogate in a list": b'{"text": ["\\ud800"]}',
    "lone low surrogate": b'{"text": "\\udc00 and more"}',
    "lone surrogate in a key": b'{"\\ud800": 1, "text": "a"}',
    "NaN": b'{"text": NaN}',
    "Infinity": b'{"text": Infinity}',
    "minus Infinity": b'{"number": -Infinity, "text": "a"}',
    "the same key twice": b'{"text": "a", "text": "b"}',
    "the same key twice, deep": b'{"text": "a", "more": [{"x": 1, "x": 2}]}',
    "5,000 digits": b'{"text": "a", "number": ' + b"9" * 5_000 + b"}",
    "nested lists": b'{"text": ' + b"[" * 900 + b"]" * 900 + b"}",
    "30,000 nested lists": b"[" * 30_000,
    "nested objects": b'{"text": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
    "quotes that never close": b'"' + b'\\"' * 10_000,
}


class Comment(BaseModel):
    text: str
    number: int = 0


@pytest.fixture
def app() -> FastAPI:
    router = APIRouter(route_class=StrictRoute)

    @router.post("/comments")
    async def create(comment: Comment) -> dict[str, Any]:
        return comment.model_dump()

    settings = ServiceSettings(
        database=DatabaseSettings(url=SecretStr("postgresql://nobody@127.0.0.1:1/nothing")),
        kafka=KafkaSettings(bootstrap="127.0.0.1:1"),
        auth=AuthSettings(issuer="http://127.0.0.1:1", jwks_url="http://127.0.0.1:1"),
    )
    service = Service("test", settings, "Takes what is sent.")
    service.routers.append(router)
    return service.app()


async def post(app: FastAPI, body: Any, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.post("/comments", content=body, headers={"content-type": "application/json", **headers})


@pytest.mark.asyncio
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_body_is_answered_400(app: FastAPI, body: bytes) -> None:
    began = time.process_time()
    answer = await post(app, body)
    assert time.process_time() - began < CPU_SECONDS
    assert answer.status_code in ({400, 422} if not body else {400})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"{}",
        b'{"text": 1}',
        b'{"text": null}',
        b'{"text": ["a"]}',
        b'{"text": "a", "number": 1e400}',
        b'{"text": "a", "number": 1.5}',
        b'{"text": "a", "number": ' + b"9" * MOST_DIGITS + b".5}",
    ],
)
async def test_json_of_the_wrong_shape_is_answered_422(app: FastAPI, body: bytes) -> None:
    answer = await post(app, body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]


@pytest.mark.asyncio
async def test_a_declared_oversize_is_answered_413(app: FastAPI) -> None:
    answer = await post(app, json.dumps({"text": "a" * MOST_BODY_BYTES}).encode())
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.asyncio
async def test_an_oversize_without_a_length_is_answered_413(app: FastAPI) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"text": "'
        for _ in range(MOST_BODY_BYTES // 1024):
            yield b"a" * 1024
        yield b'"}'

    async def stream() -> Any:
        for piece in pieces():
            yield piece

    answer = await post(app, stream())
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.asyncio
async def test_a_compressed_body_is_answered_415_before_it_is_inflated(app: FastAPI) -> None:
    bomb = gzip.compress(b'{"text": "' + b"a" * 1_000_000 + b'"}')
    answer = await post(app, bomb, **{"content-encoding": "gzip"})
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.asyncio
async def test_many_keys_are_read_in_good_time(app: FastAPI) -> None:
    body = json.dumps({"text": "a"} | {f"k{number}": 1 for number in range(4_000)}).encode()
    began = time.process_time()
    assert (await post(app, body)).status_code == 200
    assert time.process_time() - began < CPU_SECONDS


@pytest.mark.asyncio
async def test_ordinary_bodies_pass_unchanged(app: FastAPI) -> None:
    text = 'නළ ජලය [[[{{{ "quoted" \\ 😟 \n'
    answer = await post(app, json.dumps({"text": text}).encode())
    assert answer.json() == {"text": text, "number": 0}


def test_a_surrogate_pair_is_a_character() -> None:
    assert read(b'"\\ud83d\\ude1f"') == "😟"


def test_the_deepest_allowed_nesting_is_read() -> None:
    assert read(b"[" * DEEPEST + b"]" * DEEPEST) is not None
    with pytest.raises(Malformed, match="nested"):
        read(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1))


def test_brackets_in_text_are_not_nesting() -> None:
    assert read(json.dumps("[" * 5_000).encode()) == "[" * 5_000
    assert read(json.dumps(['\\"' + "[" * 5_000]).encode())


def test_many_siblings_are_not_nesting() -> None:
    assert len(read(b"[" + b",".join([b"{}"] * 5_000) + b"]")) == 5_000


def test_the_largest_allowed_number_is_read() -> None:
    assert read(b"9" * MOST_DIGITS) == int("9" * MOST_DIGITS)


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_refusal_never_repeats_the_input(body: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        read(body.replace(b"a", b"canary"))
    assert "canary" not in refused.value.detail


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        value = read(body)
    except Malformed:
        return
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=15,
)


@given(_values)
def test_what_is_read_is_what_python_reads(value: Any) -> None:
    body = json.dumps(value)
    if "\\u0000" in body:
        return
    assert read(body.encode()) == value


def test_an_open_string_full_of_quotes_is_read_once() -> None:
    with pytest.raises(Malformed):
        read(b'{"a":' + b"[" * 65 + b'"' + b'\\"' * 400_000)
