"""Word that the square pushes of what it took: as the platforms write and sign it, read by whoever hears them."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from services.ingest.domain.entries import Undelivered
from services.ingest.platforms import WEBHOOKS
from shared.clock import utc_now
from tests.ingest.support import account

from .support import Square

KEY = "pub_019aa3f2c1e47c55a0f3b2d98e6f1a07"
BOX, PERSON = "info@passports.example", "94771234567"
ACCOUNTS = {"whatsapp": "106540352242923", "viber": "pa:75346594275468546724", "postmark": BOX, "mailgun": BOX}
Heard = list[tuple[bytes, dict[str, str]]]


@contextmanager
def listening() -> Iterator[tuple[str, Heard]]:
    """Somebody who takes whatever is pushed: where, and what came."""
    heard: Heard = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard.append((body, {name.lower(): value for name, value in self.headers.items()}))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/webhooks/x/y", heard
        server.shutdown()


@pytest.fixture(autouse=True)
def _accounts(square: Square) -> None:
    known = [
        {"agency": "passports", "platform": name, "account": native, "name": "P", "token": f"{name}-token"}
        for name, native in ACCOUNTS.items()
    ]
    square.http.put("/accounts", json=known).raise_for_status()


def sent(square: Square, platform: str) -> str:
    """Send something of ours; the id that the record knows it under."""
    post = square.http.post
    if platform == "whatsapp":
        content: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "to": PERSON,
            "type": "text",
            "text": {"body": "From nine."},
        }
        content |= {"biz_opaque_callback_data": KEY, "context": {"message_id": "wamid.ASKED"}}
        bearer = {"Authorization": "Bearer whatsapp-token"}
        answer = post(f"/graph/v25.0/{ACCOUNTS[platform]}/messages", json=content, headers=bearer)
    elif platform == "viber":
        content = {"receiver": "01234567890A4fKz+Q/b==", "type": "text", "text": "From nine.", "sender": {"name": "P"}}
        answer = post("/viber/pa/send_message", json=content, headers={"X-Viber-Auth-Token": "viber-token"})
    elif platform == "postmark":
        named = [
            {"Name": "Message-ID", "Value": f"<{KEY}@passports.example>"},
            {"Name": "X-PM-KeepID", "Value": "true"},
        ]
        content = {"From": BOX, "To": "n@mail.example", "TextBody": "From nine.", "Headers": named}
        content |= {"Metadata": {"publication": KEY}}
        answer = post("/postmark/email", json=content, headers={"X-Postmark-Server-Token": "postmark-token"})
    else:
        form = {"from": BOX, "to": "n@mail.example", "text": "From nine.", "v:publication": KEY}
        form |= {"h:Message-Id": f"<{KEY}@passports.example>"}
        answer = post("/mailgun/v3/passports.example/messages", data=form, auth=("api", "mailgun-token"))
    answer.raise_for_status()
    return square.replies(platform)[-1]["id"]


def secrets_of(platform: str) -> Mapping[str, str]:
    return account(platform, ACCOUNTS[platform]).secrets[0]


def asked(platform: str, reply: str, webhook: str, **more: str) -> dict[str, str]:
    known = secrets_of(platform)
    proof = {"whatsapp": "app_secret", "viber": "auth_token", "postmark": "password", "mailgun": "signing_key"}
    told = {"platform": platform, "id": reply, "webhook": webhook, "secret": known[proof[platform]]}
    return told | ({"username": known["username"]} if "username" in known else {}) | more


@pytest.mark.parametrize("platform", ACCOUNTS)
def test_word_is_signed_and_names_what_did_not_arrive(square: Square, platform: str) -> None:
    with listening() as (webhook, heard):
        reply = sent(square, platform)
        answer = square.http.post("/undelivered", json=asked(platform, reply, webhook))
        assert (answer.status_code, answer.json()) == (200, {"status": 200})
    ((body, headers),) = heard
    door, now = WEBHOOKS[platform], utc_now()
    door.authenticate(body, headers, (secrets_of(platform),), now)
    (told,) = door.read(body, headers, account(platform, ACCOUNTS[platform]), now)
    assert isinstance(told, Undelivered)
    assert (told.account, told.reason) == (ACCOUNTS[platform], "rejected")
    assert told.native_id == (None if platform == "postmark" else reply)
    assert told.publication == (None if platform == "viber" else KEY)


def test_the_reason_is_the_platforms_own(square: Square) -> None:
    with listening() as (webhook, heard):
        square.http.post("/undelivered", json=asked("whatsapp", sent(square, "whatsapp"), webhook, reason="131047"))
    ((body, headers),) = heard
    (told,) = WEBHOOKS["whatsapp"].read(body, headers, account("whatsapp", ACCOUNTS["whatsapp"]), utc_now())
    assert isinstance(told, Undelivered)
    assert told.reason == "window_closed"


def test_nothing_is_said_of_what_was_not_sent_here_nor_to_anybody_elsewhere(square: Square) -> None:
    with listening() as (webhook, heard):
        for platform in ACCOUNTS:
            assert square.http.post("/undelivered", json=asked(platform, "unknown", webhook)).status_code == 404
        abroad = asked("viber", sent(square, "viber"), "http://parley.example/webhooks/viber/1")
        assert square.http.post("/undelivered", json=abroad).status_code == 422
    assert heard == []
