"""Other systems are told what happens, signed: from a citizen's question to the subscriber's door."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from standardwebhooks import Webhook

from shared.ids import uuid7
from tests.support.parley import OPENING_HOURS, Parley, wait_for

pytestmark = pytest.mark.system

SECONDS = 30.0


class Door:
    """A subscriber's door: takes what comes, and remembers it."""

    def __init__(self) -> None:
        door = self
        self.requests: list[tuple[dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                door.requests.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def heard(self, secret: str) -> list[dict[str, Any]]:
        """What was sent, each signed with ``secret`` or else this fails."""
        return [dict(Webhook(secret).verify(body, headers)) for headers, body in self.requests]


@contextmanager
def a_door() -> Iterator[Door]:
    door = Door()
    thread = Thread(target=door.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield door
    finally:
        door.server.shutdown()
        door.server.server_close()
        thread.join()


def post(parley: Parley, service: str, path: str, body: dict[str, Any], token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {parley.found['tokens'][token]}", "Idempotency-Key": uuid7().hex}
    answer = parley.client.post(f"{parley.found[service]}{path}", json=body, headers=headers)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def test_a_subscriber_and_the_comments_own_client_are_told_of_the_answer(parley: Parley) -> None:
    with a_door() as subscriber, a_door() as client:
        wanted = {"agency": "passports", "url": subscriber.url, "types": ["CommentReceived", "ResponsePublished"]}
        known = post(parley, "publisher", "/v1/subscriptions", wanted, "admin")
        secret = post(parley, "publisher", "/v1/callback-secrets", {"agency": "passports"}, "client")["secret"]
        native = f"portal-{uuid7().hex}"
        asked = {
            "agency": "passports",
            "text": OPENING_HOURS,
            "author": {"id": native},
            "native_id": native,
            "callback": client.url,
        }
        comment = post(parley, "ingest", "/v1/comments", asked, "client")["id"]

        def of_the_comment() -> list[dict[str, Any]]:
            heard = subscriber.heard(known["secret"])
            return [one for one in heard if comment in (one["data"].get("comments") or [one["data"].get("comment")])]

        wait_for(lambda: len(of_the_comment()) == 2, SECONDS, "the subscriber hears of question and answer")
        wait_for(lambda: client.requests, SECONDS, "the client hears of the reply")
        first, second = sorted(of_the_comment(), key=lambda one: str(one["type"]))
        assert (first["type"], second["type"]) == ("CommentReceived", "ResponsePublished")
        assert {first["sequence"], second["sequence"]} == {1, 2}
        (told,) = client.heard(secret)
        reply = (parley.comment(native) or {})["reply"]
        assert (told["type"], told["data"]["comment"], told["data"]["text"]) == (
            "ResponsePublished",
            comment,
            reply["text"],
        )
        deliveries = parley.get("publisher", f"/v1/subscriptions/{known['id']}/deliveries")["items"]
        assert {one["state"] for one in deliveries} == {"delivered"}
