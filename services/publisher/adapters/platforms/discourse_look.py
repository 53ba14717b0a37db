"""Looking for a reply on a Discourse forum: where a post stands, what waits for approval, what answers a post.

Source: ``posts_controller.rb``. ``GET /posts/{id}/replies.json`` gives at most 20 at a time, those after a post number;
older forums give all at once and do not know ``after``. Neither shows the Markdown, so a candidate is read by itself.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from services.publisher.adapters.http import Answer
from services.publisher.adapters.platforms import times
from services.publisher.adapters.platforms.discourse_answers import id_of, is_gone, url_of
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import Absent, CannotSee, Found, Sighting
from services.publisher.domain.publications import Publication

CLOCK_SKEW = timedelta(minutes=2)
PAGE = 20
MOST_PAGES = 5
MOST_CANDIDATES = 10

Post = Mapping[str, Any]
Read = Callable[[str], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a post stands: its topic's id and its number within it."""

    topic: int
    number: int


@dataclass(frozen=True, slots=True)
class _Sought:
    """Whose post with which words, not earlier than when, and which it cannot be."""

    username: str
    text: str
    since: datetime
    taken: Collection[str]

    def may_be(self, post: Post) -> bool:
        native_id, created, author = id_of(post), times.iso(post.get("created_at")), post.get("username")
        return (
            native_id is not None
            and native_id not in self.taken
            and isinstance(author, str)
            and author.casefold() == self.username.casefold()
            and created is not None
            and created >= self.since
        )


def place_of(answer: Answer) -> Place | None:
    """Where a post that was read stands, if it is there."""
    post = answer.object()
    topic, number = post.get("topic_id"), post.get("post_number")
    if answer.status != 200 or is_gone(post) or not isinstance(topic, int) or not isinstance(number, int):
        return None
    return Place(topic, number)


async def find(
    read: Read, base_url: str, username: str, publication: Publication, sent_at: datetime, taken: Collection[str]
) -> Sighting:
    """Whether the reply stands. Raises what ``read`` raises."""
    pending = await read(f"/posts/{quote(username, safe='')}/pending.json")
    if _waits(pending, publication.text):
        return CannotSee("the reply waits for approval by the forum's staff")
    sought = _Sought(username, publication.text, sent_at - CLOCK_SKEW, taken)
    found = await _among_replies(read, base_url, publication.reply_to, sought)
    if isinstance(found, Absent) and _pending(pending) is None:
        return CannotSee("not among the replies; what waits for approval is not shown to this key")
    return found


async def _among_replies(read: Read, base_url: str, parent: str, sought: _Sought) -> Sighting:
    path, after, looked_at = f"/posts/{quote(parent, safe='')}/replies.json", 1, 0
    for _ in range(MOST_PAGES):
        answer = await read(f"{path}?after={after}")
        listed = replies_of(answer)
        if listed is None:
            return CannotSee(f"status {answer.status}")
        for post in filter(sought.may_be, listed):
            looked_at += 1
            if looked_at > MOST_CANDIDATES:
                return CannotSee("too many of our own replies to look at each")
            whole = await read(f"/posts/{id_of(post)}.json")
            if whole.status not in (200, 404):
                return CannotSee(f"status {whole.status}")
            if formatting.same_text(sought.text, str(whole.object().get("raw", ""))):
                return Found(str(id_of(post)), url_of(whole.object(), base_url))
        last = max((number_of(post) for post in listed), default=0)
        if len(listed) < PAGE or last <= after:
            return Absent("not among the replies to the post")
        after = last
    return CannotSee("more replies than one look shows")


def replies_of(answer: Answer) -> list[Post] | None:
    """The posts of a page of replies; None where there is no page."""
    try:
        listed = answer.json() if answer.status == 200 else None
    except (ValueError, RecursionError):
        return None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else None


def number_of(post: Post) -> int:
    """A post's number within its topic."""
    number = post.get("post_number")
    return number if isinstance(number, int) else 0


def _waits(pending: Answer, text: str) -> bool:
    return any(formatting.same_text(text, str(one.get("raw_text", ""))) for one in _pending(pending) or ())


def _pending(answer: Answer) -> list[Post] | None:
    listed = answer.object().get("pending_posts")
    if answer.status != 200 or not isinstance(listed, list):
        return None
    return [one for one in listed if isinstance(one, dict)]
