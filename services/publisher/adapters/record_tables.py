"""The tables of the public record, the receipts and the reach of answers.

Nothing here holds a word of a citizen's. A row of ``receipt`` is known by an id that only a comment's id leads to.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.database import agency_column

NOT_ENTERED = "NOT entered"
"""Receipts that changed since they were last entered in the register."""


def record_tables(metadata: MetaData) -> None:
    """Declare what puts the record right: corrections and retractions of what was published."""
    Table(
        "record_correction",
        metadata,
        Column("publication", Text, nullable=False),
        Column("correction", Text, nullable=False),
        agency_column(),
        Column("text", Text, nullable=False),
        Column("corrected_at", DateTime(timezone=True), nullable=False),
        PrimaryKeyConstraint("publication", "correction"),
    )
    Table(
        "record_retraction",
        metadata,
        Column("publication", Text, primary_key=True),
        agency_column(),
        Column("retracted_at", DateTime(timezone=True), nullable=False),
    )


def register_tables(metadata: MetaData) -> None:
    """Declare receipts as they stand, and the register in which they are entered day by day."""
    receipt = Table(
        "receipt",
        metadata,
        Column("case_id", Text, nullable=False),
        Column("id", Text, nullable=False),
        agency_column(),
        Column("policy_version", Text),
        Column("rules", ARRAY(Text), nullable=False, server_default=text("'{}'")),
        Column("level", Text),
        Column("routed_at", DateTime(timezone=True)),
        Column("asked_at", DateTime(timezone=True)),
        Column("asked_from", Text),
        Column("due_at", DateTime(timezone=True)),
        Column("answered_at", DateTime(timezone=True)),
        Column("publication", Text),
        Column("answer_level", Text),
        Column("answer_policy", Text),
        Column("approvals", Integer, nullable=False, server_default=text("0")),
        Column("signoffs", Integer, nullable=False, server_default=text("0")),
        Column("manner", Text),
        Column("closed_at", DateTime(timezone=True)),
        Column("closed_reason", Text),
        Column("hidden_at", DateTime(timezone=True)),
        Column("house_rule", Text),
        Column("corrections", Integer, nullable=False, server_default=text("0")),
        Column("retracted_at", DateTime(timezone=True)),
        Column("changed_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        Column("entered", Boolean, nullable=False, server_default=text("false")),
        PrimaryKeyConstraint("case_id", "id"),
        CheckConstraint("(closed_at IS NULL) = (closed_reason IS NULL)", name="receipt_closed_has_reason"),
    )
    Index("receipt_by_id", receipt.c.agency, receipt.c.id)
    Index("receipt_to_enter", receipt.c.agency, receipt.c.id, receipt.c.case_id, postgresql_where=text(NOT_ENTERED))
    Index("receipt_answered", receipt.c.publication, postgresql_where=text("publication IS NOT NULL"))
    entry = Table(
        "register_entry",
        metadata,
        agency_column(),
        Column("number", BigInteger, nullable=False),
        Column("day", Date, nullable=False),
        Column("receipt", Text, nullable=False),
        Column("entry", Text, nullable=False),
        Column("hash", Text, nullable=False),
        PrimaryKeyConstraint("agency", "number"),
    )
    Index("register_entry_of_receipt", entry.c.agency, entry.c.receipt, entry.c.number)
    Table(
        "register_head",
        metadata,
        agency_column(),
        Column("day", Date, nullable=False),
        Column("number", BigInteger, nullable=False),
        Column("hash", Text, nullable=False),
        Column("closed_at", DateTime(timezone=True)),
        PrimaryKeyConstraint("agency", "day"),
    )


def reach_tables(metadata: MetaData) -> None:
    """Declare which answer is measured next and when, what was measured, and alarms."""
    timer = Table(
        "reach_timer",
        metadata,
        Column("publication", Text, primary_key=True),
        agency_column(),
        Column("published_at", DateTime(timezone=True), nullable=False),
        Column("next_hour", Integer, nullable=False),
        Column("due_at", DateTime(timezone=True), nullable=False),
        Column("failures", Integer, nullable=False, server_default=text("0")),
        Column("lease_token", Uuid),
    )
    Index("reach_timer_due", timer.c.due_at)
    Table(
        "reach_measurement",
        metadata,
        Column("publication", Text, nullable=False),
        Column("after_hours", Integer, nullable=False),
        agency_column(),
        Column("measured_at", DateTime(timezone=True), nullable=False),
        Column("answer", JSONB, nullable=False),
        Column("question", JSONB, nullable=False),
        Column("answer_series", JSONB, nullable=False),
        Column("question_series", JSONB, nullable=False),
        Column("answer_unknown", Text),
        Column("question_unknown", Text),
        Column("broken", ARRAY(Text), nullable=False),
        Column("parity", Float),
        PrimaryKeyConstraint("publication", "after_hours"),
        CheckConstraint("parity >= 0", name="reach_measurement_parity"),
    )
    alarm = Table(
        "reach_alarm",
        metadata,
        Column("id", Text, primary_key=True),
        agency_column(),
        Column("publication", Text, nullable=False),
        Column("after_hours", Integer, nullable=False),
        Column("answer", BigInteger, nullable=False),
        Column("question", BigInteger, nullable=False),
        Column("parity", Float, nullable=False),
        Column("share", Float, nullable=False),
        Column("remedies", ARRAY(Text), nullable=False),
        Column("raised_at", DateTime(timezone=True), nullable=False),
        UniqueConstraint("publication", name="reach_alarm_once"),
    )
    Index("reach_alarm_newest", alarm.c.agency, alarm.c.id)
