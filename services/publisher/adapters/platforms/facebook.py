"""Replies to comments on a Facebook Page, through the Graph API.

Sources: Graph API reference, object Comment and edge ``/{object-id}/comments``; "Handling errors" for the codes.
Facebook knows no idempotency key, so after an unknown outcome the thread is read before anything is sent again. The
token travels in the ``Authorization`` header, never in the address, which ends up in logs.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from services.publisher.adapters import metrics
from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    Absent,
    CannotSee,
    CredentialsDead,
    Found,
    Outcome,
    Published,
    Refused,
    Sighting,
    Throttled,
    Unavailable,
    Unknown,
)
from services.publisher.domain.publications import Nature, Publication
from services.publisher.ports import Credentials

PLATFORM = "facebook"
CLOCK_SKEW = timedelta(minutes=2)
"""How far Facebook's clock may lie before ours; ``created_time`` has whole seconds besides."""
PAGE = 100

THROTTLED = frozenset({4, 17, 32, 341, 613, *range(80001, 80015)})
DEAD = frozenset({102, 190})
NOT_PERMITTED = frozenset({3, 10, *range(200, 300)})
UNSURE = frozenset({1, 2})
"""Unknown or temporary on Facebook's side; the comment may have been made before it noticed."""
DUPLICATE = 506
"""An identical comment was just made: ours, most likely."""
BLOCKED = 368
OBJECT_GONE = (100, 33)


class Facebook(Sparse):
    """Replies under comments as the Page, whose id is the account."""

    nature = Nature(can_look=True, absence_proves=True)
    needs_credentials = True

    def __init__(self, http: Http, *, default_version: str) -> None:
        self._http = http
        self._default_version = default_version

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``POST /{comment-id}/comments`` with ``message``; answers ``{"id": "…"}``."""
        assert credentials is not None
        refused = formatting.too_long(len(publication.text), formatting.FACEBOOK_MOST)
        if refused is not None:
            return refused
        try:
            answer = await self._http.post(
                PLATFORM, self._comments(publication, credentials), _headers(credentials), {"message": publication.text}
            )
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        return outcome_of(answer)

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
            answer = await self._http.get(
                PLATFORM, self._comments(publication, credentials), _headers(credentials), query
            )
        except (NothingSent, NoAnswer) as unseen:
            return CannotSee(str(unseen))
        return sighting_of(answer, publication, sent_at - CLOCK_SKEW, taken)

    def _comments(self, publication: Publication, credentials: Credentials) -> str:
        version = credentials.version or self._default_version
        return f"{credentials.base_url}/{version}/{quote(publication.reply_to, safe='')}/comments"


def outcome_of(answer: Answer) -> Outcome:
    """What Facebook's answer to a reply means; by code and subcode, never by text."""
    body = answer.object()
    error = body.get("error")
    if isinstance(error, dict):
        return _refusal(answer, error)
    native_id = body.get("id")
    if 200 <= answer.status < 300 and isinstance(native_id, str) and native_id:
        return Published(native_id)
    if answer.status == 429:
        return Throttled(answer.retry_after())
    metrics.UNREADABLE.labels(PLATFORM).inc()
    return Unknown(f"an answer that is not documented, status {answer.status}")


def _refusal(answer: Answer, error: dict[str, Any]) -> Outcome:
    code, subcode = error.get("code"), error.get("error_subcode")
    said = f"status {answer.status}, code {code}, subcode {subcode}"
    if code in THROTTLED or answer.status == 429:
        return Throttled(answer.retry_after() or _regain_seconds(answer), said)
    if code in DEAD:
        return CredentialsDead(said)
    if code == DUPLICATE:
        return Unknown(f"{said}: the same reply was just made")
    if code in UNSURE or error.get("is_transient") is True:
        return Unknown(said)
    if (code, subcode) == OBJECT_GONE:
        return Refused(NOT_POSSIBLE, said)
    if code in NOT_PERMITTED:
        return Refused("not_permitted", said)
    if code == BLOCKED:
        return Refused("blocked", said)
    if answer.status >= 500:
        return Unknown(said)
    return Refused("rejected", said)


def _regain_seconds(answer: Answer) -> float | None:
    """The longest ``estimated_time_to_regain_access`` (minutes) of ``X-Business-Use-Case-Usage``."""
    usage = Answer(answer.status, {}, answer.headers.get("x-business-use-case-usage", "").encode()).object()
    waits = [
        entry.get("estimated_time_to_regain_access")
        for entries in usage.values()
        if isinstance(entries, list)
        for entry in entries
        if isinstance(entry, dict)
    ]
    minutes = [wait for wait in waits if isinstance(wait, int | float) and wait > 0]
    return max(minutes) * 60.0 if minutes else None


def sighting_of(answer: Answer, publication: Publication, since: datetime, taken: Collection[str]) -> Sighting:
    """Whether the newest replies show ours: the Page's own, same words, not earlier than ``since``."""
    if answer.status == 404 or _is_gone(answer):
        return Absent("the comment itself is gone")
    listed = answer.object().get("data")
    if answer.status != 200 or not isinstance(listed, list):
        return CannotSee(f"status {answer.status}")
    replies = [one for one in listed if isinstance(one, dict)]
    for reply in replies:
        if _is_ours(reply, publication, since) and reply["id"] not in taken:
            return Found(reply["id"])
    if len(listed) >= PAGE and not _reaches_before(replies, since):
        return CannotSee("more replies came since than one look shows")
    return Absent()


def _is_gone(answer: Answer) -> bool:
    error = answer.object().get("error")
    return isinstance(error, dict) and (error.get("code"), error.get("error_subcode")) == OBJECT_GONE


def _is_ours(reply: dict[str, Any], publication: Publication, since: datetime) -> bool:
    author = reply.get("from")
    created = _time(reply.get("created_time"))
    return (
        isinstance(reply.get("id"), str)
        and isinstance(author, dict)
        and author.get("id") == publication.account
        and created is not None
        and created >= since
        and formatting.same_text(publication.text, str(reply.get("message", "")))
    )


def _reaches_before(replies: Iterable[dict[str, Any]], since: datetime) -> bool:
    return any(created < since for one in replies if (created := _time(one.get("created_time"))) is not None)


def _time(said: object) -> datetime | None:
    """``2026-11-22T08:30:00+0000``, as Graph writes it, or any other ISO 8601 time with an offset."""
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _headers(credentials: Credentials) -> dict[str, str]:
    return {"authorization": f"Bearer {credentials.token}"}
