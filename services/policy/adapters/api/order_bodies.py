"""What the API shows of orders, with private data of citizens covered."""

from typing import Any

from services.policy.adapters.api.submission_desk import submission_body
from services.policy.domain.clearance.submissions import Submission
from services.policy.domain.triage.private_data import masked

_ORDERED = ("comment", "native_id", "revision", "action", "rule")
_PUT_RIGHT = ("response", "comments", "original", "text", "language")


def order_body(order: Submission) -> dict[str, Any]:
    """An order: what is asked for, where its clearance stands, and what came of it.

    A moderation shows the comment as it was captured, a correction the words before and after.
    """
    said = order.content
    if order.matter == "moderation":
        about = {name: said[name] for name in _ORDERED}
        about |= {"captured": {"text": masked(said["text"]), "author": said["author"]}}
    else:
        about = {name: said[name] for name in _PUT_RIGHT if name in said}
    clearance = {name: value for name, value in submission_body(order).items() if name not in ("clearance", "reason")}
    return {
        "id": order.id,
        "case": order.case,
        "matter": order.matter,
        "number": order.number,
        "version": _version(order),
        **about,
        "reason": said["reason"],
        **clearance,
        "ended_because": order.reason,
        "outcome": order.outcome,
    }


def _version(order: Submission) -> int:
    """The version of what is decided on: the revision of the comment; what is written in it never changes."""
    return int(order.content.get("revision", 1))
