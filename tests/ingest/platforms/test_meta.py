"""What all webhooks of Meta share: signature, handshake, and bodies taken apart entry by entry."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import reduce
from operator import getitem
from typing import Any

import pytest

from services.ingest.domain.entries import Elsewhere, Entry, Malformed, Media, Reading, Unused
from services.ingest.domain.refusals import BadHandshake, BadSignature, Unreadable
from services.ingest.platforms import PLATFORMS, WEBHOOKS, meta
from services.ingest.platforms.attached import address, place
from services.ingest.platforms.base import MEBIBYTE
from tests.ingest.support import NOW, PAYLOADS, account, payload
from tests.support.senders import SENDERS

FAMILY = ("facebook", "instagram", "messenger", "whatsapp")
OBJECTS = {"facebook": "page", "instagram": "instagram", "messenger": "page", "whatsapp": "whatsapp_business_account"}
VERIFY_TOKEN = SENDERS["facebook"].secrets["verify_token"]


def read(platform: str, body: bytes) -> Reading:
    return WEBHOOKS[platform].read(body, {}, account(platform), NOW)


def kinds(reading: Reading) -> list[type[Entry]]:
    return [type(entry) for entry in reading]


@pytest.mark.parametrize("platform", FAMILY)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256="},
        {"x-hub-signature-256": "sha1=" + "0" * 40},
        {"x-hub-signature-256": "sha256=" + "é" * 64},
        {"x-hub-signature": "sha256=" + "0" * 64},
    ],
)
def test_a_missing_or_misspelt_signature_is_bad(platform: str, headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        WEBHOOKS[platform].authenticate(payload(platform, "new"), headers, (SENDERS[platform].secrets,), NOW)


@pytest.mark.parametrize("platform", FAMILY)
def test_the_signature_covers_the_escapes_and_not_what_they_stand_for(platform: str) -> None:
    body = payload(platform, "new")
    assert body.isascii(), "Meta escapes what is not ASCII"
    again = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()
    assert again != body
    _, headers = SENDERS[platform].send(body)
    with pytest.raises(BadSignature):
        WEBHOOKS[platform].authenticate(again, headers, (SENDERS[platform].secrets,), NOW)


@pytest.mark.parametrize("platform", FAMILY)
def test_the_handshake_answers_the_challenge_alone(platform: str) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY_TOKEN}
    assert WEBHOOKS[platform].handshake(query, account(platform)).body == "1158201444"


def test_the_handshake_takes_the_token_that_is_being_rotated_out() -> None:
    known = account("facebook", "1", SENDERS["facebook"].other, SENDERS["facebook"].secrets)
    query = {"hub.mode": "subscribe", "hub.challenge": "7", "hub.verify_token": VERIFY_TOKEN}
    assert meta.handshake(query, known).body == "7"


@pytest.mark.parametrize("platform", FAMILY)
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "guessed"},
        {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "gué"},
        {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN},
        {"hub.mode": "unsubscribe", "hub.challenge": "1", "hub.verify_token": VERIFY_TOKEN},
        {"hub_mode": "subscribe", "hub_challenge": "1", "hub_verify_token": VERIFY_TOKEN},
    ],
)
def test_a_handshake_that_is_not_metas_is_refused(platform: str, query: dict[str, str]) -> None:
    with pytest.raises(BadHandshake):
        WEBHOOKS[platform].handshake(query, account(platform))


@pytest.mark.parametrize("platform", FAMILY)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'"page"',
        b'{"object":"OBJECT"}',
        b'{"object":"OBJECT","entry":{}}',
        b"\xff\xfe{\x00}\x00",
        b'\xef\xbb\xbf{"object":"OBJECT","entry":[]}',
        b"[" * 100_000,
        b'{"object":"OBJECT","entry":[{"id":' + b"9" * 5000 + b"}]}",
    ],
)
def test_a_body_whose_envelope_is_not_metas_is_unreadable(platform: str, body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(platform, body.replace(b"OBJECT", OBJECTS[platform].encode()))


@pytest.mark.parametrize("platform", FAMILY)
@pytest.mark.parametrize(
    "entry",
    [
        1,
        None,
        {"changes": []},
        {"id": 1.5, "changes": []},
        {"id": True},
        {"id": "9" * 300, "changes": []},
        {"id": "1\x00"},
        {"id": "1", "changes": {}} | {"messaging": 7},
    ],
)
def test_a_malformed_entry_does_not_take_its_neighbours_along(platform: str, entry: object) -> None:
    envelope = json.loads(payload(platform, "new"))
    envelope["entry"].insert(0, entry)
    reading = read(platform, json.dumps(envelope).encode())
    bad, good = [one for one in reading if not isinstance(one, Unused | Elsewhere)]
    assert isinstance(bad, Malformed)
    assert (good,) == read(platform, payload(platform, "new"))


@pytest.mark.parametrize("platform", FAMILY)
def test_other_objects_are_not_used(platform: str) -> None:
    assert read(platform, b'{"object":"user","entry":[]}') == (Unused(account(platform).account, "object"),)
    assert read(platform, b'{"object":["page"],"entry":[]}') == (Unused(account(platform).account, "object"),)


@pytest.mark.parametrize("platform", FAMILY)
def test_a_subscription_without_values_is_counted(platform: str) -> None:
    body = {"object": OBJECTS[platform], "entry": [{"id": "1", "time": 1, "changed_fields": ["feed"]}]}
    assert read(platform, json.dumps(body).encode()) == (Unused("1", "changed_fields"),)


@pytest.mark.parametrize("platform", FAMILY)
def test_a_message_of_the_largest_size_that_the_platform_sends_is_let_in(platform: str) -> None:
    assert WEBHOOKS[platform].most_bytes == (3 * MEBIBYTE if platform == "whatsapp" else MEBIBYTE)


@pytest.mark.parametrize("platform", FAMILY)
def test_trouble_shows_in_signatures_and_in_silence(platform: str) -> None:
    assert {"signatures", "silence"} <= set(PLATFORMS[platform].says.health)


@pytest.mark.parametrize("platform", FAMILY)
@pytest.mark.parametrize("junk", [None, 7, 1.5, True, "text", [], {}, [[]], {"id": []}, 10**400, -(10**400)])
def test_whatever_stands_in_the_place_of_a_value_nothing_but_a_refusal_comes_of_it(platform: str, junk: object) -> None:
    for body in _spoilt(platform, junk):
        with suppress(Unreadable):
            assert all(isinstance(entry.account, str) for entry in read(platform, json.dumps(body).encode()))


def _spoilt(platform: str, junk: object) -> Iterator[Any]:
    """The recorded bodies with ``junk`` in the place of one value after the other."""
    for name in ("new", "reply", "echo", "delete", "unknown", "attachments", "contents", "edit", "story-reply"):
        recorded = PAYLOADS / platform / f"{name}.json"
        text = recorded.read_text() if recorded.exists() else "{}"
        for *path, last in _paths(json.loads(text)):
            body = json.loads(text)
            reduce(getitem, path, body)[last] = junk
            yield body


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the values of a body stand, the nested ones included."""
    steps: list[Any] = []
    if isinstance(value, dict):
        steps = list(value)
    elif isinstance(value, list):
        steps = list(range(len(value)))
    return [deeper for step in steps for deeper in [(*path, step), *_paths(value[step], (*path, step))]]


def test_a_private_message_can_be_answered_for_a_day() -> None:
    assert meta.window_end(NOW) == datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize("value", [None, 5, "", "https://a.example/\x00", "https://a.example/\ud800", "x" * 2049])
def test_what_is_no_address_is_left_out(value: object) -> None:
    assert address(value) is None


@pytest.mark.parametrize(
    ("latitude", "longitude", "url"),
    [
        (6.9344, 79.8428, "geo:6.934400,79.842800"),
        (-0.00001, 1e-9, "geo:-0.000010,0.000000"),
        (91, 0, "https://map.example"),
        (float("nan"), 0, "https://map.example"),
        (0, 10**400, "https://map.example"),
        ("6.9", "79.8", "https://map.example"),
    ],
)
def test_a_place_is_its_coordinates_where_they_are_told(latitude: object, longitude: object, url: str) -> None:
    assert place(latitude, longitude, url="https://map.example", name="Fort") == Media("location", url, name="Fort")
