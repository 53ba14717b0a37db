"""Receipts, and the register in which they are entered: public proof of what became of each comment.

A receipt has the same form whatever it is about, and nothing in it comes from the comment, its author or the answer's
wording, so that an erasure takes nothing from it and nobody learns from it how sensitive a matter was. While a case is
open its receipt tells only that it is: a level or a rule would say that something is being kept back. Times are days
and whole minutes of duration, since a moment would join a receipt with the answer that stands in public.

At the end of each day (UTC) the receipts that changed are entered, sorted by their ids, which are as good as random:
the order within a day tells nothing either. Every entry's hash covers the hash before it,

    hash(n) = SHA-256( hash(n-1) + "\\n" + entry(n) ),  hash(0) = 64 zeros,

in hexadecimal, where ``entry(n)`` is the entry's JSON with sorted keys, without spaces, in UTF-8. The last hash of a
day is its head; whoever kept a head can prove that nothing before it was altered. The newest entry of a receipt holds.
"""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

Outcome = Literal["open", "answered", "not_answered", "hidden", "transferred"]
BEGINNING = "0" * 64
HASH = (
    "hash(n) = SHA-256(hash(n-1) + newline + entry(n)); hash(0) is 64 zeros; entry(n) is JSON, sorted keys, no spaces"
)

TRANSFERRED = "transferred"
REASONS: Mapping[str, str] = {
    "no_response": "needs_no_answer",
    "let_stand": "needs_no_answer",
    "monitor": "needs_no_answer",
    "acknowledge": "needs_no_answer",
    "moderate": "against_house_rules",
    "refer": "referred",
    "comment_deleted": "deleted_by_its_author",
    "not_possible": "not_possible",
}
"""Why no answer was given, by class; whatever else is ``other``."""

_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is known of one comment's way through one case. ``asked_from`` is which moment ``asked_at`` is: when the
    comment was ``received``, or, where that was not told, ``routed``."""

    id: str
    agency: str
    policy_version: str | None = None
    rules: tuple[str, ...] = ()
    level: str | None = None
    asked_at: datetime | None = None
    asked_from: str | None = None
    due_at: datetime | None = None
    answered_at: datetime | None = None
    approvals: int = 0
    signoffs: int = 0
    manner: str | None = None
    closed_at: datetime | None = None
    closed_reason: str | None = None
    hidden_at: datetime | None = None
    house_rule: str | None = None
    corrections: int = 0
    is_retracted: bool = False

    @property
    def outcome(self) -> Outcome:
        """What became of the comment, by what weighs most to its author."""
        if self.answered_at is not None:
            return "answered"
        if self.hidden_at is not None:
            return "hidden"
        if self.closed_at is None:
            return "open"
        return "transferred" if self.closed_reason == TRANSFERRED else "not_answered"

    @property
    def ended_at(self) -> datetime | None:
        """When the outcome came about."""
        return self.answered_at or self.hidden_at or self.closed_at


def receipt_id(key: bytes, comment: str) -> str:
    """The receipt of a comment: found by whoever knows the comment's id, and by nobody else."""
    own = hmac.digest(key, b"parley receipts 1", hashlib.sha256)
    return f"rct_{hmac.digest(own, comment.encode(), hashlib.sha256).hex()[:32]}"


def statement(receipt: Receipt) -> dict[str, Any]:
    """The receipt as anybody may read it: always these fields, null where there is nothing to say (yet)."""
    outcome = receipt.outcome
    told = outcome != "open"
    refused = outcome == "not_answered"
    return {
        "receipt": receipt.id,
        "agency": receipt.agency,
        "outcome": outcome,
        "reason": REASONS.get(receipt.closed_reason or "", "other") if refused else None,
        "hidden_under": (receipt.house_rule or "not_named") if receipt.hidden_at is not None else None,
        "policy_version": receipt.policy_version if told else None,
        "rules": list(receipt.rules) if told else None,
        "level": receipt.level if told else None,
        "approvals": receipt.approvals if told else None,
        "signoffs": receipt.signoffs if told else None,
        "manner": receipt.manner if told else None,
        "clock": {
            "from": receipt.asked_from,
            "target_minutes": _minutes(receipt.asked_at, receipt.due_at) if told else None,
            "actual_minutes": _minutes(receipt.asked_at, receipt.ended_at),
        },
        "corrections": receipt.corrections,
        "retracted": receipt.is_retracted,
    }


def _minutes(begun: datetime | None, ended: datetime | None) -> int | None:
    return None if begun is None or ended is None else max(int((ended - begun).total_seconds() // 60), 0)


@dataclass(frozen=True, slots=True)
class Entered:
    """One line of a register: ``entry`` is the canonical JSON that the hash covers."""

    number: int
    receipt: str
    entry: str
    hash: str


def enter(receipts: Sequence[Receipt], day: date, number: int, last_hash: str) -> list[Entered]:
    """The lines that follow line ``number``, in the order given."""
    lines = []
    for receipt in receipts:
        number += 1
        entry = _canonical(statement(receipt) | {"number": number, "day": day.isoformat()})
        last_hash = digest(last_hash, entry)
        lines.append(Entered(number, receipt.id, entry, last_hash))
    return lines


def digest(last_hash: str, entry: str) -> str:
    """The hash of an entry after the hash before it."""
    return hashlib.sha256(f"{last_hash}\n{entry}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place at which a register does not hold."""

    number: int
    reason: str


def verify(lines: Iterable[Entered], heads: Mapping[int, str]) -> Broken | None:
    """Check a register from its first line; ``heads`` are published hashes by the number of their line."""
    number, last_hash = 0, BEGINNING
    for line in lines:
        number += 1
        if line.number != number:
            return Broken(number, "the line is missing")
        if digest(last_hash, line.entry) != line.hash or json.loads(line.entry)["number"] != number:
            return Broken(number, "the line was altered")
        if heads.get(number, line.hash) != line.hash:
            return Broken(number, "the line is not the one whose head was published")
        last_hash = line.hash
    lost = [at for at in heads if at > number]
    return Broken(number + 1, "lines are missing at the end") if lost else None


def outcomes(entries: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """How many receipts ended how, from a register's entries alone; the newest entry of a receipt holds."""
    newest = {entry["receipt"]: entry["outcome"] for entry in entries}
    return Counter(newest.values())
