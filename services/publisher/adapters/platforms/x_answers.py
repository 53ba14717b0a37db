"""What X's answers mean.

Sources: X developer documentation, "Response codes and errors", "Rate limits", "Manage Posts" (restrictions of 2026),
"Metrics"; "Response codes" of v1.1 for the sentences that v2 has kept. An error is ``{title, detail, type, status}``.
Few have a ``type`` of their own, so that a 403 must be told by its sentence:

- "duplicate content" (of a message: "already said that"): the same words stand there, ours most likely;
- "deleted or not visible to you": what we answer is gone;
- about the app or the account (``client-forbidden`` …, suspended, locked): nothing goes out until a person acts;
- any other, the rule of who may be answered among them: never this reply.
"""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from services.publisher.adapters import metrics
from services.publisher.adapters.http import Answer
from services.publisher.adapters.platforms.x_wording import unescaped
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    CannotDo,
    CannotSee,
    Captured,
    CredentialsDead,
    Done,
    Effect,
    Gone,
    Measured,
    Outcome,
    Published,
    Refused,
    Throttled,
    Unknown,
    Unmeasured,
    View,
)
from services.publisher.domain.tasks import Kind

Refusal = Throttled | Refused | CredentialsDead | Unknown

DUPLICATE = ("duplicate content", "already said that")
PARENT_GONE = ("deleted or not visible to you",)
TOO_LONG = ("text is too long", "text too long")
BLOCKED = ("you have been blocked",)
MUTE = ("your account is suspended", "temporarily locked", "application-only is forbidden")
"""Sentences about the account or the token, whatever is asked of X; a "user" who is suspended is somebody else."""
MUTE_TYPES = ("client-forbidden", "client-not-enrolled", "unsupported-authentication", "oauth1-permissions")
GONE_TYPES = ("resource-not-found", "not-authorized-for-resource", "resource-unavailable")
LIMITS = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
"""What the headers of the three limits begin with: that of the quarter of an hour, and those of the day."""

METRICS = {
    "impression_count": "views",
    "like_count": "likes",
    "reply_count": "replies",
    "retweet_count": "shares",
    "quote_count": "quotes",
    "bookmark_count": "saves",
}


def outcome_of(answer: Answer) -> Outcome:
    """What the answer to a new post or a private message means."""
    if answer.status not in (200, 201):
        return refusal_of(answer)
    data = data_of(answer)
    post, message = data.get("id"), data.get("dm_event_id")
    if isinstance(post, str) and post:
        return Published(post, f"https://x.com/i/web/status/{post}", rest_of(answer))
    if isinstance(message, str) and message:
        return Published(message, None, rest_of(answer))
    metrics.UNREADABLE.labels("x").inc()
    return Unknown("a post without an id")


def effect_of(answer: Answer, kind: Kind) -> Effect:
    """What the answer to a deletion or to hiding means: X says how it is now."""
    if answer.status == 200:
        data = data_of(answer)
        wanted = {"delete": data.get("deleted") is True, "hide": data.get("hidden") is True}
        if wanted.get(kind, data.get("hidden") is False):
            return Done()
        return Unknown("X does not say that it is so")
    refusal = refusal_of(answer)
    if answer.status == 404:
        return Done(detail="it was gone already") if kind == "delete" else CannotDo(refusal.detail)
    # Only replies in conversations that the account began can be hidden.
    return CannotDo(refusal.detail) if isinstance(refusal, Refused) else refusal


def view_of(answer: Answer) -> View:
    """What stands there; what X shows nobody, or not us, is gone."""
    data = data_of(answer)
    whole = data.get("note_tweet")
    text = whole.get("text") if isinstance(whole, dict) else data.get("text")
    if answer.status == 200 and isinstance(text, str):
        return Captured(unescaped(text), answer.object())
    said = said_of(answer)
    return Gone(said) if _is_gone(answer) else CannotSee(said)


def measure_of(answer: Answer) -> Measured | Unmeasured:
    """The public numbers; X counts each version of an edited post on its own."""
    told = data_of(answer).get("public_metrics")
    if answer.status != 200 or not isinstance(told, dict):
        return Unmeasured("gone" if _is_gone(answer) else "no_answer", said_of(answer))
    numbers = {ours: told[theirs] for theirs, ours in METRICS.items() if isinstance(told.get(theirs), int)}
    return Measured(numbers, {METRICS[theirs]: f"x/2 {theirs}" for theirs in METRICS if METRICS[theirs] in numbers})


def refusal_of(answer: Answer) -> Refusal:
    """What an answer means that is no success."""
    said = said_of(answer)
    match answer.status:
        case 401:
            return CredentialsDead(said)
        case 402:
            # The credits are used up; nothing was done, and nobody tells us when they are bought.
            return Throttled(None, said)
        case 403:
            return _forbidden(said)
        case 404:
            return Refused(NOT_POSSIBLE, said)
        case 429:
            return Throttled(rest_of(answer) or answer.retry_after(), said)
        case 400 | 405 | 413 | 422:
            return Refused("rejected", said)
        case _:
            return Unknown(said)


def rest_of(answer: Answer) -> float | None:
    """Seconds until the last spent limit begins anew, on X's own clock; None where something is left of each."""
    headers = answer.headers
    now = _clock(headers)
    waits = [
        reset - now
        for limit in LIMITS
        if _number(headers, f"{limit}-remaining") == 0 and (reset := _number(headers, f"{limit}-reset")) is not None
    ]
    return max(*waits, 0.0) if waits else None


def data_of(answer: Answer) -> dict[str, Any]:
    """The object under ``data``, empty where there is none."""
    data = answer.object().get("data")
    return data if isinstance(data, dict) else {}


def said_of(answer: Answer) -> str:
    """Status and words of an answer, those of its first error where it has several."""
    problem = _problem(answer)
    words = ", ".join(str(problem[name]) for name in ("detail", "type") if problem.get(name))
    return f"status {answer.status}: {words[:300]}"


def _forbidden(said: str) -> Refusal:
    words = said.lower()

    def says(*sentences: str) -> bool:
        return any(sentence in words for sentence in sentences)

    if says(*DUPLICATE):
        return Unknown(said)
    if says(*PARENT_GONE):
        return Refused(NOT_POSSIBLE, said)
    if says(*TOO_LONG):
        return Refused("too_long", said)
    if says(*BLOCKED):
        return Refused("blocked", said)
    return CredentialsDead(said) if says(*MUTE, *MUTE_TYPES) else Refused("not_permitted", said)


def _is_gone(answer: Answer) -> bool:
    """X answers 200 with nothing but ``errors`` where a post is not there."""
    return answer.status == 404 or (answer.status == 200 and any(kind in said_of(answer) for kind in GONE_TYPES))


def _problem(answer: Answer) -> dict[str, Any]:
    body = answer.object()
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return first if isinstance(first, dict) and "detail" not in body else body


def _number(headers: Mapping[str, str], name: str) -> float | None:
    said = headers.get(name, "")
    return float(said) if said.isascii() and said.isdecimal() else None


def _clock(headers: Mapping[str, str]) -> float:
    try:
        return parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return time.time()
