"""LINE Official Accounts: messages from people, groups and rooms.

Sources: LINE Developers, "Messaging API reference" (webhook event objects, edit event), "Receive messages (webhook)",
"Verify webhook signature"; LINE's ``webhook.yml``. What must stay true:

- The signature is bare base64 under the text of the channel secret, which looks like hex and is not decoded. A secret
  that is issued anew ends the old one at once on LINE's side.
- ``events`` is empty when the console verifies the address. A body may hold events of several people and kinds.
- A message's id is what makes it one comment. ``webhookEventId`` stays the same when an event is delivered again, so
  that it tells one edit from another; ``timestamp`` is when it happened, not when it was sent, and orders edits.
- Text can be edited in groups only, by now. ``unsend`` asks us to let go of a message.
- ``userId`` is missing where a person in a group has not agreed to it. All is private: a group is a closed circle.
- What we send never comes back, and a push is taken at any time: there are neither echoes nor windows.
- ``standby`` means that another channel may speak in this chat at the moment and we should not. A citizen has written
  to the agency all the same, so it is a comment: who answers it is decided later, and the other channel tells nothing.
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.ingest.domain import language
from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.domain.entries import (
    ORIGINAL,
    UNKNOWN_AUTHOR,
    EditedComment,
    Entry,
    Malformed,
    Media,
    MediaKind,
    NewComment,
    Reading,
    RemovedComment,
    Unused,
)
from services.ingest.domain.refusals import BadSignature, Unreadable
from services.ingest.domain.text import clean, clean_name, identifier, required_identifier
from services.ingest.platforms.attached import address, place
from services.ingest.platforms.base import TOKEN, Headers, Platform, Says, Webhook
from services.ingest.platforms.json_body import as_list, as_object, parse_object, unix_milliseconds

_SIGNATURE_HEADER = "x-line-signature"
_FILES: Mapping[str, MediaKind] = {"image": "image", "video": "video", "audio": "audio", "file": "file"}
_CHATS: Mapping[str, str] = {"user": "userId", "group": "groupId", "room": "roomId"}
_UNUSED = frozenset({"follow", "unfollow", "join", "leave", "memberJoined", "memberLeft", "postback", "beacon"})


def authenticate(body: bytes, headers: Headers, secrets: Sequence[SecretSet], now: datetime) -> None:
    """Check ``x-line-signature: <base64>``, an HMAC-SHA256 of the body under the text of the channel secret."""
    given = headers.get(_SIGNATURE_HEADER, "")
    if not given.isascii():
        raise BadSignature
    # Every live secret is tried, so that the time taken does not tell which one it was.
    matches = [hmac.compare_digest(_signature(body, generation["channel_secret"]), given) for generation in secrets]
    if not any(matches):
        raise BadSignature


def read(body: bytes, headers: Headers, account: Account, now: datetime) -> Reading:
    """Every event; raises ``Unreadable`` where the envelope is not LINE's."""
    envelope = parse_object(body)
    destination = identifier(envelope.get("destination")) or account.account
    return tuple(_read_event(event, destination, now) for event in as_list(envelope.get("events"), "events"))


def _read_event(value: object, account: str, now: datetime) -> Entry:
    try:
        event = as_object(value, "An event")
        kind = event.get("type")
        if kind in ("message", "messageEdited"):
            return _read_message(event, account, now, edited=kind == "messageEdited")
        if kind == "unsend":
            message = as_object(event.get("unsend"), "unsend").get("messageId")
            native_id = required_identifier(message, "An unsent message has no id.")
            thread = _chat(event)[1] if "source" in event else None
            return RemovedComment(account, native_id, _time(event) or now, thread)
        return Unused(account, kind if isinstance(kind, str) and kind in _UNUSED else "event")
    except Unreadable as error:
        return Malformed(account, error.reason)


def _read_message(event: Mapping[str, Any], account: str, now: datetime, *, edited: bool) -> Entry:
    message = as_object(event.get("message"), "A message")
    native_id = required_identifier(message.get("id"), "A message has no id.")
    content = _content(message, native_id)
    if content is None:
        return Unused(account, "message")
    text, media = content
    kind_of_chat, thread = _chat(event)
    sent_at = _time(event) or now
    kind = EditedComment if edited else NewComment
    return kind(
        account=account,
        native_id=native_id,
        author_id=identifier(event["source"].get("userId")) or UNKNOWN_AUTHOR,
        text=text,
        sent_at=sent_at,
        thread=thread,
        parent=identifier(message.get("quotedMessageId")),
        language=language.identify(text),
        media=media,
        public=False,
        visibility=kind_of_chat,
        revision=required_identifier(event.get("webhookEventId"), "An edit has no id.") if edited else ORIGINAL,
        edited_at=sent_at if edited else None,
    )


def _chat(event: Mapping[str, Any]) -> tuple[str, str]:
    """The kind of chat in LINE's word, and its id: that of the person, the group or the room."""
    source = as_object(event.get("source"), "A source")
    kind = source.get("type")
    if not isinstance(kind, str) or kind not in _CHATS:
        raise Unreadable("A source is neither a user nor a group nor a room.")
    return kind, required_identifier(source.get(_CHATS[kind]), "A source has no id.")


def _content(message: Mapping[str, Any], native_id: str) -> tuple[str, tuple[Media, ...]] | None:
    """Words and what came with them; None for a kind of message that nobody knows yet."""
    kind = message.get("type", "text")
    if kind == "text":
        return _text(message.get("text")), ()
    if kind == "sticker":
        # Some stickers carry words that the sender put in.
        return _text(message.get("text", "")), (Media("sticker", native_id=identifier(message.get("stickerId"))),)
    if kind == "location":
        return "", (_location(message),)
    if isinstance(kind, str) and kind in _FILES:
        return "", (_file(_FILES[kind], message, native_id),)
    return None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Unreadable("A message's text is not text.")
    return clean(value)


def _file(kind: MediaKind, message: Mapping[str, Any], native_id: str) -> Media:
    """A file, which LINE keeps under the message's id unless it is kept elsewhere."""
    provider = message.get("contentProvider")
    url = provider.get("originalContentUrl") if isinstance(provider, dict) else None
    return Media(kind, address(url), native_id, clean_name(message.get("fileName")))


def _location(message: Mapping[str, Any]) -> Media:
    """A place, by its title, or else its street."""
    name = clean_name(message.get("title")) or clean_name(message.get("address"))
    return place(message.get("latitude"), message.get("longitude"), name=name)


def _time(event: Mapping[str, Any]) -> datetime | None:
    return unix_milliseconds(event.get("timestamp"))


def _signature(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


PLATFORM = Platform(
    name="line",
    says=Says(
        "message id; for an edit the webhookEventId",
        edit=True,
        delete=True,
        message=True,
        health=("signatures", "silence"),
    ),
    secrets={"channel_secret": TOKEN},
    webhook=Webhook(authenticate, read),
)
