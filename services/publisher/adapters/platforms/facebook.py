"""Replies to comments on a Facebook Page, through the Graph API.

Sources: Graph API reference, object Comment and edge ``/{object-id}/comments``; "Handling errors" for the codes;
"Pages API: Comments and @mentions" for the permissions. Facebook knows no idempotency key, so after an unknown outcome
the thread is read before anything is sent again. A Page may change what it wrote itself; what others wrote under its
posts it may hide, show again and delete. A comment has no numbers but its likes and its replies. A Page's token made
from a long-lived one does not run out, so there is nothing to renew.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms import meta, meta_nodes, meta_rights, times
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import (
    Absent,
    CannotSee,
    Effect,
    Found,
    Measure,
    Outcome,
    Probe,
    Sighting,
    View,
)
from services.publisher.domain.publications import Nature, Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials

PLATFORM = "facebook"
PAGE = 100

DIALECT: Final = meta.Dialect(PLATFORM)
FIELDS: Final = "id,message,from,created_time,parent,attachment,is_hidden,permalink_url,like_count,comment_count"
METRICS: Final = {"likes": "like_count", "replies": "comment_count"}
_ENGAGE = (frozenset({"pages_manage_engagement"}),)
_READ = (frozenset({"pages_read_engagement", "pages_read_user_content"}),)
RIGHTS: Final[meta_rights.Needs] = {
    "reply": _ENGAGE,
    "edit": _ENGAGE,
    "delete": _ENGAGE,
    "hide": _ENGAGE,
    "read": _READ,
    "reach": (frozenset({"pages_read_engagement"}),),
}


class Facebook(Sparse):
    """Replies under comments as the Page, whose id is the account."""

    nature = Nature(
        can_look=True,
        absence_proves=True,
        tasks=frozenset({"edit", "delete", "hide", "show", "remove"}),
        measures=True,
    )
    needs_credentials = True

    def __init__(self, http: Http, *, default_version: str) -> None:
        self._graph = meta.Graph(http, DIALECT, default_version=default_version)

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``POST /{comment-id}/comments`` with ``message``; answers ``{"id": "…"}``."""
        assert credentials is not None
        refused = formatting.too_long_for(PLATFORM, publication.text)
        if refused is not None:
            return refused
        path = (publication.reply_to, "comments")
        answer = await self._graph.ask(credentials, "POST", path, {"message": publication.text})
        return outcome_of(answer) if isinstance(answer, Answer) else answer

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        """Read the newest replies under the comment and look for ours."""
        assert credentials is not None
        query = {
            "filter": "stream",
            "order": "reverse_chronological",
            "fields": "id,message,from,created_time",
            "limit": str(PAGE),
        }
        try:
            answer = await self._graph.get(credentials, (publication.reply_to, "comments"), query)
        except (NothingSent, NoAnswer) as unseen:
            return CannotSee(str(unseen))
        return sighting_of(answer, publication, sent_at - meta.CLOCK_SKEW, taken)

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        """``POST /{comment-id}`` with ``message`` or ``is_hidden``; ``DELETE /{comment-id}``."""
        assert credentials is not None
        match task.kind:
            case "edit":
                text = task.text or ""
                refused = formatting.too_long_for(PLATFORM, text)
                return refused or await meta_nodes.update(self._graph, task.native_id, {"message": text}, credentials)
            case "hide" | "show":
                hidden = {"is_hidden": task.kind == "hide"}
                return await meta_nodes.update(self._graph, task.native_id, hidden, credentials)
            case "delete" | "remove":
                return await meta_nodes.delete(self._graph, task.native_id, credentials)

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        """``GET /{comment-id}``."""
        assert credentials is not None
        return await meta_nodes.view(self._graph, native_id, FIELDS, "message", credentials)

    async def measure(self, account: str, native_id: str, credentials: Credentials | None) -> Measure:
        """``like_count`` and ``comment_count``, of which a Page is told nothing more."""
        assert credentials is not None
        return await meta_nodes.measure(self._graph, native_id, METRICS, credentials)

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        """The token's permissions for this Page."""
        return await meta_rights.probe(self._graph, RIGHTS, credentials, page=account)


def outcome_of(answer: Answer) -> Outcome:
    """What Facebook's answer to a reply means."""
    return meta.outcome_of(answer, DIALECT, lambda body: body.get("id"))


def sighting_of(answer: Answer, publication: Publication, since: datetime, taken: Collection[str]) -> Sighting:
    """Whether the newest replies show ours: the Page's own, same words, not earlier than ``since``."""
    if meta.is_gone(answer):
        return Absent("the comment itself is gone")
    listed = answer.object().get("data")
    if answer.status != 200 or not isinstance(listed, list):
        return CannotSee(f"status {answer.status}")
    replies = [one for one in listed if isinstance(one, dict)]
    for reply in replies:
        if _is_ours(reply, publication, since) and reply["id"] not in taken:
            return Found(reply["id"])
    if len(listed) >= PAGE and not meta.reaches_before(replies, "created_time", since):
        return CannotSee("more replies came since than one look shows")
    return Absent()


def _is_ours(reply: dict[str, Any], publication: Publication, since: datetime) -> bool:
    author = reply.get("from")
    created = times.iso(reply.get("created_time"))
    return (
        isinstance(reply.get("id"), str)
        and isinstance(author, dict)
        and author.get("id") == publication.account
        and created is not None
        and created >= since
        and formatting.same_text(publication.text, str(reply.get("message", "")))
    )
