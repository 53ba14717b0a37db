"""Private messages as Messenger and Instagram send them: the elements of ``messaging`` and of ``standby``.

Sources: Meta, "Messenger Platform: Webhook events" (messages, message_echoes, messaging_policy_enforcement),
"Webhooks for Instagram Messaging" and "Self Messaging"; the recorded samples of restfb (``messaging-*.json``).
What must stay true:

- No event names its conversation: the thread is the id of the person, who is whoever of sender and recipient the
  account is not.
- ``message.mid`` tells a repeat, and is what a reply, an echo and a deletion name.
- What the account sent comes back with ``is_echo``, whichever app sent it; ``metadata`` is ours only if it is the id
  of a publication.
- In ``standby`` are the messages of threads that another app controls: they are comments all the same.
- Ids are numbers in some samples, and ``payload`` of an attachment may be a text.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice

from services.ingest.domain import language
from services.ingest.domain.entries import (
    Echo,
    Entry,
    Media,
    MediaKind,
    NewComment,
    RemovedComment,
    Revoked,
    Unused,
)
from services.ingest.domain.text import clean, clean_name, identifier, required_identifier
from services.ingest.platforms import meta
from services.ingest.platforms.attached import address, place
from services.ingest.platforms.json_body import as_list, as_object, unix_milliseconds
from services.ingest.platforms.meta import Part

_COUNTED = (
    "delivery", "read", "reaction", "message_edit", "postback", "referral", "optin", "account_linking",
    "pass_thread_control", "take_thread_control", "request_thread_control", "app_roles",
)  # fmt: skip
_KINDS: Mapping[str, MediaKind] = {
    "image": "image",
    "video": "video",
    "reel": "video",
    "ig_reel": "video",
    "audio": "audio",
    "file": "file",
    "sticker": "sticker",
}
_PUBLICATION = "pub_"
_MOST_PUBLICATION_CHARACTERS = 64


def read_event(account: str, sent: datetime, event: Part) -> Iterator[Entry]:
    """What one event says; only messages, and the end of the right to send them, are used."""
    if "message" in event:
        yield _read_message(account, event_time(event) or sent, event)
    elif "policy_enforcement" in event:
        yield _read_enforcement(account, as_object(event["policy_enforcement"], "A policy enforcement"))
    else:
        yield Unused(account, next((kind for kind in _COUNTED if kind in event), "event"))


def event_time(event: Part) -> datetime | None:
    """When it happened, in milliseconds; the same on every retry."""
    return unix_milliseconds(event.get("timestamp"))


def party(event: Part, role: str) -> str | None:
    """The id of the ``sender`` or the ``recipient`` of an event."""
    named = event.get(role)
    return identifier(named.get("id")) if isinstance(named, dict) else None


def _read_message(account: str, at: datetime, event: Part) -> Entry:
    message = as_object(event["message"], "A message")
    mid = required_identifier(message.get("mid"), "A message has no id.")
    sender = party(event, "sender")
    own = sender == account or message.get("is_echo") is True
    if message.get("is_deleted") is True:
        return Unused(account, "own") if own else RemovedComment(account, mid, at, sender)
    if own:
        recipient = party(event, "recipient")
        person = sender if recipient == account else recipient
        return Echo(account, mid, person, _answered(message), _publication(message.get("metadata")))
    if message.get("is_unsupported") is True:
        return Unused(account, "unsupported")
    return _read_words(account, mid, required_identifier(sender, "A message names no sender."), at, message)


def _read_words(account: str, mid: str, person: str, at: datetime, message: Part) -> NewComment:
    text = clean(meta.words(message.get("text")))
    return NewComment(
        account=account,
        native_id=mid,
        author_id=person,
        text=text,
        sent_at=at,
        thread=person,
        parent=_answered(message),
        language=language.identify(text),
        media=_media(message),
        public=False,
        window_ends_at=meta.window_end(at),
    )


def _answered(message: Part) -> str | None:
    """The message that this one answers; an answer to a story answers no message."""
    answered = message.get("reply_to")
    return identifier(answered.get("mid")) if isinstance(answered, dict) else None


def _publication(metadata: object) -> str | None:
    """The publication that was sent with this ``metadata``; other apps write there whatever they like."""
    if not isinstance(metadata, str) or not metadata.startswith(_PUBLICATION):
        return None
    return metadata if metadata.isprintable() and len(metadata) <= _MOST_PUBLICATION_CHARACTERS else None


def _media(message: Part) -> tuple[Media, ...]:
    attachments = message.get("attachments")
    if attachments is None:
        return ()
    listed = (_attached(one) for one in as_list(attachments, "attachments") if isinstance(one, dict))
    # Until August 2026 a sticker comes twice, as the image that it was and as what it is.
    return tuple(dict.fromkeys(islice(listed, meta.MOST_MEDIA)))


def _attached(attachment: Part) -> Media:
    """One attachment; what has no kind of its own here (posts, templates, shares, fallbacks) is a link."""
    kind, payload = attachment.get("type"), attachment.get("payload")
    payload = payload if isinstance(payload, dict) else {}
    url = address(payload.get("url")) or address(attachment.get("url"))
    name = clean_name(attachment.get("title") or payload.get("title"))
    if kind == "location":
        point = payload.get("coordinates")
        point = point if isinstance(point, dict) else {}
        return place(point.get("lat"), point.get("long"), url=url, name=name)
    if "sticker_id" in payload:
        return Media("sticker", url)
    return Media(_KINDS.get(kind, "link") if isinstance(kind, str) else "link", url, name=name)


def _read_enforcement(account: str, enforcement: Part) -> Entry:
    """A block ends the right to send; a warning and the end of a block are only counted."""
    if enforcement.get("action") != "block":
        return Unused(account, "policy_enforcement")
    return Revoked(account, "policy_enforcement", clean_name(enforcement.get("reason")) or "Blocked by Meta.")
