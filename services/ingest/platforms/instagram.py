"""Instagram: comments under the account's posts and private messages to it (object ``instagram``).

Sources: Meta, "Webhooks reference: Instagram", "Instagram Platform: Webhook notification examples" and "Self
Messaging"; the recorded samples of restfb (``wh-comments*.json``). What must stay true:

- A comment has neither verb nor time: edits, hides and deletions of comments are not told, and the time of sending
  is the nearest to that of writing. Only messages are told to be taken back.
- Comments come as ``changes`` or, with "Business login for Instagram", as the entry itself.
- The account's own comments come back: echoes, known by the account's id or by ``self_ig_scoped_id``.
- A mention names a comment under a stranger's post without its text: only counted.
- ``message_edit`` is documented for Messenger alone; where Instagram sends it, it brings no text: only counted.
"""

from collections.abc import Iterator
from datetime import datetime

from services.ingest.domain import language
from services.ingest.domain.entries import UNKNOWN_AUTHOR, Echo, Entry, NewComment, Unused
from services.ingest.domain.text import clean, clean_name, identifier, required_identifier
from services.ingest.platforms import meta
from services.ingest.platforms.base import TOKEN, Platform, Says
from services.ingest.platforms.json_body import as_object
from services.ingest.platforms.meta import Part
from services.ingest.platforms.meta_messages import read_event

_COMMENTS = ("comments", "live_comments")


def _read_change(account: str, sent: datetime, change: Part) -> Iterator[Entry]:
    field = change.get("field")
    if field in _COMMENTS:
        yield read_comment(account, sent, as_object(change.get("value"), "A change's value"))
    else:
        yield Unused(account, "mention" if field == "mentions" else "field")


def read_comment(account: str, sent: datetime, value: Part) -> Entry:
    """What a comment says that was written at ``sent``; raises ``Unreadable``."""
    comment = required_identifier(value.get("id"), "A comment has no id.")
    parent = identifier(value.get("parent_id"))
    thread = comment if parent is None else None
    author = value.get("from")
    author = author if isinstance(author, dict) else {}
    author_id = identifier(author.get("id")) or UNKNOWN_AUTHOR
    if author_id == account:
        return Echo(account, comment, thread, parent)
    text = clean(meta.words(value.get("text")))
    return NewComment(
        account=account,
        native_id=comment,
        author_id=author_id,
        text=text,
        sent_at=sent,
        thread=thread,
        parent=parent,
        author_handle=clean_name(author.get("username")),
        language=language.identify(text),
    )


PLATFORM = Platform(
    name="instagram",
    says=Says("comment or message id", delete=True, message=True, health=("signatures", "silence", "permission")),
    secrets=meta.SECRETS,
    optional_secrets={"access_token": TOKEN},
    base_url="optional",
    webhook=meta.webhook("instagram", {"changes": _read_change, "messaging": read_event, "standby": read_event}),
)
