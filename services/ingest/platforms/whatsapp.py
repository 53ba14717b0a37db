"""WhatsApp Cloud API: what people write to a business phone number (object ``whatsapp_business_account``).

Sources: Meta, "WhatsApp webhooks: messages, edit, revoke, smb_message_echoes, group" and "Business-scoped user IDs";
the recorded samples of pywa (``tests/data/updates``). What must stay true:

- The account is the phone number's id, which stands in ``metadata``; the entry names the business that it belongs to,
  so that one entry may speak for several accounts. A body has up to 3 MB.
- A person's id is that given for this business (``user_id``, ``from_user_id``), which is told even of those who hide
  their phone number behind a name. The number, where it is told, is their handle; before 2026 it was all there was.
- An edit and a revocation have ids of their own and name the message that they mean.
- Times are seconds since 1970, written as text.
- What the business itself wrote in the app comes back as ``message_echoes``. Reactions, orders and messages to groups
  are only counted.
- A message that was taken may be reported as ``failed`` in ``statuses``, with the reason in ``errors``, of which the
  first counts; whatever else statuses say (``sent``, ``delivered``, ``read``, ``played``) is counted. They come in no
  order and more than once, and give back the ``biz_opaque_callback_data`` that was sent along.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from services.ingest.domain import language
from services.ingest.domain.entries import Echo, EditedComment, Entry, NewComment, RemovedComment, Unused
from services.ingest.domain.text import clean, clean_name, identifier, required_identifier
from services.ingest.platforms import meta, undelivered
from services.ingest.platforms.base import MEBIBYTE, Platform, Says
from services.ingest.platforms.json_body import as_object, unix_seconds
from services.ingest.platforms.meta import Part
from services.ingest.platforms.whatsapp_content import UNREAD, Content, content_of


class Person(NamedTuple):
    """Who wrote, or is written to; without an id where a change names nobody."""

    id: str | None
    handle: str | None
    name: str | None


Contacts = Mapping[str, Part]
"""The people of a change, by phone number and by user id; under "", the only one of an only message."""

_FIELDS = ("messages", "smb_message_echoes")
_ARRIVING = frozenset({"sent", "delivered", "read", "played"})
_REASONS: Mapping[int, str] = {
    131047: undelivered.WINDOW_CLOSED,
    131049: undelivered.BLOCKED,  # withheld from this person for the health of the ecosystem
    131050: undelivered.BLOCKED,
    131005: undelivered.NOT_PERMITTED,
    131030: undelivered.NOT_PERMITTED,
    130403: undelivered.NOT_PERMITTED,
    130497: undelivered.NOT_PERMITTED,
}
"""The codes of errors that are more than a rejection, like 131026 (nobody there who could receive it)."""
_ONLY = " "
"""The key of the one contact that a body tells of; no id is a space."""


def _read_change(business: str, sent: datetime, change: Part) -> Iterator[Entry]:
    if change.get("field") not in _FIELDS:
        yield Unused(business, "field")
        return
    value = as_object(change.get("value"), "A change's value")
    number = required_identifier(
        as_object(value.get("metadata"), "metadata").get("phone_number_id"), "No number is named."
    )
    for name, read in _LISTS.items():
        if name in value:
            contacts = _contacts(value.get("contacts"), value[name])
            yield from meta.each(value[name], name, number, partial(read, number, contacts, sent))


def _read_message(number: str, contacts: Contacts, sent: datetime, message: Part) -> Iterator[Entry]:
    at = unix_seconds(message.get("timestamp")) or sent
    kind = message.get("type")
    if "group_id" in message:
        yield Unused(number, "group")
    elif kind == "revoke":
        yield _read_revocation(number, contacts, at, message)
    elif kind == "edit":
        yield _read_edit(number, contacts, at, message)
    elif (content := content_of(message)) is None:
        yield Unused(number, UNREAD.get(kind, "type") if isinstance(kind, str) else "type")
    else:
        native_id = required_identifier(message.get("id"), "A message has no id.")
        yield NewComment(**_written(number, native_id, contacts, at, message, content), parent=_answered(message))


def _read_edit(number: str, contacts: Contacts, at: datetime, message: Part) -> Entry:
    edit = as_object(message.get("edit"), "An edit")
    rewritten = as_object(edit.get("message"), "An edited message")
    original = required_identifier(edit.get("original_message_id"), "An edit names no message.")
    content = content_of(rewritten)
    if content is None:
        return Unused(number, "edit")
    written = _written(number, original, contacts, at, message, content)
    key = required_identifier(message.get("id"), "An edit has no id.")
    return EditedComment(**written, parent=_answered(rewritten), revision=key, edited_at=at)


def _read_revocation(number: str, contacts: Contacts, at: datetime, message: Part) -> Entry:
    revoked = as_object(message.get("revoke"), "A revocation")
    original = required_identifier(revoked.get("original_message_id"), "A revocation names no message.")
    return RemovedComment(number, original, at, _sender(contacts, message).id)


def _read_echo(number: str, contacts: Contacts, sent: datetime, echo: Part) -> Iterator[Entry]:
    if echo.get("type") in ("edit", "revoke"):
        yield Unused(number, "own")
        return
    person = _person(contacts, echo.get("to_user_id"), echo.get("to"))
    yield Echo(number, required_identifier(echo.get("id"), "An echo has no id."), person.id, _answered(echo))


def _read_status(number: str, contacts: Contacts, sent: datetime, status: Part) -> Iterator[Entry]:
    kind = status.get("status")
    if kind != "failed":
        yield Unused(number, kind if isinstance(kind, str) and kind in _ARRIVING else "status")
        return
    native_id = required_identifier(status.get("id"), "A status names no message.")
    listed = status.get("errors")
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    code = first.get("code")
    reason = _REASONS.get(code, undelivered.REJECTED) if isinstance(code, int) else undelivered.REJECTED
    detail = f"WhatsApp error {code if isinstance(code, int) else 'unknown'}: {clean_name(first.get('title')) or '?'}"
    carried, at = status.get("biz_opaque_callback_data"), unix_seconds(status.get("timestamp")) or sent
    yield undelivered.undelivered(number, native_id, carried, reason, detail, at)


def _count(kind: str, number: str, contacts: Contacts, sent: datetime, part: Part) -> Iterator[Entry]:
    yield Unused(number, kind)


_LISTS: Mapping[str, Callable[[str, Contacts, datetime, Part], Iterator[Entry]]] = {
    "messages": _read_message,
    "message_echoes": _read_echo,
    "statuses": _read_status,
    "errors": partial(_count, "error"),
}


def _written(
    number: str, native_id: str, contacts: Contacts, at: datetime, message: Part, content: Content
) -> dict[str, Any]:
    """What a message and an edit have in common: who wrote what, and until when an answer is taken."""
    sender = _sender(contacts, message)
    person, text = required_identifier(sender.id, "A message names no sender."), clean(content.text)
    return {
        "account": number,
        "native_id": native_id,
        "author_id": person,
        "text": text,
        "sent_at": at,
        "thread": person,
        "author_name": sender.name,
        "author_handle": sender.handle,
        "language": language.identify(text),
        "media": content.media,
        "public": False,
        "window_ends_at": meta.window_end(at),
    }


def _contacts(listed: object, messages: object) -> Contacts:
    found = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    known = {one[name]: one for one in found for name in ("wa_id", "user_id") if isinstance(one.get(name), str)}
    if len(found) == 1 and isinstance(messages, list):
        known[_ONLY] = found[0]
        if len(messages) == 1:
            known[""] = found[0]  # who may have another number here than there
    return known


def _sender(contacts: Contacts, message: Part) -> Person:
    return _person(contacts, message.get("from_user_id"), message.get("from"))


def _person(contacts: Contacts, user: object, phone: object) -> Person:
    """Who is named by user id, phone number or both."""
    user, phone = identifier(user), identifier(phone)
    contact = contacts.get(user or "") or contacts.get(phone or "") or contacts.get("", {})
    if user is None and phone is None:
        contact = contacts.get(_ONLY, {})  # named by nobody, it can only be of the one who is there
    profile = contact.get("profile")
    profile = profile if isinstance(profile, dict) else {}
    phone = phone or identifier(contact.get("wa_id"))
    return Person(
        user or identifier(contact.get("user_id")) or phone,
        phone or clean_name(profile.get("username")),
        clean_name(profile.get("name")),
    )


def _answered(message: Part) -> str | None:
    """The message that this one answers; one that was only passed on has a context, too."""
    context = message.get("context")
    return identifier(context.get("id")) if isinstance(context, dict) else None


PLATFORM = Platform(
    name="whatsapp",
    says=Says(
        "message id; for an edit its own id", edit=True, delete=True, message=True, health=("signatures", "silence")
    ),
    secrets=meta.SECRETS,
    webhook=meta.webhook("whatsapp_business_account", {"changes": _read_change}, most_bytes=3 * MEBIBYTE),
)
