"""How each platform proves who sends: written from the platforms' documentation, not with the code under test.

A sender takes a body as recorded in ``tests/payloads`` and gives back what goes over the wire: the body (Mailgun signs
inside it) and the header fields. Tests, bench and drills send with these and nothing else.
"""

import base64
import hashlib
import hmac
import json
import secrets as random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlencode

Secrets = Mapping[str, str]
Wire = tuple[bytes, dict[str, str]]
JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Sender:
    """One platform's way of sending. ``account`` is the one that the recorded bodies are addressed to, ``other`` are
    the secrets of somebody else's.

    ``header`` is where the proof stands (None: inside the body). ``signs_body`` is whether the proof covers the body,
    ``signs_time`` whether it covers a time.
    """

    account: str
    secrets: Secrets
    other: Secrets
    seal: Callable[[bytes, Secrets, datetime], Wire]
    header: str | None
    signs_body: bool = True
    signs_time: bool = False
    more: dict[str, str] = field(default_factory=dict)

    def send(self, body: bytes, secrets: Secrets | None = None, at: datetime | None = None) -> Wire:
        """What goes over the wire for ``body``: signed with ``secrets``, now unless ``at`` is given."""
        sent, headers = self.seal(body, secrets or self.secrets, at or datetime.now(UTC))
        return sent, {**JSON, **self.more, **headers}


def misspellings(value: str) -> Iterator[str]:
    """The right proof, written in ways that no platform writes it."""
    prefix, digest = _split(value)
    yield ""
    yield prefix
    yield digest if prefix else f"sha256={digest}"
    yield f"{prefix}{digest[:-2]}"
    yield f"{prefix}{digest}é"
    try:
        raw = bytes.fromhex(digest)
        yield f"{prefix}{digest.upper()}"
        yield prefix + base64.b64encode(raw).decode()
    except ValueError:
        try:
            yield prefix + base64.b64decode(digest, validate=True).hex()
        except ValueError:
            yield prefix + base64.b64encode(digest.encode()).decode()


def _split(value: str) -> tuple[str, str]:
    for prefix in ("sha256=", "v1,", "Basic "):
        if value.startswith(prefix):
            return prefix, value.removeprefix(prefix)
    return "", value


def _hmac(
    header: str, secret: str, encoding: Literal["hex", "base64"], prefix: str = ""
) -> Callable[[bytes, Secrets, datetime], Wire]:
    def seal(body: bytes, secrets: Secrets, at: datetime) -> Wire:
        digest = hmac.new(secrets[secret].encode(), body, hashlib.sha256).digest()
        written = digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()
        return body, {header: prefix + written}

    return seal


def _plain(header: str, secret: str) -> Callable[[bytes, Secrets, datetime], Wire]:
    return lambda body, secrets, at: (body, {header: secrets[secret]})


def _basic(body: bytes, secrets: Secrets, at: datetime) -> Wire:
    pair = base64.b64encode(f"{secrets['username']}:{secrets['password']}".encode()).decode()
    return body, {"authorization": f"Basic {pair}"}


def _standard(body: bytes, secrets: Secrets, at: datetime) -> Wire:
    message, sent = f"msg_{hashlib.sha256(body).hexdigest()[:24]}", str(int(at.timestamp()))
    key = base64.b64decode(secrets["secret"].removeprefix("whsec_"))
    digest = hmac.new(key, f"{message}.{sent}.".encode() + body, hashlib.sha256).digest()
    return body, {
        "webhook-id": message,
        "webhook-timestamp": sent,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _mailgun(body: bytes, secrets: Secrets, at: datetime) -> Wire:
    """Timestamp, token and signature put into the body, be it a form, one with files, or a JSON event. The token is new
    for each attempt."""
    sent, token = str(int(at.timestamp())), random.token_hex(25)
    digest = hmac.new(secrets["signing_key"].encode(), f"{sent}{token}".encode(), hashlib.sha256).hexdigest()
    proof = {"timestamp": sent, "token": token, "signature": digest}
    if body.startswith(b"--"):
        return _into_multipart(body, proof)
    if b'"event-data"' in body:
        return json.dumps({**json.loads(body), "signature": proof}).encode(), JSON
    recorded = [pair for pair in body.split(b"&") if pair.partition(b"=")[0].decode("latin-1") not in proof]
    form = b"&".join((urlencode(proof).encode(), *recorded))
    return form, {"content-type": "application/x-www-form-urlencoded"}


def _into_multipart(body: bytes, fields: Mapping[str, str]) -> Wire:
    boundary = body[: body.index(b"\r\n")]
    parts = (f'\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
    added = b"".join(boundary + part.encode() for part in parts)
    return added + body, {"content-type": f"multipart/form-data; boundary={boundary[2:].decode()}"}


_HEX = "0123456789abcdef" * 2
_OTHER_HEX = "fedcba9876543210" * 2
_META = {"app_secret": _HEX, "verify_token": "agreed-beforehand"}
_OTHER_META = {"app_secret": _OTHER_HEX, "verify_token": "another-token"}


def _meta(account: str) -> Sender:
    seal = _hmac("x-hub-signature-256", "app_secret", "hex", "sha256=")
    return Sender(account, _META, _OTHER_META, seal, "x-hub-signature-256")


SENDERS: Mapping[str, Sender] = {
    "facebook": _meta("110000000000001"),
    "messenger": _meta("110000000000001"),
    "instagram": _meta("17841405793187219"),
    "whatsapp": _meta("106540352242923"),
    "x": Sender(
        "1471190036205195265",
        {"consumer_secret": "consumer-secret-of-the-app"},
        {"consumer_secret": "consumer-secret-of-another"},
        _hmac("x-twitter-webhooks-signature", "consumer_secret", "base64", "sha256="),
        "x-twitter-webhooks-signature",
    ),
    "telegram": Sender(
        "7123456789",
        {"secret_token": "Telegram-Secret_1"},
        {"secret_token": "Telegram-Secret_2"},
        _plain("x-telegram-bot-api-secret-token", "secret_token"),
        "x-telegram-bot-api-secret-token",
        signs_body=False,
    ),
    "viber": Sender(
        "pa:75346594275468546724",
        {"auth_token": "445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9"},
        {"auth_token": "545da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9"},
        _hmac("x-viber-content-signature", "auth_token", "hex"),
        "x-viber-content-signature",
    ),
    "line": Sender(
        "U8e742f61d673b39c7fff3cecb7536ef0",
        {"channel_secret": _HEX},
        {"channel_secret": _OTHER_HEX},
        _hmac("x-line-signature", "channel_secret", "base64"),
        "x-line-signature",
    ),
    "discourse": Sender(
        "water_board",
        {"secret": "a-hook-secret-of-twelve"},
        {"secret": "another-hook-secret"},
        _hmac("x-discourse-event-signature", "secret", "hex", "sha256="),
        "x-discourse-event-signature",
        more={"x-discourse-event-type": "post", "x-discourse-event": "post_created"},
    ),
    "mastodon": Sender(
        "109302436954721011",
        {"token": "a-token", "webhook_secret": "0123456789" * 4},
        {"token": "another-token", "webhook_secret": "9876543210" * 4},
        _hmac("x-hub-signature", "webhook_secret", "hex", "sha256="),
        "x-hub-signature",
    ),
    "standard": Sender(
        "clinic",
        {"secret": "whsec_" + base64.b64encode(b"k" * 32).decode()},
        {"secret": "whsec_" + base64.b64encode(b"o" * 32).decode()},
        _standard,
        "webhook-signature",
        signs_time=True,
    ),
    "postmark": Sender(
        "info@passports.example",
        {"username": "postmark", "password": "a-long-password"},
        {"username": "postmark", "password": "another-password"},
        _basic,
        "authorization",
        signs_body=False,
    ),
    "mailgun": Sender(
        "info@passports.example",
        {"signing_key": "key-" + _HEX},
        {"signing_key": "key-" + _OTHER_HEX},
        _mailgun,
        None,
        signs_body=False,
        signs_time=True,
    ),
}
"""One line for each platform that pushes."""
