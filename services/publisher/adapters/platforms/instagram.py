"""Replies to comments on Instagram, and answers to private messages to the account.

Sources: Meta, "Instagram Platform: IG Comment", "IG Comment Replies", "Comment moderation"; for messages those of
``meta_messages``. What must stay true:

- A public publication answers a comment, any other a private message, whose thread is the person.
- Replies are flat: one to a reply is filed under the top-level comment, which is the thread. So it is looked for there,
  and the author of the reply is only notified by a mention before the text.
- Graph names the author of a reply; where the account wrote it with this app, as ``user`` as well.
- What the account wrote can be deleted, not changed. Others' comments can be hidden, shown again and deleted.
- ``likes`` is the only number of a comment; a message has none.
- Comments have ids of digits only, messages have not.
- With Instagram's own login everything is the same on another host; ``me`` is the account there and the Page here.
"""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms import meta, meta_messages, meta_nodes, meta_rights, times
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import (
    Absent,
    CannotDo,
    CannotSee,
    Effect,
    Found,
    Measure,
    Outcome,
    Probe,
    Sighting,
    Unmeasured,
    View,
)
from services.publisher.domain.publications import Nature, Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials

PLATFORM: Final = "instagram"
PAGE: Final = 50
PAGES: Final = 4
"""How many pages of replies one look reads."""

DIALECT: Final = meta.Dialect(PLATFORM)
FIELDS: Final = "id,text,timestamp,from,user,username,parent_id,hidden,like_count"
METRICS: Final = {"likes": "like_count"}
_COMMENTS = (frozenset({"instagram_business_manage_comments"}), frozenset({"instagram_manage_comments"}))
_READ = (
    frozenset({"instagram_business_basic", "instagram_business_manage_comments"}),
    frozenset({"instagram_basic", "instagram_manage_comments"}),
)
RIGHTS: Final[meta_rights.Needs] = {
    "reply": _COMMENTS,
    "delete": _COMMENTS,
    "hide": _COMMENTS,
    "read": _READ,
    "reach": _READ,
}


class Instagram(Sparse):
    """Speaks as the professional account whose id is the account."""

    nature = Nature(
        can_look=True,
        absence_proves=True,
        tasks=frozenset({"delete", "hide", "show", "remove"}),
        measures=True,
    )
    needs_credentials = True

    def __init__(self, http: Http, *, default_version: str) -> None:
        self._comments = meta.Graph(http, DIALECT, default_version=default_version)
        self._messages = meta.Graph(http, meta_messages.dialect(PLATFORM), default_version=default_version)

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``POST /{comment-id}/replies`` with ``message``, answers ``{"id": "…"}``; or a private message."""
        assert credentials is not None
        if not publication.public:
            refused = formatting.too_long_for(PLATFORM, publication.text, public=False)
            return refused or await meta_messages.send(self._messages, "me", publication, credentials)
        wording = wording_of(publication)
        refused = formatting.too_long_for(PLATFORM, wording)
        if refused is not None:
            return refused
        path = (publication.reply_to, "replies")
        answer = await self._comments.ask(credentials, "POST", path, {"message": wording})
        return outcome_of(answer) if isinstance(answer, Answer) else answer

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        """``GET /{comment-id}/replies`` of the thread's comment, or the conversation."""
        assert credentials is not None
        since = sent_at - meta.CLOCK_SKEW
        if not publication.public:
            return await meta_messages.find(self._messages, "me", publication, since, taken, credentials)
        try:
            async with asyncio.timeout(self._comments.attempt_seconds):
                return await self._look_through(publication, since, taken, credentials)
        except TimeoutError:
            return CannotSee("there are more replies than one look has time for")

    async def _look_through(
        self, publication: Publication, since: datetime, taken: Collection[str], credentials: Credentials
    ) -> Sighting:
        after = None
        for _ in range(PAGES):
            seen = await self._look(publication, since, taken, credentials, after)
            if not isinstance(seen, str):
                return seen
            after = seen
        return CannotSee("there are more replies than one look shows")

    async def _look(
        self,
        publication: Publication,
        since: datetime,
        taken: Collection[str],
        credentials: Credentials,
        after: str | None,
    ) -> Sighting | str:
        """What one page of replies shows, or the cursor of the next one."""
        query = {"fields": "id,text,timestamp,from,user,username", "limit": str(PAGE)}
        query |= {} if after is None else {"after": after}
        try:
            answer = await self._comments.get(credentials, (publication.thread, "replies"), query)
        except (NothingSent, NoAnswer) as unseen:
            return CannotSee(str(unseen))
        return sighting_of(answer, publication, since, taken)

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        """``POST /{comment-id}`` with ``hide``; ``DELETE /{comment-id}``."""
        assert credentials is not None
        if task.kind == "edit" or not is_comment(task.native_id):
            return CannotDo(f"instagram has no way to {task.kind} this")
        if task.kind in ("hide", "show"):
            return await meta_nodes.update(self._comments, task.native_id, {"hide": task.kind == "hide"}, credentials)
        return await meta_nodes.delete(self._comments, task.native_id, credentials)

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        """``GET /{comment-id}`` or ``GET /{message-id}``."""
        assert credentials is not None
        if not is_comment(native_id):
            return await meta_messages.view(self._messages, native_id, credentials)
        return await meta_nodes.view(self._comments, native_id, FIELDS, "text", credentials)

    async def measure(self, account: str, native_id: str, credentials: Credentials | None) -> Measure:
        """``like_count`` of a comment."""
        assert credentials is not None
        if not is_comment(native_id):
            return Unmeasured("not_offered")
        return await meta_nodes.measure(self._comments, native_id, METRICS, credentials)

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        """The permissions for comments, under the names of either login."""
        return await meta_rights.probe(self._comments, RIGHTS, credentials)


def is_comment(native_id: str) -> bool:
    """Whether an id is that of a comment, not of a message."""
    return native_id.isascii() and native_id.isdigit()


def wording_of(publication: Publication) -> str:
    """The text; before it the name of whom it answers, where Instagram would not notify them otherwise."""
    answers_a_reply = publication.reply_to != publication.thread
    return formatting.with_mention(publication) if answers_a_reply else publication.text


def outcome_of(answer: Answer) -> Outcome:
    """What Instagram's answer to a reply means."""
    return meta.outcome_of(answer, DIALECT, lambda body: body.get("id"))


def sighting_of(answer: Answer, publication: Publication, since: datetime, taken: Collection[str]) -> Sighting | str:
    """Whether a page of replies shows ours; the cursor of the next page where there is one."""
    if meta.is_gone(answer):
        return Absent("the comment itself is gone")
    listed = answer.object().get("data")
    if answer.status != 200 or not isinstance(listed, list):
        return CannotSee(f"status {answer.status}")
    for reply in listed:
        if isinstance(reply, dict) and _is_ours(reply, publication, since) and reply["id"] not in taken:
            return Found(reply["id"])
    return _next_page(answer.object().get("paging")) or Absent()


def _next_page(paging: object) -> str | None:
    cursors = paging.get("cursors") if isinstance(paging, dict) and "next" in paging else None
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return after if isinstance(after, str) else None


def _is_ours(reply: Mapping[str, Any], publication: Publication, since: datetime) -> bool:
    written = times.iso(reply.get("timestamp"))
    author = reply.get("from")
    by_us = reply.get("user") is not None or (isinstance(author, dict) and author.get("id") == publication.account)
    return (
        isinstance(reply.get("id"), str)
        and by_us
        and written is not None
        and written >= since
        and formatting.same_text(wording_of(publication), str(reply.get("text", "")))
    )
