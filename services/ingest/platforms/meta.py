"""What the webhooks of Meta's products share: the signature, the handshake, and how a body is taken apart.

Sources: Meta, "Webhooks: Getting Started", and the recorded samples of restfb and pywa. What must stay true:

- The signature is over the bytes on the wire, in which Meta escapes non-ASCII; nothing is parsed before it is checked.
- Neither a time nor the delivery is signed: repeats are told by what a body says, never by ``entry.time``, which is
  when Meta sent it and changes with every retry. It counts seconds beside ``changes``, milliseconds beside messages.
- One body may carry entries for several accounts of the app, and an entry several parts. One that is not as
  documented does not take its neighbours along; lists that a platform does not read are counted by their names.
- A private message can be answered for 24 hours (Meta, "Messenger Platform Policy"; "WhatsApp: Send messages").
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.domain.entries import Elsewhere, Entry, Malformed, Reading, Unused
from services.ingest.domain.refusals import BadHandshake, BadSignature, Unreadable
from services.ingest.domain.text import required_identifier
from services.ingest.platforms.base import MEBIBYTE, TOKEN, Answer, Headers, Query, SecretShapes, Webhook
from services.ingest.platforms.json_body import as_list, parse_object, unix_milliseconds, unix_seconds

Part = Mapping[str, Any]
"""An entry of a body, or one of the changes, messages or events in it."""

Reader = Callable[[str, datetime, Part], Iterable[Entry]]
"""What one part says: of which account, when Meta sent it, the part; may raise ``Unreadable``."""

SECRETS: Final[SecretShapes] = {"app_secret": TOKEN, "verify_token": TOKEN}
MOST_MEDIA = 30
"""As many pictures as a message may have; what else a body lists is left out, so that an event stays small."""

_SIGNATURE_HEADER = "x-hub-signature-256"
_LISTS = {"changes": unix_seconds, "messaging": unix_milliseconds, "standby": unix_milliseconds}
_WINDOW = timedelta(hours=24)


def webhook(
    object_name: str,
    readers: Mapping[str, Reader],
    siblings: Mapping[str, str] = MappingProxyType({}),
    *,
    most_bytes: int = MEBIBYTE,
) -> Webhook:
    """The webhook of one of Meta's objects. ``readers`` says by which list of an entry what is read, ``siblings`` which
    lists are another platform's: an app has one webhook for each object."""

    def read(body: bytes, headers: Headers, account: Account, now: datetime) -> Reading:
        envelope = parse_object(body)
        if envelope.get("object") != object_name:
            return (Unused(account.account, "object"),)
        return tuple(
            each(envelope.get("entry"), "entry", account.account, partial(_read_entry, readers, siblings, now))
        )

    return Webhook(authenticate, read, handshake, most_bytes=most_bytes)


def authenticate(body: bytes, headers: Headers, secrets: Sequence[SecretSet], now: datetime) -> None:
    """Check ``X-Hub-Signature-256: sha256=<hex>``, an HMAC-SHA256 of the body under the text of the app secret."""
    algorithm, _, given = headers.get(_SIGNATURE_HEADER, "").partition("=")
    if algorithm != "sha256" or not given.isascii():
        raise BadSignature
    # Every live secret is tried, so that the time taken does not tell which one it was.
    matches = [hmac.compare_digest(_digest(body, generation["app_secret"]), given) for generation in secrets]
    if not any(matches):
        raise BadSignature


def handshake(query: Query, account: Account) -> Answer:
    """Meta asks once with ``hub.challenge``, which is the whole answer if ``hub.verify_token`` is ours."""
    token = query.get("hub.verify_token", "").encode()
    agreed = [hmac.compare_digest(known.encode(), token) for known in account.every("verify_token")]
    if query.get("hub.mode") != "subscribe" or not any(agreed) or "hub.challenge" not in query:
        raise BadHandshake
    return Answer(query["hub.challenge"])


def each(parts: object, name: str, account: str, read: Callable[[Part], Iterable[Entry]]) -> list[Entry]:
    """What ``read`` makes of every part of the list ``name``, malformed ones included; raises ``Unreadable`` if it
    is no list."""
    said: list[Entry] = []
    for part in as_list(parts, name):
        try:
            if not isinstance(part, dict):
                raise Unreadable(f"An element of {name} is not an object.")
            said.extend(read(part))
        except Unreadable as error:
            said.append(Malformed(account, error.reason))
    return said


def words(value: object) -> str:
    """What was written: nothing where only a picture was sent; raises ``Unreadable`` for what is no text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable("What was written is not text.")
    return value


def window_end(sent_at: datetime) -> datetime:
    """Until when a private message can be answered."""
    return sent_at + _WINDOW


def edit_key(text: str, at: datetime | None) -> str:
    """What tells an edit without a number of its own: its time, where it has one that retries keep, and its text."""
    moment = "-" if at is None else f"{at.timestamp():.0f}"
    return f"{moment}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _read_entry(
    readers: Mapping[str, Reader], siblings: Mapping[str, str], now: datetime, entry: Part
) -> Iterator[Entry]:
    account = required_identifier(entry.get("id"), "An entry names no account.")
    if "field" in entry:
        # With "Business login for Instagram" an entry is itself its only change.
        entry = {"time": entry.get("time"), "changes": [entry]}
    elif "changed_fields" in entry:
        yield Unused(account, "changed_fields")  # a subscription without "Include values"
    for name, moment in _LISTS.items():
        if name not in entry:
            continue
        if name in readers:
            sent = moment(entry.get("time")) or now
            yield from each(entry[name], name, account, partial(readers[name], account, sent))
        elif name in siblings:
            yield Elsewhere(account, siblings[name])
        else:
            yield Unused(account, name)


def _digest(body: bytes, secret: str) -> str:
    return hmac.digest(secret.encode(), body, "sha256").hex()
