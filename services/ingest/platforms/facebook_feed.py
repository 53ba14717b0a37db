"""Facebook comments as the Graph API lists them: what a webhook would have said of each.

Source: Graph API reference, "Page Feed", "Object Comments", "Comment". What must stay true:

- A comment is the same one, whichever way it came: it is put into the words of the webhook and read by the same rule.
- ``created_time`` is when it was written; of edits nothing is told.
- ``parent`` is there for an answer only.
- A post's ``updated_time`` moves with each comment under it. Where it is missing, the post may have news.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from services.ingest.domain.entries import Reading
from services.ingest.domain.text import required_identifier
from services.ingest.platforms import facebook, meta
from services.ingest.platforms.graph_page import Comments, between, read_items, written_at
from services.ingest.platforms.json_body import as_object
from services.ingest.platforms.meta import Part

POST_FIELDS: Final = "id,updated_time"
COMMENT_FIELDS: Final = "id,message,from{id,name},created_time,parent{id},attachment{type,url,media}"

_ATTACHED: Final[Mapping[str, str]] = {
    "photo": "photo",
    "video": "video",
    "video_inline": "video",
    "share": "link",
}


def posts_with_news(value: object, since: datetime) -> list[str]:
    """The posts of a page of ``GET /{page-id}/feed`` under which something was written since; raises ``Unreadable``."""
    posts = [as_object(item, "A post") for item in read_items(value).items]
    news = [post for post in posts if (written_at(post, "updated_time") or since) >= since]
    return [required_identifier(post.get("id"), "A post has no id.") for post in news]


def read_comments(value: object, page: str, post: str, since: datetime, until: datetime) -> Comments:
    """What a page of ``GET /{post-id}/comments`` has from between two moments; raises ``Unreadable``."""
    found = read_items(value)
    due = between(found.items, "created_time", since, until)
    reading = meta.each(due, "data", page, partial(_read, page, post, until))
    return Comments(tuple(reading), found.after if found.reaches(since, "created_time") else None)


def _read(page: str, post: str, until: datetime, comment: Part) -> Reading:
    sent = written_at(comment, "created_time") or until
    return (facebook.read_comment(page, sent, _as_pushed(comment, post)),)


def _as_pushed(comment: Part, post: str) -> dict[str, Any]:
    parent = comment.get("parent")
    said = {
        "item": "comment",
        "verb": "add",
        "comment_id": comment.get("id"),
        "post_id": post,
        "parent_id": parent.get("id") if isinstance(parent, dict) else post,
        "from": comment.get("from"),
        "message": comment.get("message"),
    }
    attached = comment.get("attachment")
    attached = attached if isinstance(attached, dict) else {}
    kind = _ATTACHED.get(str(attached.get("type")))
    return said if kind is None else {**said, kind: _address(attached)}


def _address(attached: Part) -> object:
    media = attached.get("media")
    image = media.get("image") if isinstance(media, dict) else None
    source = image.get("src") if isinstance(image, dict) else None
    return source if attached.get("type") == "photo" and source is not None else attached.get("url")
