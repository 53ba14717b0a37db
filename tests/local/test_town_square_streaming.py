"""The square's stream, as an agency's account listens to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from .support import BANK, WATER, Square

STREAM = "/api/v1/streaming/user"


@contextmanager
def listening(square: Square, proof: dict[str, str]) -> Iterator[Iterator[tuple[str, str]]]:
    """Kind and data of each event, from the moment at which the stream has said that it is open."""
    with square.http.stream("GET", STREAM, headers=proof) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == ":)"
        yield _events(lines)


def _events(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if line.startswith("event: "):
            yield line.removeprefix("event: "), next(lines).removeprefix("data: ")


def test_a_listener_hears_at_once_what_concerns_its_account(square: Square) -> None:
    before = square.post("Before anybody listened")
    with listening(square, WATER) as heard:
        square.post("No water since morning")
        kind, data = next(heard)
        notification = json.loads(data)
        assert (kind, notification["type"]) == ("notification", "mention")
        assert "No water since morning" in notification["status"]["content"]
        square.http.delete(f"/citizens/posts/{before}").raise_for_status()
        assert next(heard) == ("delete", before)


def test_nobody_hears_what_concerns_another_account(square: Square) -> None:
    with listening(square, BANK) as heard:
        square.http.delete(f"/citizens/posts/{square.post()}").raise_for_status()
        square.post("What is the rate?", account="110")
        kind, data = next(heard)
        assert (kind, "What is the rate?" in data) == ("notification", True)


def test_a_stream_needs_a_token(square: Square) -> None:
    assert square.http.get(STREAM).status_code == 401


def test_the_server_says_where_its_stream_is(square: Square) -> None:
    said = square.http.get("/api/v2/instance").json()["configuration"]["urls"]["streaming"]
    assert said == square.url.replace("http://", "ws://")
