"""What the answers of the YouTube Data API mean.

Sources: YouTube Data API, "Errors", the errors of ``comments.insert``, ``comments.update``, ``comments.delete`` and
``comments.setModerationStatus``, and "Quota and compliance audits". Errors are told apart by their reason, never by
their words. What is refused with a reason was not done, but for ``processingFailure``, which may be temporary. The
day of the quota ends at midnight in Los Angeles, and no header tells how much of it is left.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.publisher.adapters import metrics
from services.publisher.adapters.http import Answer
from services.publisher.adapters.platforms.times import on_the_servers_clock
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    CredentialsDead,
    Outcome,
    Published,
    Refused,
    Throttled,
    Unknown,
)

PLATFORM = "youtube"

DAY_SPENT = frozenset({"quotaExceeded", "dailyLimitExceeded"})
TOO_FAST = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
DEAD = frozenset(
    {
        "authError",
        "authorizationRequired",
        "youtubeSignupRequired",
        "authenticatedUserAccountClosed",
        "authenticatedUserAccountSuspended",
    }
)
UNSURE = frozenset({"processingFailure", "backendError", "internalError"})
GONE = frozenset({"commentNotFound", "parentCommentNotFound", "videoNotFound", "channelNotFound"})
UNANSWERABLE = frozenset({"commentsDisabled", "operationNotSupported", "parentCommentIsPrivate"})
"""There is a comment, but nobody may reply to it, or not we."""
TOO_LONG = "commentTextTooLong"

_PACIFIC = ZoneInfo("America/Los_Angeles")


def reason_of(answer: Answer) -> str:
    """The reason of an error; empty if the answer gives none."""
    error = answer.object().get("error")
    errors = error.get("errors") if isinstance(error, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    reason = first.get("reason") if isinstance(first, dict) else None
    return reason if answer.status >= 400 and isinstance(reason, str) else ""


def said(answer: Answer) -> str:
    """An answer in words for a person."""
    return f"status {answer.status}, {reason_of(answer) or 'no reason given'}"


def outcome_of(answer: Answer) -> Outcome:
    """What the answer to a new reply means."""
    if answer.status == 200:
        native_id = answer.object().get("id")
        if isinstance(native_id, str) and native_id:
            return Published(native_id, page_of(answer.object()))
        metrics.UNREADABLE.labels(PLATFORM).inc()
        return Unknown("a comment without an id")
    refused = refusal_of(answer)
    if isinstance(refused, Refused) and reason_of(answer) in GONE | UNANSWERABLE:
        return Refused(NOT_POSSIBLE, refused.detail)
    return refused


def refusal_of(answer: Answer) -> Throttled | CredentialsDead | Refused | Unknown:
    """Why a call was refused, or that nobody knows whether it was."""
    reason, words = reason_of(answer), said(answer)
    if reason in DAY_SPENT:
        return Throttled(until_midnight(on_the_servers_clock(answer)), words)
    if reason in TOO_FAST or answer.status == 429:
        return Throttled(answer.retry_after(), words)
    if reason in DEAD or answer.status == 401:
        return CredentialsDead(words)
    if reason in UNSURE or not 400 <= answer.status < 500 or answer.status in (408, 409):
        return Unknown(words)
    if reason == TOO_LONG:
        return Refused("too_long", words)
    return Refused("not_permitted" if answer.status == 403 else "rejected", words)


def until_midnight(now: datetime) -> float:
    """Seconds until the quota is new."""
    local = now.astimezone(_PACIFIC)
    tomorrow = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), _PACIFIC)
    return (tomorrow.astimezone(UTC) - now).total_seconds()


def page_of(comment: dict[str, Any]) -> str | None:
    """Where people read a comment, if it says under which video it stands."""
    snippet = comment.get("snippet")
    video = snippet.get("videoId") if isinstance(snippet, dict) else None
    return f"https://www.youtube.com/watch?v={video}&lc={comment['id']}" if isinstance(video, str) and video else None
