"""What the API shows of clocks: in short beside the case, and each deadline explained."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.policy.adapters.store import rows
from services.policy.adapters.store.meanwhile import Told
from services.policy.domain.clearance import timing
from services.policy.domain.clearance.cases import Turn, window_of
from services.policy.domain.clocks.agency_time import AgencyTime
from services.policy.domain.clocks.budgets import Budget
from services.policy.domain.clocks.explanations import ExplainedDeadline, explained, minutes_of, state_of
from services.policy.domain.clocks.pauses import Pause, pause_at
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.fitting import path_body, step_body
from shared.clock import rfc3339
from shared.events import Purpose


def in_short(
    row: Any, turns: Sequence[Turn], policy: PolicyInForce | None, now: datetime, told: Sequence[Told] = ()
) -> dict[str, Any]:
    """The clocks of a case: those of the turn that is to be answered first, else of the newest that had any. ``told``
    is what was said to those who waited, in whatever cases."""
    turn = _foremost(turns)
    held = pause_at(rows.pauses_of(row.pauses), now, policy.time.working) if policy else None
    ending = timing.ending_of(turn, told_about(turn, told)) if turn else None
    deadlines = sorted(((turn and turn.deadlines) or {}).items(), key=lambda item: item[1])
    fired, escalation = rows.from_json(row.fired), rows.escalation_of(row.escalation)
    return {
        "class": row.clock,
        "received_at": _moment(row.since),
        "due_at": _moment(row.due_at),
        "window_ends_at": _moment(window_of(turns)),
        "due": [
            {"kind": kind, "due_at": rfc3339(at), "state": state_of(kind, at, held, ending, now)}
            for kind, at in deadlines
            if ending is not None
        ],
        "paused": held and held.reason,
        "near_breach_at": _said(fired.get("near_breach")),
        "breached_at": _said(fired.get("breach")),
        "head_told_at": _said(fired.get("to_head")),
        "cannot_fit_at": _said(fired.get("cannot_fit")),
        "escalated": escalation and {"level": escalation.level, "post": escalation.owner, "at": rfc3339(escalation.at)},
    }


def clocks_body(
    row: Any, turns: Sequence[Turn], policy: PolicyInForce, now: datetime, told: Sequence[Told] = ()
) -> dict[str, Any]:
    """Every deadline of every turn shown, explained by the calendar of today."""
    pauses, time = rows.pauses_of(row.pauses), policy.time
    return {
        "case": row.id,
        "due_at": _moment(row.due_at),
        "time_zone": time.zone,
        "calendar": time.version,
        "pauses": [pause_body(each, time, now) for each in pauses],
        "clocks": [_clock(turn, pauses, time, now, told_about(turn, told)) for turn in turns],
    }


def budget_body(budget: Budget | None) -> dict[str, Any] | None:
    """Whether the path fits into what remains, in minutes of the clock; None where nobody waits."""
    if budget is None:
        return None
    return {
        "fits": budget.fits,
        "needs_minutes": budget.needs,
        "remaining_minutes": budget.remaining,
        "window_ends_at": _moment(budget.window_ends_at),
        "steps": [
            {**step_body(each.step), "minutes": each.minutes, "share_minutes": each.share} for each in budget.steps
        ],
        "shorter_path": budget.shorter and path_body(budget.shorter),
    }


def pause_body(pause: Pause, time: AgencyTime, now: datetime) -> dict[str, Any]:
    """A pause, with the moment at which the clock runs again at the latest."""
    return {
        "number": pause.number,
        "reason": pause.reason,
        "by": pause.by,
        "started_at": rfc3339(pause.started_at),
        "until": _moment(pause.until),
        "ended_at": _moment(pause.ended_at),
        "runs_out_at": _moment(pause.runs_out(time.working)),
        "state": "paused" if pause.holds_at(now, time.working) else "ended",
    }


def told_about(turn: Turn, told: Sequence[Told]) -> dict[Purpose, datetime]:
    """When those who wait for a turn's answer were first told so, by purpose."""
    said = [each for each in told if turn.comment in each.comments]
    return {each.purpose: each.at for each in reversed(said)}


def _clock(
    turn: Turn, pauses: tuple[Pause, ...], time: AgencyTime, now: datetime, told: dict[Purpose, datetime]
) -> dict[str, Any]:
    clock = timing.clock_of(turn, pauses)
    found = explained(clock, time, timing.ending_of(turn, told), now)
    return {
        "turn": turn.number,
        "comment": turn.comment,
        "state": turn.state,
        "class": turn.decision.clock,
        "policy_version": turn.decision.policy_version,
        "around_the_clock": clock.around_the_clock,
        "started_at": rfc3339(clock.started_at),
        "answered_at": _moment(turn.answered_at),
        "acknowledged_at": _moment(told.get("acknowledgement")),
        "held_at": _moment(told.get("holding")),
        "deadlines": [_deadline(each) for each in found],
    }


def _deadline(found: ExplainedDeadline) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "minutes": found.minutes,
        "due_at": _moment(found.due_at),
        "state": found.state,
        "days": [
            {
                "day": day.isoformat(),
                "minutes": minutes_of(worked),
                "periods": [{"from": rfc3339(each.start), "to": rfc3339(each.end)} for each in worked],
            }
            for day, worked in found.days.items()
        ],
        "holidays": [{"day": each.day.isoformat(), "name": each.name} for each in found.holidays],
        "pauses": [each.number for each in found.pauses],
        "explanation": found.sentence,
    }


def _foremost(turns: Sequence[Turn]) -> Turn | None:
    timed = [turn for turn in turns if turn.deadlines]
    for state in ("waiting", "watching"):
        running = [turn for turn in timed if turn.state == state]
        if running:
            return min(running, key=lambda turn: (turn.deadlines or {}).get("answer", turn.received_at))
    return timed[-1] if timed else None


def _moment(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None


def _said(moment: str | None) -> str | None:
    return rfc3339(datetime.fromisoformat(moment)) if moment else None
