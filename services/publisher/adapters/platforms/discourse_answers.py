"""What Discourse's answers mean: to a reply, to a change, and of a post that is read.

Sources: see ``discourse``. Errors are ``{"errors": [...], "error_type": "..."}`` in the language of the user or of the
forum; ``error_type`` and the status are what is branched on.
"""

from collections.abc import Mapping
from typing import Any

from services.publisher.adapters import metrics
from services.publisher.adapters.http import Answer
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    CannotDo,
    CannotSee,
    Captured,
    CredentialsDead,
    Done,
    Effect,
    Gone,
    Measure,
    Measured,
    Outcome,
    Published,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
    Unmeasured,
    View,
)
from services.publisher.domain.tasks import Kind

PLATFORM = "discourse"
ENQUEUED = "enqueued"
DUPLICATE = "too similar to what you recently posted"
"""``just_posted_that`` in English; in another language a duplicate is ``rejected``, which in doubt means: look."""
BAD_KEY = "API username or key is invalid"
"""``invalid_api_credentials`` in English."""
LIKE = 2
"""``PostActionType``."""
LIMITS = {
    "most_characters": "max_post_length",
    "least_characters": "min_post_length",
    "least_in_messages": "min_personal_message_post_length",
}
"""Site settings that every browser is told (``client: true``)."""


def outcome_of(answer: Answer, base_url: str) -> Outcome:
    """What the answer to a new post means; 403 is not asked of it."""
    body = answer.object()
    if answer.status == 200:
        return _accepted(body, base_url)
    said = _said(answer)
    match answer.status:
        case 401:
            return CredentialsDead(said)
        case 404 | 410:
            return Refused(NOT_POSSIBLE, said)
        case 422 if DUPLICATE in said:
            return Unknown(f"{said}: the same text was just posted")
        case 400 | 422:
            return Refused("rejected", said)
        case 413:
            return Refused("too_long", said)
        case 429:
            return Throttled(wait_of(answer), said)
        case 503 if body.get("error_type") == "read_only":
            return Unavailable(f"{said}: the forum takes nothing while it is read-only")
        case _:
            return Unknown(said)


def _accepted(body: Mapping[str, Any], base_url: str) -> Outcome:
    if body.get("action") == ENQUEUED:
        return Unknown("the reply waits for approval by the forum's staff")
    native_id = id_of(body)
    if native_id is None:
        metrics.UNREADABLE.labels(PLATFORM).inc()
        return Unknown("an answer without a post")
    return Published(native_id, url_of(body, base_url))


def effect_of(answer: Answer, kind: Kind) -> Effect:
    """What the answer to a change means; 403 is not asked of it."""
    said = _said(answer)
    if 200 <= answer.status < 300:
        if kind == "hide" and answer.object().get("hidden") is not True:
            return Unknown("the flag was taken, and the post is not said to be hidden")
        return Done()
    match answer.status:
        case 401:
            return CredentialsDead(said)
        case 404 | 410 if kind in ("delete", "remove"):
            return Done(detail="it was gone already")
        case 404 | 410:
            return CannotDo("the post is gone")
        case 400 | 409 | 422:
            return Refused("rejected", said)
        case 429:
            return Throttled(wait_of(answer), said)
        case _:
            return Unknown(said)


def never(post: Mapping[str, Any], kind: Kind) -> Effect | None:
    """What a post says about a change that was forbidden: that it is so already, or can be no more; None: neither."""
    if kind == "edit" and post.get("can_edit") is False:
        return CannotDo("the forum does not let this post be edited any more")
    hidden = post.get("hidden")
    if (kind == "hide" and hidden is True) or (kind == "show" and hidden is False):
        return Done(detail="it was so already")
    return None


def view_of(answer: Answer) -> View:
    """What a post reads, as evidence."""
    body = answer.object()
    if answer.status in (404, 410):
        return Gone(f"status {answer.status}")
    if answer.status != 200 or id_of(body) is None:
        return CannotSee(f"status {answer.status}")
    if is_gone(body):
        return Gone("the forum says that the post is deleted")
    return Captured(str(body.get("raw", "")), body)


def measure_of(answer: Answer) -> Measure:
    """The numbers of a post. ``actions_summary`` names no action that nobody has taken: no like there is no like."""
    body = answer.object()
    if answer.status in (404, 410) or is_gone(body):
        return Unmeasured("gone")
    if answer.status != 200 or id_of(body) is None:
        return Unmeasured("no_answer", f"status {answer.status}")
    told = {"views": body.get("reads"), "replies": body.get("reply_count"), "quotes": body.get("quote_count")}
    told["likes"] = _likes(body.get("actions_summary"))
    names = {"views": "reads", "replies": "reply_count", "quotes": "quote_count", "likes": "actions_summary like"}
    numbers = {name: value for name, value in told.items() if isinstance(value, int) and not isinstance(value, bool)}
    return Measured(numbers, {name: f"discourse {names[name]}" for name in numbers})


def _likes(summary: object) -> object:
    if not isinstance(summary, list):
        return None
    likes = (one for one in summary if isinstance(one, dict) and one.get("id") == LIKE)
    return next((one.get("count", 0) for one in likes), 0)


def id_of(post: Mapping[str, Any]) -> str | None:
    """A post's id, which Discourse gives as a number."""
    found = post.get("id")
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else None


def url_of(post: Mapping[str, Any], base_url: str) -> str | None:
    """Where people read a post."""
    slug, topic, number = post.get("topic_slug"), post.get("topic_id"), post.get("post_number")
    if not isinstance(topic, int) or not isinstance(number, int):
        return None
    return f"{base_url}/t/{slug if isinstance(slug, str) and slug else '-'}/{topic}/{number}"


def is_gone(post: Mapping[str, Any]) -> bool:
    """Whether a post is deleted, by the staff or by its author."""
    return post.get("deleted_at") is not None or post.get("user_deleted") is True


def is_staff(answer: Answer) -> bool | None:
    """Whether ``GET /session/current.json`` shows somebody of the staff; None where it shows nobody."""
    user = answer.object().get("current_user")
    if answer.status != 200 or not isinstance(user, dict):
        return None
    return user.get("admin") is True or user.get("moderator") is True


def limits_of(answer: Answer) -> dict[str, int]:
    """How long a post may be, of ``GET /site/settings.json``; nothing where the forum does not tell."""
    told = answer.object() if answer.status == 200 else {}
    return {ours: told[theirs] for ours, theirs in LIMITS.items() if type(told.get(theirs)) is int}


def says_key_is_bad(answer: Answer) -> bool:
    """Whether a refusal says in English that the key is not good."""
    return BAD_KEY in _said(answer)


def wait_of(answer: Answer) -> float | None:
    """Seconds until the forum takes more: ``Retry-After``, else ``extras.wait_seconds``."""
    wished = answer.retry_after()
    extras = answer.object().get("extras")
    if wished is None and isinstance(extras, dict) and isinstance(extras.get("wait_seconds"), int | float):
        return float(extras["wait_seconds"])
    return wished


def _said(answer: Answer) -> str:
    errors = answer.object().get("errors")
    words = "; ".join(str(one) for one in errors) if isinstance(errors, list) else ""
    return f"status {answer.status}: {words[:300]}"
