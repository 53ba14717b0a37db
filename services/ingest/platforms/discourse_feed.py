"""Discourse posts as the forum lists them: what a webhook would have said of each.

Source: Discourse's own code (``posts_controller.rb`` and ``LatestPostsQuery``). What must stay true:

- A post is the same one, whichever way it came: it is read by the rule of the webhook. One that has been edited since
  (``version``) is read as that edit.
- Ids grow. Newest first, at most 50; ``before`` gives those below an id. Older versions give those from that id
  itself to 50 ids below it, whether or not posts that may be read are among those: there, no post is not yet the end.
- Only what everybody may read is listed, private messages and hidden posts are not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Malformed, Reading
from services.ingest.domain.refusals import Unreadable
from services.ingest.platforms import discourse
from services.ingest.platforms.json_body import as_list, as_object, count, timestamp

OLD_WINDOW: Final = 50
"""How many ids an older Discourse looks through for one page."""


@dataclass(frozen=True, slots=True)
class Posts:
    """A page of posts, oldest first: what those say that were written by a given moment, and their ids.

    ``listed`` are the ids of all, ``oldest`` is when the first of them was written, None for an empty page.
    """

    reading: Reading
    ids: tuple[int, ...]
    listed: tuple[int, ...]
    oldest: datetime | None


def read_posts(value: object, account: Account, until: datetime, now: datetime) -> Posts:
    """What a page of ``GET /posts.json`` has that was written by ``until``; raises ``Unreadable``."""
    listed = as_list(as_object(value, "The page").get("latest_posts"), "latest_posts")
    posts = sorted((as_object(item, "A post") for item in listed), key=_id)
    due = [post for post in posts if (_written_at(post) or until) <= until]
    reading = tuple(entry for post in due for entry in _read(post, account, now))
    oldest = min((moment for post in posts if (moment := _written_at(post))), default=None)
    return Posts(reading, tuple(map(_id, due)), tuple(map(_id, posts)), oldest)


def _read(post: Mapping[str, Any], account: Account, now: datetime) -> Reading:
    event = "post_edited" if (count(post.get("version")) or 1) > 1 else "post_created"
    try:
        return discourse.read_post(event, post, account, now)
    except Unreadable as error:
        return (Malformed(account.account, error.reason),)


def _written_at(post: Mapping[str, Any]) -> datetime | None:
    return timestamp(post.get("created_at"))


def _id(post: Mapping[str, Any]) -> int:
    found = post.get("id")
    if not isinstance(found, int) or isinstance(found, bool):
        raise Unreadable("A post has no id.")
    return found
