"""Replies to mentions on Mastodon and what speaks its client API.

Source: Mastodon documentation, methods ``statuses`` and ``accounts``, "Rate limits". ``Idempotency-Key`` is honoured
for an hour and for one account: the same key brings back the first status, so an unknown outcome is simply sent again
with it. After that hour the account's own statuses are read; they show at most the newest 40, so an absence there
proves nothing.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
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

PLATFORM = "mastodon"
CLOCK_SKEW = timedelta(minutes=2)
NEWEST = 40
VISIBILITIES = frozenset({"public", "unlisted", "private", "direct"})


class Mastodon(Sparse):
    """Replies to statuses as the account whose token it holds."""

    nature = Nature(idempotent_for=timedelta(hours=1), can_look=True)
    needs_credentials = True

    def __init__(self, http: Http) -> None:
        self._http = http

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``POST /api/v1/statuses`` with the publication's id as ``Idempotency-Key``."""
        assert credentials is not None
        wording = formatting.with_mention(publication)
        refused = formatting.too_long(formatting.mastodon_length(wording), formatting.MASTODON_MOST)
        if refused is not None:
            return refused
        try:
            answer = await self._http.post(
                PLATFORM,
                f"{credentials.base_url}/api/v1/statuses",
                {**_headers(credentials), "idempotency-key": publication.key},
                status_of(publication, wording),
            )
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        return outcome_of(answer)

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        """Read the account's newest own statuses and look for our reply."""
        assert credentials is not None
        address = f"{credentials.base_url}/api/v1/accounts/{quote(publication.account, safe='')}/statuses"
        query = {"exclude_reblogs": "1", "limit": str(NEWEST)}
        try:
            answer = await self._http.get(PLATFORM, address, _headers(credentials), query)
        except (NothingSent, NoAnswer) as unseen:
            return CannotSee(str(unseen))
        return sighting_of(answer, publication, sent_at - CLOCK_SKEW, taken)


def status_of(publication: Publication, wording: str) -> dict[str, Any]:
    """The status to create: never seen by more people than what it answers."""
    status: dict[str, Any] = {
        "status": wording,
        "in_reply_to_id": publication.reply_to,
        "visibility": _visibility(publication),
    }
    if publication.language:
        status["language"] = publication.language
    return status


def _visibility(publication: Publication) -> str:
    if publication.visibility is None:
        return "public" if publication.public else "direct"
    # A word that a fork may have invented is taken as the narrowest that is known.
    return publication.visibility if publication.visibility in VISIBILITIES else "direct"


def outcome_of(answer: Answer) -> Outcome:
    """What the answer to a new status means."""
    body = answer.object()
    if answer.status == 200:
        native_id = body.get("id")
        if isinstance(native_id, str) and native_id:
            url = body.get("url")
            return Published(native_id, url if isinstance(url, str) else None)
        metrics.UNREADABLE.labels(PLATFORM).inc()
        return Unknown("a status without an id")
    said = f"status {answer.status}: {str(body.get('error', ''))[:300]}"
    match answer.status:
        case 401:
            return CredentialsDead(said)
        case 403:
            return Refused("not_permitted", said)
        case 404 | 410:
            return Refused(NOT_POSSIBLE, said)
        case 422 | 400:
            return Refused("rejected", said)
        case 429:
            return Throttled(_retry_after(answer), said)
        case _:
            return Unknown(said)


def _retry_after(answer: Answer) -> float | None:
    """``Retry-After``, else the time until ``X-RateLimit-Reset``, which is an ISO 8601 moment on the server's clock."""
    wished = answer.retry_after()
    if wished is not None:
        return wished
    reset = _time(answer.headers.get("x-ratelimit-reset"))
    now = _http_date(answer.headers.get("date"))
    return max((reset - now).total_seconds(), 0) if reset is not None and now is not None else None


def sighting_of(answer: Answer, publication: Publication, since: datetime, taken: Collection[str]) -> Sighting:
    """Whether the account's newest statuses show our reply."""
    try:
        listed = answer.json() if answer.status == 200 else None
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, list):
        return CannotSee(f"status {answer.status}")
    for status in listed:
        if isinstance(status, dict) and _is_ours(status, publication, since) and status["id"] not in taken:
            url = status.get("url")
            return Found(status["id"], url if isinstance(url, str) else None)
    return Absent(f"not among the newest {len(listed)}")


def _is_ours(status: dict[str, Any], publication: Publication, since: datetime) -> bool:
    created = _time(status.get("created_at"))
    return (
        isinstance(status.get("id"), str)
        and status.get("in_reply_to_id") == publication.reply_to
        and created is not None
        and created >= since
        and formatting.same_status(formatting.with_mention(publication), str(status.get("content", "")))
    )


def _time(said: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _http_date(said: str | None) -> datetime | None:
    try:
        return datetime.strptime(said or "", "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None


def _headers(credentials: Credentials) -> dict[str, str]:
    return {"authorization": f"Bearer {credentials.token}"}
