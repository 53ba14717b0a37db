"""What is to be done to something that stands on a platform: putting our own replies right, moderating comments.

    pending ──try──▶ done
       ▲  │          not_possible   (the platform cannot, or it is gone: with the evidence)
       └──┘          failed         (refused, or not carried out in time)

Unlike a publication a task does no harm when it is carried out twice: what is deleted stays deleted. So an unknown
outcome is simply tried again.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    CannotDo,
    CredentialsDead,
    Done,
    Effect,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
)
from services.publisher.domain.pacing import Backoff, honour

Kind = Literal["edit", "delete", "hide", "show", "remove"]
"""Our own reply: ``edit``, ``delete``. A citizen's comment: ``hide``, ``show`` (again), ``remove`` (for good)."""

State = Literal["pending", "done", "not_possible", "failed"]


@dataclass(frozen=True, slots=True)
class Task:
    """One change to one thing on one account.

    ``native_id`` is the platform's id of what is changed, ``thread`` and ``reply_to`` where it stands; ``text`` is what
    an edited reply shall read. It concerns a ``publication`` of ours or a citizen's ``comment``; ``order`` is the id of
    the correction, the retraction or the moderation that asks for it.
    """

    task: str
    agency: str
    platform: str
    account: str
    thread: str
    kind: Kind
    native_id: str
    reply_to: str | None = None
    text: str | None = None
    mention: str | None = None
    language: str | None = None
    reason: str = ""
    case: str = ""
    order: str = ""
    publication: str | None = None
    comment: str | None = None
    traceparent: str | None = None

    @property
    def ours(self) -> bool:
        """Whether it is done to a reply of our own."""
        return self.kind in ("edit", "delete")


@dataclass(frozen=True, slots=True)
class Patience:
    """Waits between tries, and after how long a task has failed."""

    waits: Backoff = field(default_factory=lambda: Backoff(first=2, most=300))
    throttled: timedelta = timedelta(minutes=1)
    give_up_after: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Ending:
    """What a try made of a task; ``due_in`` is when to try again, ``pause`` how long the whole account rests."""

    state: State
    detail: str
    reason: str | None = None
    due_in: timedelta | None = None
    pause: timedelta | None = None


def after_try(effect: Effect, attempts: int, age: timedelta, patience: Patience, chance: float = 0.5) -> Ending:
    """What becomes of a task after its ``attempts``-th try, ``age`` after it was written down."""
    match effect:
        case Done(_, detail):
            return Ending("done", detail)
        case CannotDo(detail):
            return Ending("not_possible", detail, NOT_POSSIBLE)
        case Refused(reason, detail):
            return Ending("not_possible" if reason == NOT_POSSIBLE else "failed", detail, reason)
        case Throttled() | Unavailable() | CredentialsDead() | Unknown():
            if age > patience.give_up_after:
                return Ending("failed", effect.detail, "too_old")
            wait = patience.waits.wait(attempts, chance)
            if isinstance(effect, Throttled):
                rest = max(wait, patience.throttled) if effect.retry_after is None else honour(effect.retry_after, wait)
                return Ending("pending", effect.detail, due_in=rest, pause=rest)
            return Ending("pending", effect.detail, due_in=wait)
