"""What the answers of a Bluesky server (PDS) mean.

Sources: atproto specification "HTTP API (XRPC)"; lexicons ``com.atproto.repo.*`` and ``com.atproto.server.*``; the PDS;
Bluesky documentation, "Rate Limits". Errors are told apart by their names, never by their words. An outdated token is
answered with 400. What a server refuses by name it has not written; only a 5xx leaves that open.
"""

from services.publisher.adapters import metrics
from services.publisher.adapters.http import Answer
from services.publisher.adapters.platforms.bluesky_records import page_of
from services.publisher.adapters.platforms.budgets import rest_of_rate_limit
from services.publisher.adapters.platforms.times import on_the_servers_clock
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    CredentialsDead,
    Outcome,
    Published,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
)

PLATFORM = "bluesky"

OUTDATED = "ExpiredToken"
OTHERWISE_THERE = "InvalidSwap"
NOT_THERE = "RecordNotFound"
DEAD = frozenset(
    {
        "InvalidToken",
        "AuthMissing",
        "AuthenticationRequired",
        "AuthFactorTokenRequired",
        "AccountTakedown",
        "AccountSuspended",
        "AccountDeactivated",
        "AccountNotFound",
    }
)


def error_of(answer: Answer) -> str:
    """The error's name; empty if the answer names none."""
    error = answer.object().get("error")
    return error if answer.status >= 400 and isinstance(error, str) else ""


def said(answer: Answer) -> str:
    """An answer in words for a person."""
    return f"status {answer.status}, {error_of(answer) or 'no error named'}"


def outcome_of(answer: Answer) -> Outcome:
    """What the answer to a written record means."""
    if answer.status == 200:
        uri = answer.object().get("uri")
        if isinstance(uri, str) and uri:
            return Published(uri, page_of(uri), rest_of_rate_limit(answer.headers, on_the_servers_clock(answer)))
        metrics.UNREADABLE.labels(PLATFORM).inc()
        return Unknown("a record without an address")
    if error_of(answer) == NOT_THERE:
        return Refused(NOT_POSSIBLE, said(answer))
    refused = refusal_of(answer)
    return Unknown(said(answer)) if isinstance(refused, Unavailable) and answer.status >= 500 else refused


def refusal_of(answer: Answer) -> Throttled | CredentialsDead | Unavailable | Refused:
    """Why a call that changes nothing was refused; a server that fails may be asked again."""
    error = error_of(answer)
    if answer.status == 429:
        return Throttled(retry_after(answer), said(answer))
    if answer.status == 401 or error in DEAD:
        return CredentialsDead(said(answer))
    if error == OUTDATED or not 400 <= answer.status < 500:
        return Unavailable(said(answer))
    return Refused("not_permitted" if answer.status == 403 else "rejected", said(answer))


def retry_after(answer: Answer) -> float | None:
    """``Retry-After``, else the time until ``RateLimit-Reset`` (whole seconds since 1970, on the server's clock)."""
    wished = answer.retry_after()
    return _until_reset(answer) if wished is None else wished


def _until_reset(answer: Answer) -> float | None:
    reset = answer.headers.get("ratelimit-reset", "")
    if not (reset.isdecimal() and len(reset) < 16):
        return None
    return max(int(reset) - on_the_servers_clock(answer).timestamp(), 0.0)
