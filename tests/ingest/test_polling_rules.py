"""What answers mean, when to ask again, how a walk goes on, and how a stream is taken apart: no network."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.ingest.adapters.polling import answers, graph
from services.ingest.adapters.polling.answers import Answer, Found, Gone, Refused, Throttled, Unavailable
from services.ingest.adapters.polling.pace import FIRST_LOOK, Pace, growing
from services.ingest.adapters.polling.server_sent_events import MOST_BYTES, Event, events
from services.ingest.adapters.polling.walk import Walk
from services.ingest.domain.refusals import Unreadable
from services.ingest.settings import MastodonPolling

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
PACE = Pace(**MastodonPolling().model_dump(include=set(Pace.__slots__)))


def response(status: int, body: str = "{}", **headers: str) -> httpx.Response:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return httpx.Response(status, headers=named, content=body.encode())


# -- answers


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        (400, Refused("request_refused")),
        (401, Refused("token_invalid")),
        (402, Refused("payment_required")),
        (403, Refused("forbidden")),
        (404, Gone()),
        (406, Refused("request_refused")),
        (408, Unavailable("status_408")),
        (410, Refused("account_gone")),
        (418, Refused("request_refused")),
        (302, Unavailable("status_302")),
        (500, Unavailable("status_500")),
        (503, Unavailable("status_503")),
    ],
)
def test_a_refusal_that_nobody_has_foreseen_is_one_all_the_same(status: int, meant: Answer) -> None:
    assert answers.meaning(response(status), NOW) == meant


def test_only_json_is_an_answer() -> None:
    assert answers.meaning(response(200, '[{"id": 9007199254740993}]'), NOW) == Found(
        [{"id": 9007199254740993}], b'[{"id": 9007199254740993}]'
    )
    for body in ("<html>login</html>", "", "[1, 2", "[" * 100_000):
        assert answers.meaning(response(200, body), NOW) == Unavailable("unreadable")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"retry_after": "7"}, 7),
        ({"retry_after": "0"}, 1),
        ({"retry_after": "Sun, 22 Nov 2026 08:31:30 GMT"}, 90),
        ({"retry_after": "Sun, 22 Nov 2026 08:00:00 GMT"}, 1),
        ({"retry_after": "soon", "x_ratelimit_reset": "2026-11-22T08:32:00.000Z"}, 120),
        ({"x_rate_limit_reset": str(int(NOW.timestamp()) + 300)}, 300),
        ({"ratelimit_reset": str(int(NOW.timestamp()) + 45)}, 45),
        ({"ratelimit_reset": "45"}, 45),
        ({"x_ratelimit_reset": "nonsense"}, 60),
        ({"retry_after": "9" * 400}, 3600),
        ({"x_rate_limit_reset": "9" * 400}, 3600),
        ({"retry_after": "٧"}, 60),
    ],
)
def test_a_limit_says_in_many_ways_when_to_come_back(headers: dict[str, str], seconds: float) -> None:
    assert answers.meaning(response(429, **headers), NOW) == Throttled(seconds)


def graph_error(status: int = 400, *, headers: dict[str, str] | None = None, **error: Any) -> Answer:
    content = json.dumps({"error": {"message": "No.", "fbtrace_id": "A", **error}})
    return graph.meaning(httpx.Response(status, headers=headers, content=content.encode()), NOW)


@pytest.mark.parametrize(
    ("error", "meant"),
    [
        ({"code": 190, "error_subcode": 463}, Refused("token_expired")),
        ({"code": 190, "error_subcode": 460}, Refused("token_invalid")),
        ({"code": 102}, Refused("token_invalid")),
        ({"code": 10}, Refused("forbidden")),
        ({"code": 200}, Refused("forbidden")),
        ({"code": 100, "error_subcode": 33}, Gone()),
        ({"code": 100}, Refused("request_refused")),
        ({"code": 1}, Unavailable("code_1")),
        ({"code": 99, "is_transient": True}, Unavailable("code_99")),
        ({"code": 4}, Throttled(300)),
        ({"code": 80001}, Throttled(300)),
        ({"code": [4]}, Refused("request_refused")),
    ],
)
def test_meta_tells_by_the_code_in_the_body(error: dict[str, Any], meant: Answer) -> None:
    assert graph_error(**error) == meant


@pytest.mark.parametrize(
    ("usage", "seconds"),
    [
        ('{"1":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":19}]}', 19 * 60),
        ('{"1":[{"estimated_time_to_regain_access":900}]}', 3600),
        ('{"1":[{"estimated_time_to_regain_access":"x"}],"2":7}', 300),
        ("no JSON", 300),
    ],
)
def test_meta_tells_in_minutes_when_calls_are_welcome_again(usage: str, seconds: float) -> None:
    assert graph_error(403, headers={"x-business-use-case-usage": usage}, code=32) == Throttled(seconds)


# -- pace


def test_pauses_double_up_to_a_limit_and_half_of_each_is_chance() -> None:
    assert [growing(10, failures, 60, 1) for failures in range(1, 6)] == [10, 20, 40, 60, 60]
    assert growing(10, 3, 60, 0) == 20
    assert growing(90, 1, 60, 1) == 90
    assert growing(1, 10_000, 300, 1) == 300


def test_a_new_account_is_read_from_a_little_before_it_was_connected() -> None:
    since = PACE.since(NOW - timedelta(days=9), NOW, reconciles=False, first=True)
    assert since == NOW - timedelta(days=9, hours=PACE.backlog_hours)


def test_a_platform_that_pushes_is_asked_for_a_day_at_the_first_time_and_for_all_after_it() -> None:
    connected = NOW - timedelta(days=9)
    assert PACE.since(connected, NOW, reconciles=True, first=True) == NOW - FIRST_LOOK
    assert PACE.since(connected, NOW, reconciles=True, first=False) < connected


def test_only_what_may_still_be_pushed_is_left_for_later() -> None:
    assert PACE.until(NOW, reconciles=False) is None
    assert PACE.until(NOW, reconciles=True) == NOW - timedelta(seconds=PACE.grace_seconds)


# -- walks


def test_a_walk_goes_down_to_the_mark_and_then_moves_it() -> None:
    walk = Walk(mark=10)
    walk = walk.after([30, 29], ["page 2"])
    assert (walk.page, walk.mark) == ("page 2", 10)
    walk = Walk.parse(walk.cursor).after([28, 27], ["page 3"])
    walk = Walk.parse(walk.cursor).after([26, 9])
    assert walk == Walk(mark=30)


def test_what_was_said_after_a_walk_began_is_left_to_the_next_one() -> None:
    walk = Walk(mark=10).after([30], ["a", "b"]).after([35]).after([40])
    assert walk == Walk(mark=30)


def test_what_lies_under_a_page_is_asked_before_the_page_after_it() -> None:
    walk = Walk().after([5], ["list 2"]).after([4], ["under 4", "list 3"])
    assert walk.pending == ("under 4", "list 3")


def test_an_empty_list_leaves_everything_where_it_was() -> None:
    assert Walk().after([]).cursor is None
    assert Walk(mark=10).after([]) == Walk(mark=10)
    assert Walk(mark=10).after([7, 8]) == Walk(mark=10), "a mark never goes back"


def test_a_walk_that_begins_anew_keeps_its_mark() -> None:
    assert Walk.parse(Walk(mark=10).after([30], ["stale"]).begun_anew) == Walk(mark=10)
    assert Walk.parse(Walk().after([30], ["stale"]).begun_anew) == Walk()


@pytest.mark.parametrize("cursor", [None, "", "95", "no JSON", "[]", '{"mark": 1, "pending": 7}'])
def test_a_cursor_that_is_none_begins_anew(cursor: str | None) -> None:
    assert Walk.parse(cursor).pending == ()


# -- server-sent events


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def taken(parts: Sequence[bytes]) -> list[Event]:
    async def collect() -> list[Event]:
        return [event async for event in events(pieces(*parts))]

    return asyncio.run(collect())


STREAM = (
    ':)\nevent: notification\ndata: {"id":"1","text":"නළ 🙏"}\n\n:thump\n\n'
    "event: delete\r\ndata:9007199254740993\r\n\r\n"
    "data: one\ndata: two\n\nid: 7\nretry: 10\n\nevent: lonely\n\nevent: cut off\ndata: nobody"
).encode()
SAID = [
    Event("notification", '{"id":"1","text":"නළ 🙏"}'),
    Event("delete", "9007199254740993"),
    Event("message", "one\ntwo"),
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_events_do_not_depend_on_how_they_are_cut_into_pieces(size: int) -> None:
    assert taken([STREAM[at : at + size] for at in range(0, len(STREAM), size)]) == SAID


def test_carriage_returns_alone_end_lines_too() -> None:
    assert taken([STREAM.replace(b"\r\n", b"\n").replace(b"\n", b"\r")]) == SAID


def test_bytes_that_are_no_text_do_not_end_the_stream() -> None:
    assert taken([b"data: \xff\xfe\n\ndata: next\n\n"])[1] == Event("message", "next")


@pytest.mark.parametrize("endless", [b"data: " + b"x" * MOST_BYTES, b"data: xxxxxxx\n" * (MOST_BYTES // 13 + 1)])
def test_an_event_without_an_end_is_not_kept_in_memory(endless: bytes) -> None:
    with pytest.raises(Unreadable):
        taken([endless[at : at + 65_536] for at in range(0, len(endless), 65_536)])
