"""What the answers of a Mastodon server mean.

Sources: Mastodon documentation, methods ``statuses``, "Rate limits"; Mastodon's ``RateLimitHeaders`` and controllers.
``X-RateLimit-Reset`` is an ISO 8601 moment on the server's clock, where others send a number.
"""

from services.publisher.adapters import metrics
from services.publisher.adapters.http import Answer
from services.publisher.adapters.platforms.budgets import rest_of_rate_limit
from services.publisher.adapters.platforms.times import iso, on_the_servers_clock
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    CannotDo,
    CredentialsDead,
    Done,
    Effect,
    Outcome,
    Published,
    Refused,
    Throttled,
    Unknown,
)

PLATFORM = "mastodon"

GONE = (404, 410)


def said(answer: Answer) -> str:
    """An answer in words for a person."""
    return f"status {answer.status}: {str(answer.object().get('error', ''))[:300]}"


def outcome_of(answer: Answer) -> Outcome:
    """What the answer to a new status means."""
    if answer.status == 200:
        body = answer.object()
        native_id, url = body.get("id"), body.get("url")
        if isinstance(native_id, str) and native_id:
            rest = rest_of_rate_limit(answer.headers, on_the_servers_clock(answer))
            return Published(native_id, url if isinstance(url, str) else None, rest)
        metrics.UNREADABLE.labels(PLATFORM).inc()
        return Unknown("a status without an id")
    if answer.status in GONE:
        return Refused(NOT_POSSIBLE, said(answer))
    return refusal_of(answer)


def effect_of(answer: Answer, *, gone_is_done: bool) -> Effect:
    """What the answer to a change means."""
    if answer.status == 200:
        return Done()
    if answer.status in GONE:
        return Done(detail="it was gone already") if gone_is_done else CannotDo(said(answer))
    return refusal_of(answer)


def refusal_of(answer: Answer) -> Throttled | CredentialsDead | Refused | Unknown:
    """Why a call was refused, or that nobody knows whether it was."""
    match answer.status:
        case 401:
            return CredentialsDead(said(answer))
        case 403:
            return Refused("not_permitted", said(answer))
        case 422 | 400:
            return Refused("rejected", said(answer))
        case 429:
            return Throttled(retry_after(answer), said(answer))
        case _:
            return Unknown(said(answer))


def retry_after(answer: Answer) -> float | None:
    """``Retry-After``, else the time until ``X-RateLimit-Reset``."""
    wished = answer.retry_after()
    return _until_reset(answer) if wished is None else wished


def _until_reset(answer: Answer) -> float | None:
    reset = iso(answer.headers.get("x-ratelimit-reset"))
    return None if reset is None else max((reset - on_the_servers_clock(answer)).total_seconds(), 0)
