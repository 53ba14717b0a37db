"""Viber: what people write to a bot.

Sources: Viber, "REST API" (callbacks, receive message from user); Viber's own bot library for Python
(``verify_signature``, the types of messages). What must stay true:

- The signature is bare hex over the bytes on the wire, under the text of the bot's authentication token. Neither a time
  nor the delivery is signed: a repeat is told by ``message_token``, a number of 64 bits that must not become a float.
- A body holds one event and does not name the bot. Viber asks with ``webhook`` whether we are there, and an answer to
  ``conversation_started`` would be taken as a welcome message: all answers stay empty.
- A person's id is theirs at this bot alone. All is private, between one person and the bot; a message never says which
  one it answers. There are neither edits nor deletions, what we send never comes back, and no window closes.
- ``timestamp`` counts milliseconds.
- A message that was taken may be reported as ``failed``, in words alone and by its ``message_token``.
- ``sender.language`` is the language of a person's phone, not of what they write.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.ingest.domain import language
from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.domain.entries import Media, MediaKind, NewComment, Reading, Unused
from services.ingest.domain.refusals import BadSignature, Unreadable
from services.ingest.domain.text import clean, clean_name, identifier, required_identifier
from services.ingest.platforms import undelivered
from services.ingest.platforms.attached import address, place
from services.ingest.platforms.base import TOKEN, Headers, Platform, Says, Webhook
from services.ingest.platforms.json_body import as_object, parse_object, unix_milliseconds

_SIGNATURE_HEADER = "x-viber-content-signature"
_UNUSED = frozenset({
    "webhook", "subscribed", "unsubscribed", "conversation_started", "delivered", "seen", "action",
    "client_status",
})  # fmt: skip
_FILES: Mapping[str, MediaKind] = {
    "picture": "image",
    "video": "video",
    "file": "file",
    "sticker": "sticker",
    "url": "link",
}


def authenticate(body: bytes, headers: Headers, secrets: Sequence[SecretSet], now: datetime) -> None:
    """Check ``X-Viber-Content-Signature: <hex>``, an HMAC-SHA256 of the body under the text of the bot's token."""
    given = headers.get(_SIGNATURE_HEADER, "").encode()
    # Every live secret is tried, so that the time taken does not tell which one it was.
    matches = [hmac.compare_digest(_digest(body, generation["auth_token"]), given) for generation in secrets]
    if not any(matches):
        raise BadSignature


def read(body: bytes, headers: Headers, account: Account, now: datetime) -> Reading:
    """The one event that the body tells of; raises ``Unreadable``."""
    event = parse_object(body)
    kind = event.get("event")
    if not isinstance(kind, str):
        raise Unreadable("The body names no event.")
    if kind == "failed":
        token = required_identifier(event.get("message_token"), "What has not arrived has no token.")
        at = unix_milliseconds(event.get("timestamp")) or now
        said = f"Viber: {clean_name(event.get('desc')) or 'failed'}"
        return (undelivered.undelivered(account.account, token, None, undelivered.REJECTED, said, at),)
    if kind != "message":
        return (Unused(account.account, kind if kind in _UNUSED else "event"),)
    sender = as_object(event.get("sender"), "The sender")
    message = as_object(event.get("message"), "The message")
    author_id = required_identifier(sender.get("id"), "The sender has no id.")
    text, media = clean(_words(message)), _media(message)
    if not text and not media:
        return (Unused(account.account, "content"),)
    comment = NewComment(
        account=account.account,
        native_id=required_identifier(event.get("message_token"), "The message has no token."),
        author_id=author_id,
        text=text,
        sent_at=unix_milliseconds(event.get("timestamp")) or now,
        thread=author_id,
        author_name=clean_name(sender.get("name")),
        language=language.identify(text),
        media=media,
        public=False,
    )
    return (comment,)


def _words(message: Mapping[str, Any]) -> str:
    """What was written, alone or under a picture; raises ``Unreadable`` for what is no text."""
    words = message.get("text")
    if words is None:
        return ""
    if not isinstance(words, str):
        raise Unreadable("The message's text is not text.")
    return words


def _media(message: Mapping[str, Any]) -> tuple[Media, ...]:
    """What was attached; nothing for words alone, and for types that nobody knows yet."""
    kind = message.get("type")
    if kind == "location":
        location = as_object(message.get("location"), "location")
        return (place(location.get("lat"), location.get("lon")),)
    if kind == "contact":
        # The number stays in the raw body.
        return (Media("contact", name=clean_name(as_object(message.get("contact"), "contact").get("name"))),)
    if not isinstance(kind, str) or kind not in _FILES:
        return ()
    sticker = identifier(message.get("sticker_id"))
    return (Media(_FILES[kind], address(message.get("media")), sticker, clean_name(message.get("file_name"))),)


def _digest(body: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode(), body, "sha256").hex().encode()


PLATFORM = Platform(
    name="viber",
    says=Says("message_token", reply=False, message=True, health=("signatures", "silence")),
    secrets={"auth_token": TOKEN},
    webhook=Webhook(authenticate, read),
)
