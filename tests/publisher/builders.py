"""Builders: a whole value with everything ordinary, and what a test is about named in the call."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.publisher.domain.publications import Progress, Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Claim, Credentials, Rooms
from shared.cloudevents import Received
from shared.events import AccountConnected, Authorisation, Event, ResponseApproved
from shared.ids import PublicationId, account_id, new_id, uuid7

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
PAGE = "110000000000001"
ROOMS = Rooms(all=64, each=4, of={}, each_on=16, on={})
"""Room for whatever a test puts there."""


def a_publication(**changes: Any) -> Publication:
    return Publication(
        **{
            "publication": PublicationId(new_id("pub")),
            "agency": "passports",
            "platform": "facebook",
            "account": PAGE,
            "thread": "900_1",
            "response": new_id("rsp"),
            "case": "case_1",
            "comments": ("cmt_1",),
            "reply_to": "900_1",
            "text": "Our office opens at 9 a.m.",
            **changes,
        }
    )


def a_task(**changes: Any) -> Task:
    return Task(
        **{
            "task": new_id("tsk"),
            "agency": "passports",
            "platform": "facebook",
            "account": PAGE,
            "thread": "900_1",
            "kind": "edit",
            "native_id": "900_7",
            **changes,
        }
    )


def a_progress(state: str = "pending", **changes: Any) -> Progress:
    return Progress(**{"state": state, "recorded_at": NOW, **changes})


def a_claim(publication: Publication | None = None, progress: Progress | None = None, **changes: Any) -> Claim:
    return Claim(
        **{
            "publication": publication or a_publication(),
            "progress": progress or a_progress(),
            "lease": uuid4(),
            "claimed_at": NOW,
            "credentials": Credentials("token", "http://127.0.0.1:1"),
            **changes,
        }
    )


def a_response(**changes: Any) -> ResponseApproved:
    return ResponseApproved(
        **{
            "agency": "passports",
            "platform": "facebook",
            "account": PAGE,
            "thread": "900_1",
            "response": new_id("rsp"),
            "case": "case_1",
            "comments": ("cmt_1",),
            "reply_to": "900_1",
            "text": "Our office opens at 9 a.m.",
            "level": "L1",
            "digest": "a" * 64,
            "policy_version": "1",
            "authorisations": (
                Authorisation(kind="approval", officer="officer-1", post="Desk officer", level="L1", at=NOW),
            ),
            "approved_at": NOW,
            **changes,
        }
    )


def a_connected_account(**changes: Any) -> AccountConnected:
    event = {"agency": "passports", "platform": "facebook", "account": PAGE, "name": "Passports", **changes}
    known_as = account_id(event["platform"], event["account"])
    return AccountConnected(**{"account_id": known_as, "connected_at": NOW, **event})


def received(event: Event, traceparent: str | None = None) -> Received:
    return Received(event, uuid7(), traceparent)


def later(**span: float) -> datetime:
    return NOW + timedelta(**span)
