"""What to do with a publication that was claimed, and what an attempt, a look or a person makes of it.

Everything here is pure: progress and an outcome in, a settlement out. The story of the states is told in
``publications``.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from services.publisher.domain.outcomes import (
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
from services.publisher.domain.pacing import Backoff, honour
from services.publisher.domain.publications import Aim, Nature, Progress, State

NO_ANSWER = "no_answer"
TOO_OLD = "too_old"
GIVEN_UP = "given_up"
WINDOW_CLOSED = "window_closed"
SUPERSEDED = "superseded"
"""The reason of what an answer has overtaken; open publications bear it from the moment that the answer is known."""
SENT_AGAIN = "sent_again"
"""Why something is pending of which a person decided that it go out, or go on: it is tried however old it is."""
OPEN_REASONS = (None, NO_ANSWER, SENT_AGAIN)
"""With these a doubtful publication was refused by nobody."""
NOW = timedelta(0)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Waits and limits. ``settle_after`` is how long a sent reply may take to become visible, ``under_way`` how long a
    platform may go on with an attempt that it has not answered."""

    failures: Backoff = field(default_factory=lambda: Backoff(first=1, most=300))
    looks: Backoff = field(default_factory=lambda: Backoff(first=1, most=60))
    parked: Backoff = field(default_factory=lambda: Backoff(first=5, most=60))
    throttled: timedelta = timedelta(minutes=1)
    settle_after: timedelta = timedelta(minutes=10)
    give_up_after: timedelta = timedelta(hours=24)
    most_resends: int = 3
    key_margin: timedelta = timedelta(minutes=1)
    under_way: timedelta = timedelta(minutes=1)

    def key_known_after(self, nature: Nature) -> timedelta:
        """How long after an attempt its key is certain to be known, if the attempt was carried out: what has settled is
        no longer under way."""
        return min(self.under_way, self.settle_after) if nature.learns_key_late else NOW


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is written down after an attempt.

    ``due_in`` is when to take it up again (None: never by itself), ``pause`` how long the whole account rests.
    """

    progress: Progress
    due_in: timedelta | None = None
    detail: str | None = None
    native_id: str | None = None
    url: str | None = None
    pause: timedelta | None = None


Step = Literal["send", "look", "give_up", "too_late", "superseded", "retracted"]


def next_step(
    progress: Progress, nature: Nature, policy: RetryPolicy, now: datetime, valid_until: datetime | None = None
) -> Step:
    """What to do with a publication that was just claimed; ``progress`` is as it was before the claim."""
    if progress.retracting:
        return "look" if progress.in_doubt else "retracted"
    if progress.reason == SUPERSEDED:
        # Even under the same key it could appear after the answer.
        return "look" if progress.in_doubt else "superseded"
    is_late = valid_until is not None and now >= valid_until
    if is_late:
        # What may stand already is looked for; to send it again, even under the same key, could publish it late.
        return "look" if progress.in_doubt else "too_late"
    if not progress.in_doubt:
        is_old = now - progress.recorded_at > policy.give_up_after
        return "give_up" if is_old and progress.reason != SENT_AGAIN else "send"
    known_since = progress.first_sent_at or progress.sent_at or progress.recorded_at
    # Even where a key is known for ever: what stays open for so long is a person's business.
    key_lives = now < known_since + min(nature.idempotent_for - policy.key_margin, policy.give_up_after)
    # Two of one key at once could both be carried out where the platform learns a key only with the reply.
    key_known = now >= (progress.sent_at or progress.recorded_at) + policy.key_known_after(nature)
    # A refusal in doubt says nothing about the reply that may stand already: only a look does.
    return "send" if key_lives and key_known and progress.reason in OPEN_REASONS else "look"


def after_send(
    progress: Progress,
    outcome: Outcome,
    policy: RetryPolicy,
    *,
    started: datetime,
    troubles: int = 0,
    chance: float = 0.5,
) -> Settlement:
    """What becomes of a publication that was sent at ``started``; ``troubles`` are its account's in a row so far."""
    match outcome:
        case Published(native_id, url, rest):
            settlement = _published(progress, native_id, url)
            return settlement if rest is None else replace(settlement, pause=_rest(rest))
        case Unknown(detail):
            return _doubt(progress, policy, detail, started, chance)
        case Refused(reason, detail) if progress.in_doubt:
            return _still_unknown(progress, policy, detail, chance, reason=reason)
        case Refused(reason, detail):
            return _failed(progress, reason, detail)
        case Throttled(retry_after, detail):
            wait = _throttled(progress, retry_after, policy, chance)
            return replace(_put_off(progress, detail, wait), pause=wait)
        case Unavailable(detail):
            wait = policy.failures.wait(progress.failures + 1, chance)
            return replace(_put_off(progress, detail, wait), pause=policy.failures.wait(troubles + 1, chance))
        case CredentialsDead(detail):
            # Due at once: only the account waits, so that new credentials free everything together.
            return replace(_put_off(progress, detail, NOW), pause=policy.parked.wait(troubles + 1, chance))


def after_look(
    progress: Progress,
    sighting: Sighting,
    nature: Nature,
    policy: RetryPolicy,
    *,
    now: datetime,
    purpose: Aim = "answer",
    chance: float = 0.5,
) -> Settlement:
    """What becomes of a doubtful publication after a look."""
    if isinstance(sighting, Found):
        return _published(progress, sighting.native_id, sighting.url)
    age = now - (progress.sent_at or progress.recorded_at)
    if age < policy.settle_after:
        settlement = _still_unknown(progress, policy, sighting.detail, chance)
        turns = [moment - age for moment in (policy.key_known_after(nature), policy.settle_after) if moment > age]
        return replace(settlement, due_in=min(settlement.due_in or NOW, *turns))
    return _after_settle_time(progress, sighting, nature, policy, age, purpose)


def _after_settle_time(
    progress: Progress,
    sighting: Absent | CannotSee,
    nature: Nature,
    policy: RetryPolicy,
    age: timedelta,
    purpose: Aim,
) -> Settlement:
    if isinstance(sighting, Absent) and nature.absence_proves:
        if progress.reason not in OPEN_REASONS:
            return _failed(progress, progress.reason, sighting.detail)
        if progress.needs_person and purpose != "answer":
            # It was left to a person, and kept nothing back meanwhile: whatever followed it may stand by now.
            return _failed(progress, TOO_OLD, sighting.detail)
        if progress.resent < policy.most_resends:
            again = replace(_to_be_sent(progress), resent=progress.resent + 1)
            return Settlement(again, due_in=NOW, detail=sighting.detail)
    waiting = replace(progress, state="unknown", failures=progress.failures + 1, needs_person=True)
    keep_looking = nature.can_look and age < policy.give_up_after
    rarely = timedelta(seconds=policy.looks.most) if keep_looking else None
    return Settlement(waiting, due_in=rarely, detail=sighting.detail)


def given_up(progress: Progress) -> Settlement:
    """What becomes of a reply that could not be sent for so long that it would no longer be an answer."""
    return _failed(progress, TOO_OLD, "could not be sent in time")


def too_late(progress: Progress) -> Settlement:
    """What becomes of a reply whose window closed before it could be sent."""
    return _failed(progress, WINDOW_CLOSED, "the time in which it might go out is over")


def superseded(progress: Progress) -> Settlement:
    """What becomes of a reply that an answer to the same comments has overtaken before it was sent."""
    return _failed(progress, SUPERSEDED, "its comments have their answer")


def retracted(progress: Progress) -> Settlement:
    """What becomes of a reply that was taken back before it was sent, or before all of its parts were."""
    if progress.posted:
        # What stands of it is deleted like any other reply.
        ended = _ended(replace(progress, parts=len(progress.posted)), "published", None)
        return Settlement(ended, native_id=progress.posted[0], detail="taken back before all of its parts were sent")
    return Settlement(_ended(progress, "retracted", progress.retracting), detail="taken back before it was sent")


def undelivered(progress: Progress, reason: str, detail: str | None, native_id: str | None) -> Settlement:
    """What becomes of a reply that its platform took and did not deliver; it keeps the ``native_id`` that it was known
    by. One that was to be taken back is taken back, where nothing of it stands."""
    if progress.retracting and progress.in_doubt and not progress.posted:
        return retracted(progress)
    what = "it was taken, and not delivered" if progress.parts == 1 else f"one of {progress.parts} parts did not arrive"
    return Settlement(_ended(progress, "failed", reason), detail=f"{what}: {detail or reason}", native_id=native_id)


def left(progress: Progress) -> Settlement:
    """Nothing was tried: everything is as before the claim."""
    return Settlement(replace(progress, state="unknown" if progress.in_doubt else "pending"), due_in=NOW)


MOST_REST = timedelta(hours=24)
"""The longest rest that a platform's budget can impose: a day, as YouTube's units do."""


def _rest(seconds: float) -> timedelta:
    """Compared as numbers first: a platform may say more seconds than a timedelta holds."""
    return timedelta(seconds=max(seconds, 0.0)) if seconds < MOST_REST.total_seconds() else MOST_REST


Action = Literal["published", "send_again", "give_up"]


class NotDecidable(Exception):
    """Only a publication that is unknown and waits for a person can be decided."""


def decided(progress: Progress, action: Action, native_id: str | None) -> Settlement:
    """What becomes of a doubtful publication about which a person knows more; may raise ``NotDecidable``."""
    if progress.state != "unknown" or not progress.needs_person:
        raise NotDecidable(NotDecidable.__doc__)
    match action:
        case "published":
            assert native_id is not None
            return _published(replace(progress, reason=SENT_AGAIN), native_id, None)
        case "send_again":
            return Settlement(replace(_to_be_sent(progress), reason=SENT_AGAIN), due_in=NOW)
        case "give_up":
            return _failed(progress, GIVEN_UP, "a person decided that it is not to be sent again")


def _published(progress: Progress, native_id: str, url: str | None) -> Settlement:
    after = replace(progress, posted=(*progress.posted, native_id))
    if len(after.posted) < after.parts and not after.retracting:
        go_on = SENT_AGAIN if progress.reason == SENT_AGAIN else None
        return Settlement(replace(_to_be_sent(after), resent=0, reason=go_on), due_in=NOW, url=url)
    return Settlement(_ended(after, "published", None), native_id=after.posted[0], url=url)


def _failed(progress: Progress, reason: str | None, detail: str) -> Settlement:
    if progress.posted:
        detail = f"{len(progress.posted)} of {progress.parts} parts stand; {detail}"
    return Settlement(_ended(progress, "failed", reason), detail=detail)


def _ended(progress: Progress, state: State, reason: str | None) -> Progress:
    return replace(progress, state=state, reason=reason, failures=0, needs_person=False)


def _to_be_sent(progress: Progress) -> Progress:
    return replace(
        progress, state="pending", reason=None, failures=0, first_sent_at=None, sent_at=None, needs_person=False
    )


def _doubt(progress: Progress, policy: RetryPolicy, detail: str, started: datetime, chance: float) -> Settlement:
    """The first unknown outcome, or one more of an idempotent platform."""
    failures = progress.failures + 1 if progress.in_doubt else 1
    first_sent_at = (progress.first_sent_at or progress.sent_at) if progress.in_doubt else None
    doubtful = replace(
        progress,
        state="unknown",
        failures=failures,
        reason=NO_ANSWER,
        first_sent_at=first_sent_at or started,
        sent_at=started,
    )
    return Settlement(doubtful, due_in=policy.looks.wait(failures, chance), detail=detail)


def _still_unknown(
    progress: Progress, policy: RetryPolicy, detail: str, chance: float, reason: str | None = None
) -> Settlement:
    failures = progress.failures + 1
    after = replace(progress, state="unknown", failures=failures, reason=reason or progress.reason or NO_ANSWER)
    return Settlement(after, due_in=policy.looks.wait(failures, chance), detail=detail)


def _put_off(progress: Progress, detail: str, wait: timedelta) -> Settlement:
    """Nothing of this attempt stands; what an earlier one left in doubt stays in doubt."""
    failures = progress.failures + 1
    if progress.in_doubt:
        return Settlement(replace(progress, state="unknown", failures=failures), due_in=wait, detail=detail)
    return Settlement(replace(_to_be_sent(progress), failures=failures), due_in=wait, detail=detail)


def _throttled(progress: Progress, retry_after: float | None, policy: RetryPolicy, chance: float) -> timedelta:
    base = policy.failures.wait(progress.failures + 1, chance)
    return max(base, policy.throttled) if retry_after is None else honour(retry_after, base)
