"""Replies to comments under a channel's videos on YouTube.

Sources: YouTube Data API, "Comments" and its methods ``insert``, ``list``, ``update``, ``delete`` and
``setModerationStatus``; "Quota and compliance audits". What must stay true:

- Replies are flat: each stands under the comment directly under the video, which is the thread. So whom a reply is for
  is said by ``@handle`` in its text.
- YouTube knows no key, so after an unknown outcome the thread's replies are read, all of them: in which order they come
  is not promised. One that is not listed is taken for absent: the channel is not held for its own review. (That
  YouTube's filters never hide it from this list is not documented; then at least nobody sees it twice.)
- Writing and moderating cost 50 units each, reading 1, of 10,000 that a whole project has in a day.
- Only a comment's author edits and deletes it. The channel moderates those of others: holding one for review hides it,
  publishing shows it again, and what was rejected stays so.
- ``likeCount`` says who liked a comment; nothing says who saw it.
"""

import asyncio
import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms import youtube_tokens
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.adapters.platforms.deadlines import LOOK_SECONDS
from services.publisher.adapters.platforms.times import iso
from services.publisher.adapters.platforms.youtube_answers import (
    GONE,
    PLATFORM,
    outcome_of,
    page_of,
    reason_of,
    refusal_of,
    said,
)
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import (
    Absent,
    CannotDo,
    CannotSee,
    Captured,
    CredentialsDead,
    Done,
    Effect,
    Found,
    Gone,
    Measure,
    Measured,
    Outcome,
    Probe,
    Probed,
    Refresh,
    Sighting,
    Unavailable,
    Unknown,
    Unmeasured,
    View,
)
from services.publisher.domain.publications import Nature, Publication
from services.publisher.domain.tasks import Kind, Task
from services.publisher.ports import Credentials
from shared import lengths, wordings

MOST_CHARACTERS = lengths.limits(PLATFORM)[0].most
CLOCK_SKEW = timedelta(minutes=2)
"""How far YouTube's clock may lie before ours; ``publishedAt`` has whole seconds besides."""
PAGE = 50
MOST_PAGES = 12
"""A comment has at most 500 replies, as far as anybody has seen."""
LISTED = "kind,nextPageToken,items(id,snippet(authorChannelId,textDisplay,publishedAt,videoId))"
MODERATION: Mapping[Kind, str] = {"hide": "heldForReview", "show": "published", "remove": "rejected"}


class YouTube(Sparse):
    """Replies as the channel, whose id is the account."""

    nature = Nature(
        can_look=True,
        absence_proves=True,
        tasks=frozenset({"edit", "delete", "hide", "show", "remove"}),
        measures=True,
        refreshes=True,
    )
    needs_credentials = True

    def __init__(self, http: Http, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._http = http
        self._look_seconds = look_seconds

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``POST /comments`` under the thread."""
        assert credentials is not None
        wording = formatting.with_mention(publication)
        refused = formatting.too_long_for(PLATFORM, wording)
        if refused is not None:
            return refused
        content = {"snippet": {"parentId": publication.thread, "textOriginal": wording}}
        try:
            answer = await self._write(credentials, "POST", "comments", {"part": "snippet"}, content)
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        return outcome_of(answer)

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        """Read the thread's replies, page by page, and look for ours."""
        assert credentials is not None
        try:
            async with asyncio.timeout(self._look_seconds):
                return await self._look(publication, sent_at - CLOCK_SKEW, taken, credentials)
        except (NothingSent, NoAnswer, TimeoutError) as unseen:
            return CannotSee(str(unseen) or "it took too long")

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        """Edit or delete our own reply, or moderate a citizen's comment."""
        assert credentials is not None
        try:
            match task.kind:
                case "edit":
                    return await self._edit(task, credentials)
                case "delete":
                    answer = await self._write(credentials, "DELETE", "comments", {"id": task.native_id})
                case kind:
                    query = {"id": task.native_id, "moderationStatus": MODERATION[kind]}
                    answer = await self._write(credentials, "POST", "comments/setModerationStatus", query)
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        return effect_of(answer, gone_is_done=task.kind in ("delete", "remove"))

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        """``GET /comments`` by id: what is gone is left out."""
        assert credentials is not None
        try:
            answer = await self._one(native_id, credentials)
        except (NothingSent, NoAnswer) as unseen:
            return CannotSee(str(unseen))
        listed = items_of(answer)
        if listed is None:
            return CannotSee(said(answer))
        if not listed:
            return Gone("not listed")
        comment, snippet = listed[0], _snippet(listed[0])
        text = snippet.get("textOriginal", snippet.get("textDisplay"))
        return Captured(text, comment) if isinstance(text, str) else CannotSee("a comment without a text")

    async def measure(self, account: str, native_id: str, credentials: Credentials | None) -> Measure:
        """``likeCount`` of the comment."""
        assert credentials is not None
        try:
            answer = await self._one(native_id, credentials)
        except (NothingSent, NoAnswer) as unanswered:
            return Unmeasured("no_answer", str(unanswered))
        listed = items_of(answer)
        if not listed:
            return Unmeasured("no_answer" if listed is None else "gone", said(answer))
        likes = _snippet(listed[0]).get("likeCount")
        if type(likes) is not int:
            return Unmeasured("no_answer", "a comment without likeCount")
        return Measured({"likes": likes}, {"likes": "youtube/3 likeCount"})

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        """Whose channel the token opens (``GET /channels?mine=true``), and what it may do there."""
        try:
            answer = await self._read(credentials, "channels", {"part": "id", "mine": "true"})
            channels = items_of(answer)
            if channels is None:
                refused = refusal_of(answer)
                return refused if isinstance(refused, CredentialsDead) else Unknown(said(answer))
            if all(channel.get("id") != account for channel in channels):
                return CredentialsDead("the token is another channel's")
            scopes = await youtube_tokens.scopes(self._http, credentials)
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        return Probed(rights_of(scopes), " ".join(sorted(scopes or ())), {"most_characters": MOST_CHARACTERS})

    async def refresh(self, account: str, credentials: Credentials) -> Refresh:
        """A new access token."""
        return await youtube_tokens.renewed(self._http, credentials)

    async def _look(
        self, publication: Publication, since: datetime, taken: Collection[str], credentials: Credentials
    ) -> Sighting:
        query = {
            "part": "snippet",
            "parentId": publication.thread,
            "textFormat": "plainText",
            "maxResults": str(PAGE),
            "fields": LISTED,
        }
        for _ in range(MOST_PAGES):
            answer = await self._read(credentials, "comments", query)
            sighting, further = sighting_of(answer, publication, since, taken)
            if further is None:
                return sighting
            query["pageToken"] = further
        return CannotSee("more replies than one look shows")

    async def _edit(self, task: Task, credentials: Credentials) -> Effect:
        wording = wordings.with_mention(task.text or "", task.mention)
        refused = formatting.too_long_for(PLATFORM, wording)
        if refused is not None:
            return refused
        content = {"id": task.native_id, "snippet": {"textOriginal": wording}}
        answer = await self._write(credentials, "PUT", "comments", {"part": "snippet"}, content)
        return effect_of(answer, gone_is_done=False)

    async def _one(self, native_id: str, credentials: Credentials) -> Answer:
        return await self._read(
            credentials, "comments", {"part": "id,snippet", "id": native_id, "textFormat": "plainText"}
        )

    async def _read(self, credentials: Credentials, name: str, query: Mapping[str, str]) -> Answer:
        return await self._http.get(PLATFORM, _address(credentials, name, {}), _headers(credentials), query)

    async def _write(
        self,
        credentials: Credentials,
        method: str,
        name: str,
        query: Mapping[str, str],
        content: dict[str, Any] | None = None,
    ) -> Answer:
        """A call that changes something; some have no body at all."""
        headers, body = _headers(credentials), b""
        if content is not None:
            headers["content-type"] = "application/json"
            body = json.dumps(content, ensure_ascii=False).encode()
        return await self._http.request(PLATFORM, method, _address(credentials, name, query), headers, body)


def effect_of(answer: Answer, *, gone_is_done: bool) -> Effect:
    """What the answer to a change means."""
    if answer.status in (200, 204):
        return Done()
    if reason_of(answer) in GONE:
        return Done(detail="it was gone already") if gone_is_done else CannotDo(said(answer))
    return refusal_of(answer)


def sighting_of(
    answer: Answer, publication: Publication, since: datetime, taken: Collection[str]
) -> tuple[Sighting, str | None]:
    """Whether a page of replies shows ours, and the token of the page to look at next, if that is still open."""
    if reason_of(answer) in GONE:
        return Absent("the comment itself is gone"), None
    listed = items_of(answer)
    if listed is None:
        return CannotSee(said(answer)), None
    for reply in listed:
        if _is_ours(reply, publication, since) and reply["id"] not in taken:
            return Found(reply["id"], page_of(reply)), None
    further = answer.object().get("nextPageToken")
    return Absent(), further if isinstance(further, str) and further else None


def items_of(answer: Answer) -> list[dict[str, Any]] | None:
    """What a list has, which leaves ``items`` out where it is empty; None if the answer is no list."""
    content = answer.object()
    if answer.status != 200 or not str(content.get("kind", "")).endswith("ListResponse"):
        return None
    listed = content.get("items", [])
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else None


def rights_of(scopes: frozenset[str] | None) -> dict[str, bool | None]:
    """What a token with these scopes may do; nothing is known where they are not told."""
    may_write = youtube_tokens.MANAGES_COMMENTS in scopes if scopes is not None else None
    may_read = bool(youtube_tokens.READS & scopes) if scopes is not None else True
    rights: dict[str, bool | None] = dict.fromkeys(("reply", "edit", "delete", "hide"), may_write)
    return {**rights, "read": may_read, "reach": may_read}


def _is_ours(reply: dict[str, Any], publication: Publication, since: datetime) -> bool:
    snippet = _snippet(reply)
    author, published = snippet.get("authorChannelId"), iso(snippet.get("publishedAt"))
    return (
        isinstance(reply.get("id"), str)
        and isinstance(author, dict)
        and author.get("value") == publication.account
        and published is not None
        and published >= since
        and formatting.same_text(formatting.with_mention(publication), str(snippet.get("textDisplay", "")))
    )


def _snippet(comment: Mapping[str, Any]) -> dict[str, Any]:
    snippet = comment.get("snippet")
    return snippet if isinstance(snippet, dict) else {}


def _address(credentials: Credentials, name: str, query: Mapping[str, str]) -> str:
    return f"{credentials.base_url}/youtube/v3/{name}" + (f"?{urlencode(query)}" if query else "")


def _headers(credentials: Credentials) -> dict[str, str]:
    return {"authorization": f"Bearer {credentials.token}"}
