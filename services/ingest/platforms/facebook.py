"""Facebook Page feed comments (Graph webhooks, object ``page``, field ``feed``).

Sources: Meta, "Webhooks: Getting Started" and "Webhooks for Pages"; the recorded samples of restfb
(``feed-comment-*.json``). What must stay true:

- The signature is over the bytes on the wire, in which Meta escapes non-ASCII; nothing is parsed before it is checked.
- There is no event id and no signed time. An ``add`` is known by its comment id alone; an edit by the time of the
  event and its text; hide and unhide by comparison with what is known.
- ``entry.time`` is when Meta sent it and changes with every retry, so it never tells two events apart.
- The Page's own replies come back as comments by the Page: echoes.
- One POST may carry entries for several Pages of the app.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.ingest.domain import language
from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.domain.entries import (
    UNKNOWN_AUTHOR,
    Echo,
    EditedComment,
    Entry,
    HiddenComment,
    Malformed,
    Media,
    MediaKind,
    NewComment,
    Reading,
    RemovedComment,
    ShownComment,
    Unused,
)
from services.ingest.domain.refusals import BadHandshake, BadSignature, Unreadable
from services.ingest.domain.text import clean, clean_name, identifier
from services.ingest.platforms.base import TOKEN, Answer, Headers, Platform, Query, Says, Webhook
from services.ingest.platforms.json_body import as_list, as_object, parse_object, unix_seconds

_SIGNATURE_HEADER = "x-hub-signature-256"
_VISIBILITY: Mapping[str, type[HiddenComment | ShownComment]] = {"hide": HiddenComment, "unhide": ShownComment}
_EDITS = frozenset({"edited", "edit"})
_REMOVALS = frozenset({"remove", "delete"})


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


def read(body: bytes, headers: Headers, account: Account, now: datetime) -> Reading:
    """Every change of every entry; raises ``Unreadable`` where the envelope is not Meta's."""
    envelope = parse_object(body)
    if envelope.get("object") != "page":
        return (Unused(account.account, "object"),)
    entries = as_list(envelope.get("entry"), "entry")
    return tuple(entry for page in entries for entry in _read_page(page, now))


def _read_page(value: object, now: datetime) -> Iterator[Entry]:
    page = as_object(value, "An entry")
    account = identifier(page.get("id"))
    if account is None:
        raise Unreadable("An entry names no page.")
    changes = page.get("changes")
    if not isinstance(changes, list):
        # Messenger's entries, or a subscription without "Include values".
        yield Unused(account, "changed_fields" if "changed_fields" in page else "messaging")
        return
    sent = unix_seconds(page.get("time")) or now
    for change in changes:
        try:
            yield _read_change(account, as_object(change, "A change"), sent)
        except Unreadable as error:
            yield Malformed(account, error.reason)


def _read_change(account: str, change: Mapping[str, Any], sent: datetime) -> Entry:
    if change.get("field") != "feed":
        return Unused(account, "field")
    value = as_object(change.get("value"), "A change's value")
    if value.get("item") != "comment":
        return Unused(account, "item")
    comment = identifier(value.get("comment_id"))
    if comment is None:
        raise Unreadable("A comment has no id.")
    return _read_comment(account, comment, value, unix_seconds(value.get("created_time")) or sent)


def _read_comment(account: str, comment: str, value: Mapping[str, Any], at: datetime) -> Entry:
    verb = value.get("verb")
    if not isinstance(verb, str):
        raise Unreadable("A comment's change has no verb.")
    if verb in _REMOVALS:
        return RemovedComment(account, comment, at)
    if verb in _VISIBILITY:
        return _VISIBILITY[verb](account, comment, at)
    if verb != "add" and verb not in _EDITS:
        return Unused(account, "verb")
    return _read_text(account, comment, value, at, edited=verb in _EDITS)


def _read_text(account: str, comment: str, value: Mapping[str, Any], at: datetime, *, edited: bool) -> Entry:
    author_id, author_name = _author(value)
    thread, parent = _place(comment, value)
    if author_id == account:
        # An edit of our own reply changes nothing for the citizen's comment.
        return Unused(account, "own") if edited else Echo(account, comment, thread, parent)
    text = clean(_message(value))
    spoken = language.identify(text)
    if not edited:
        return NewComment(
            account, comment, author_id, text, at, thread, parent, author_name, language=spoken, media=_media(value)
        )
    return EditedComment(
        account=account,
        native_id=comment,
        author_id=author_id,
        text=text,
        sent_at=at,
        thread=thread,
        parent=parent,
        author_name=author_name,
        language=spoken,
        media=_media(value),
        revision=_edit_key(value, text, at),
        edited_at=at,
    )


def _author(value: Mapping[str, Any]) -> tuple[str, str | None]:
    """Who wrote it; older API versions say ``sender_id``, and without the permission nobody is named."""
    sender = value.get("from")
    if isinstance(sender, dict):
        return identifier(sender.get("id")) or UNKNOWN_AUTHOR, clean_name(sender.get("name"))
    return identifier(value.get("sender_id")) or UNKNOWN_AUTHOR, clean_name(value.get("sender_name"))


def _place(comment: str, value: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Thread and parent. A comment directly under the post starts a thread; a reply stands in its parent's."""
    parent = identifier(value.get("parent_id"))
    if parent is None or parent == comment or parent == identifier(value.get("post_id")):
        return comment, None
    return None, parent


def _message(value: Mapping[str, Any]) -> str:
    """What was written; a comment of only a photo or a sticker has no message."""
    message = value.get("message", "")
    if message is None:
        return ""
    if not isinstance(message, str):
        raise Unreadable("A comment's message is not text.")
    return message


def _media(value: Mapping[str, Any]) -> tuple[Media, ...]:
    """A photo, or the address of a video or a link (restfb's ``feed-comment-add-with-photo`` has ``photo``)."""
    kinds: tuple[tuple[str, MediaKind], ...] = (("photo", "image"), ("video", "video"), ("link", "link"))
    return tuple(Media(kind, url) for name, kind in kinds if isinstance(url := value.get(name), str))


def _edit_key(value: Mapping[str, Any], text: str, at: datetime) -> str:
    # Without a time of its own an edit is told by its text alone: the time of sending changes with each retry.
    moment = f"{at.timestamp():.0f}" if "created_time" in value else "-"
    return f"{moment}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _digest(body: bytes, secret: str) -> str:
    return hmac.digest(secret.encode(), body, "sha256").hex()


PLATFORM = Platform(
    name="facebook",
    says=Says("comment id; for an edit its time and text", edit=True, delete=True, health=("signatures", "silence")),
    secrets={"app_secret": TOKEN, "verify_token": TOKEN},
    webhook=Webhook(authenticate, read, handshake),
)
