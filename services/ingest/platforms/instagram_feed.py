"""Instagram comments as the Graph API lists them: what a webhook would have said of each.

Source: Instagram Platform reference, "IG User Media", "IG Media Comments", "IG Comment". What must stay true:

- A comment is the same one, whichever way it came: it is put into the words of the webhook and read by the same rule.
- Only here is told when a comment was written (``timestamp``).
- Answers lie under their comment (``replies``) and name it in no other way. They are flat.
- Nothing tells under which picture something was written lately.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from services.ingest.domain.entries import Entry, Reading
from services.ingest.domain.text import required_identifier
from services.ingest.platforms import instagram, meta
from services.ingest.platforms.graph_page import Comments, between, read_items, written_at
from services.ingest.platforms.json_body import as_object
from services.ingest.platforms.meta import Part

_OWN_FIELDS: Final = "id,text,timestamp,from{id,username}"
COMMENT_FIELDS: Final = f"{_OWN_FIELDS},replies.limit(50){{{_OWN_FIELDS}}}"
MEDIA_FIELDS: Final = f"id,comments.limit(50){{{COMMENT_FIELDS}}}"


@dataclass(frozen=True, slots=True)
class Media:
    """What was written under some pictures, and which of them have more: the picture, and the cursor that leads on."""

    reading: Reading
    more: tuple[tuple[str, str], ...]


def read_media(value: object, account: str, since: datetime, until: datetime) -> Media:
    """What a page of ``GET /{ig-user-id}/media`` has from between two moments; raises ``Unreadable``."""
    reading: list[Entry] = []
    more: list[tuple[str, str]] = []
    for item in read_items(value).items:
        picture = as_object(item, "A picture")
        # Without comments there is no list of them.
        comments = read_comments(picture.get("comments", {"data": []}), account, since, until)
        reading += comments.reading
        if comments.after is not None:
            more.append((required_identifier(picture.get("id"), "A picture has no id."), comments.after))
    return Media(tuple(reading), tuple(more))


def read_comments(value: object, account: str, since: datetime, until: datetime) -> Comments:
    """What a page of ``GET /{ig-media-id}/comments`` has from between two moments, with the answers; raises
    ``Unreadable``."""
    found = read_items(value)
    reading = meta.each(found.items[::-1], "data", account, partial(_read, account, since, until))
    return Comments(tuple(reading), found.after if found.reaches(since, "timestamp") else None)


def _read(account: str, since: datetime, until: datetime, comment: Part) -> Iterator[Entry]:
    """A comment and its answers: those of them that are due, for an old comment may have a new answer."""
    for one in between([comment], "timestamp", since, until):
        yield instagram.read_comment(account, written_at(one, "timestamp") or until, one)
    replies = read_items(comment.get("replies", {"data": []})).items
    for reply in between(replies, "timestamp", since, until):
        said = {**as_object(reply, "A reply"), "parent_id": comment.get("id")}
        yield instagram.read_comment(account, written_at(reply, "timestamp") or until, said)
