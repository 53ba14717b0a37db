"""Messenger: what people write to a Page in private (object ``page``, ``messaging`` and ``standby``).

Sources: Meta, "Messenger Platform: Webhook events" (messages, message_edits); the recorded samples of restfb
(``messaging-message-edits.json``). The account is the Page's id, the person's the id that Meta gives them for this
Page (PSID). An edit says only the new words and how often the message was edited, which tells a repeat from the next
edit; the number is a text in some samples.
"""

from collections.abc import Iterator
from datetime import datetime

from services.ingest.domain import language
from services.ingest.domain.entries import EditedComment, Entry, Unused
from services.ingest.domain.text import clean, identifier, required_identifier
from services.ingest.platforms import meta, meta_messages
from services.ingest.platforms.base import Platform, Says
from services.ingest.platforms.json_body import as_object
from services.ingest.platforms.meta import Part


def _read_event(page: str, sent: datetime, event: Part) -> Iterator[Entry]:
    if "message_edit" in event:
        yield _read_edit(page, sent, event)
    else:
        yield from meta_messages.read_event(page, sent, event)


def _read_edit(page: str, sent: datetime, event: Part) -> Entry:
    edit = as_object(event["message_edit"], "An edit")
    mid = required_identifier(edit.get("mid"), "An edit names no message.")
    person = required_identifier(meta_messages.party(event, "sender"), "An edit names no sender.")
    if person == page:
        return Unused(page, "own")
    happened = meta_messages.event_time(event)
    at, text = happened or sent, clean(meta.words(edit.get("text")))
    number = identifier(edit.get("num_edit"))
    return EditedComment(
        account=page,
        native_id=mid,
        author_id=person,
        text=text,
        sent_at=at,
        thread=person,
        language=language.identify(text),
        public=False,
        window_ends_at=meta.window_end(at),
        revision=meta.edit_key(text, happened) if number is None else f"edit:{number}",
        edited_at=at,
    )


PLATFORM = Platform(
    name="messenger",
    says=Says(
        "message id; for an edit its number",
        edit=True,
        delete=True,
        message=True,
        health=("signatures", "silence", "permission"),
    ),
    secrets=meta.SECRETS,
    webhook=meta.webhook("page", {"messaging": _read_event, "standby": _read_event}, {"changes": "facebook"}),
)
