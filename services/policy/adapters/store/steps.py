"""The steps of whatever is cleared, as they are stored and shown."""

from datetime import datetime
from typing import Any

from services.policy.adapters.store.rows import as_json, from_json
from services.policy.domain.authority.mandates import OnBehalfOf
from services.policy.domain.clearance.approvals import Consent, Step, Stepped
from shared.clock import rfc3339


def steps_json(cleared: Stepped) -> str:
    return as_json([step_body(step) for step in cleared.steps])


def steps_of(column: Any) -> tuple[Step, ...]:
    return tuple(_step_of(step) for step in from_json(column))


def step_body(step: Step) -> dict[str, Any]:
    """A step as it is stored and shown."""
    taken = step.taken
    behalf = taken and taken.on_behalf_of
    return {
        "kind": step.kind,
        "level": step.level,
        "specialism": step.specialism,
        "posts": list(step.posts),
        "stage": step.stage,
        "taken": taken
        and {
            "officer": taken.officer,
            "post": taken.post,
            "level": taken.level,
            "at": rfc3339(taken.at),
            "digest": taken.digest,
            "vouches": taken.vouches,
            "nil_return": taken.nil_return,
            "instrument": taken.instrument,
            "on_behalf_of": behalf and {"officer": behalf.officer, "post": behalf.post},
        },
    }


def _step_of(body: dict[str, Any]) -> Step:
    taken = body["taken"]
    consent = None
    if taken is not None:
        behalf = taken.get("on_behalf_of")
        consent = Consent(
            officer=taken["officer"],
            post=taken["post"],
            level=taken["level"],
            at=datetime.fromisoformat(taken["at"]),
            digest=taken["digest"],
            instrument=taken.get("instrument"),
            on_behalf_of=OnBehalfOf(**behalf) if behalf else None,
            vouches=taken.get("vouches"),
            nil_return=taken.get("nil_return", False),
        )
    return Step(
        body["kind"],
        body["level"],
        body["specialism"],
        consent,
        posts=tuple(body.get("posts", ())),
        stage=body.get("stage", 1),
    )
