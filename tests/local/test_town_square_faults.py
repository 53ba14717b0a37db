"""Misbehaviour on demand: what a client meets on the wire, and what the square has recorded nevertheless."""

import socket
import time

import httpx
import pytest

from .support import Square

PLATFORMS = ("facebook", "mastodon")


def _parent(square: Square, platform: str) -> str:
    return square.post() if platform == "mastodon" else "77_88"


def _bytes_of_a_reply(square: Square, platform: str) -> tuple[bytes, float]:
    """Reply through a bare socket; give what came back before the line was closed, and after how long."""
    parent = _parent(square, platform)
    path, token, body = {
        "mastodon": ("/api/v1/statuses", "water-token", f"status=Hello&in_reply_to_id={parent}"),
        "facebook": (f"/graph/v25.0/{parent}/comments", "page-token", "message=Hello"),
    }[platform]
    request = (
        f"POST {path} HTTP/1.1\r\nHost: square\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    start = time.monotonic()
    with socket.create_connection((square.http.base_url.host, square.http.base_url.port or 0), timeout=5) as line:
        line.sendall(request.encode())
        received = b""
        try:
            while piece := line.recv(4096):
                received += piece
        except ConnectionResetError:
            pass
    return received, time.monotonic() - start


@pytest.mark.parametrize("platform", PLATFORMS)
def test_accept_then_drop_records_and_closes_without_a_byte(square: Square, platform: str) -> None:
    square.fault(platform, "accept_then_drop")
    received, _ = _bytes_of_a_reply(square, platform)
    assert received == b""
    assert [each["text"] for each in square.replies(platform)] == ["Hello"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_hang_records_nothing_and_closes_after_its_time(square: Square, platform: str) -> None:
    square.fault(platform, "hang")
    received, seconds = _bytes_of_a_reply(square, platform)
    assert received == b""
    assert seconds > 0.25
    assert square.replies() == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_accept_late_records_although_nobody_waits_any_more(square: Square, platform: str) -> None:
    square.fault(platform, "accept_late")
    with pytest.raises(httpx.ReadTimeout):
        _reply(square, platform, timeout=0.05)
    square.http.timeout = httpx.Timeout(5)
    until = time.monotonic() + 10
    while not square.replies(platform):
        assert time.monotonic() < until, "it was never taken"
        time.sleep(0.05)
    assert len(square.replies(platform)) == 1


def test_the_square_goes_on_after_a_dropped_connection(square: Square) -> None:
    square.fault("facebook", "accept_then_drop")
    _bytes_of_a_reply(square, "facebook")
    assert square.comment().status_code == 200
    assert len(square.replies()) == 2


@pytest.mark.parametrize("platform", PLATFORMS)
def test_accept_then_500_records(square: Square, platform: str) -> None:
    square.fault(platform, "accept_then_500")
    assert _reply(square, platform).status_code == 500
    assert len(square.replies(platform)) == 1


@pytest.mark.parametrize(
    ("platform", "kind", "status", "code"),
    [
        ("mastodon", "throttle", 429, None),
        ("mastodon", "down", 503, None),
        ("mastodon", "token_dead", 401, None),
        ("mastodon", "parent_gone", 404, None),
        ("facebook", "throttle", 429, 32),
        ("facebook", "down", 503, 2),
        ("facebook", "token_dead", 400, 190),
        ("facebook", "parent_gone", 400, 100),
    ],
)
def test_a_refusing_fault_records_nothing_and_is_used_up(
    square: Square, platform: str, kind: str, status: int, code: int | None
) -> None:
    square.fault(platform, kind)
    refused = _reply(square, platform)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"] if isinstance(error, dict) else None) == (status, code)
    assert refused.headers.get("retry-after") == ("1" if kind == "throttle" else None)
    assert square.replies() == []
    assert _reply(square, platform).status_code == 200


def test_faults_of_a_platform_are_met_in_the_order_asked_for(square: Square) -> None:
    square.fault("mastodon", "down", 2)
    square.fault("facebook", "down")
    square.fault("mastodon", "throttle")
    assert [_reply(square, "mastodon").status_code for _ in range(4)] == [503, 503, 429, 200]
    assert square.http.get("/faults").json()["items"] == [{"platform": "facebook", "kind": "down", "count": 1}]


def test_faults_can_be_called_off(square: Square) -> None:
    square.fault("mastodon", "down", 5)
    assert square.http.delete("/faults").status_code == 204
    assert square.http.get("/faults").json() == {"items": []}
    assert _reply(square, "mastodon").status_code == 200


def test_only_a_reply_in_order_uses_up_a_fault(square: Square) -> None:
    square.fault("mastodon", "down")
    assert square.answer("1").status_code == 404
    assert square.answer(square.post(), "").status_code == 422
    assert square.http.get("/faults").json()["items"][0]["count"] == 1


def test_a_repeat_with_the_same_key_after_a_drop_finds_the_first(square: Square) -> None:
    parent = square.post()
    square.fault("mastodon", "accept_then_500")
    assert square.answer(parent, **{"Idempotency-Key": "k"}).status_code == 500
    again = square.answer(parent, **{"Idempotency-Key": "k"}).json()["id"]
    assert [each["id"] for each in square.replies()] == [again]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"platform": "pigeon"}, "platform"),
        ({"kind": "sulk"}, "kind"),
        ({"count": 0}, "count"),
        ({"count": "two"}, "count"),
        ({"count": True}, "count"),
        ({"count": None}, "count"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_by_field(square: Square, change: dict[str, object], field: str) -> None:
    content: dict[str, object] = {"platform": "mastodon", "kind": "down", "count": 1}
    refused = square.http.post("/faults", json=content | change)
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert refused.json()["error"].startswith(f"{field}: ")


def _reply(square: Square, platform: str, timeout: float = 5) -> httpx.Response:
    parent = _parent(square, platform)
    square.http.timeout = httpx.Timeout(5, read=timeout)
    return square.answer(parent) if platform == "mastodon" else square.comment(parent)
