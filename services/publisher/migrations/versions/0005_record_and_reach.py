"""The public record with the first words of what was edited, receipts with their register, and how far answers come."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrations import protect

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)
ON_RECORD = "public AND published_at IS NOT NULL"
TABLES = (
    "record_correction",
    "record_retraction",
    "receipt",
    "register_entry",
    "register_head",
    "reach_timer",
    "reach_measurement",
    "reach_alarm",
)


def upgrade() -> None:
    """Create the tables, and the index by which the record finds what was published."""
    _create_record()
    _create_receipts()
    _create_register()
    _create_reach()
    op.add_column("publication", sa.Column("first_text", sa.Text))
    op.create_index(
        "publication_on_record", "publication", ["agency", "published_at", "id"], postgresql_where=sa.text(ON_RECORD)
    )
    protect(op, *TABLES)


def downgrade() -> None:
    """Drop them."""
    op.drop_index("publication_on_record", "publication")
    op.drop_column("publication", "first_text")
    for table in reversed(TABLES):
        op.drop_table(table)


def _text(name: str, *, needed: bool = True) -> "sa.Column[Any]":
    return sa.Column(name, sa.Text, nullable=not needed)


def _count(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.Integer, nullable=False, server_default=sa.text("0"))


def _create_record() -> None:
    op.create_table(
        "record_correction",
        _text("publication"),
        _text("correction"),
        _text("agency"),
        _text("text"),
        sa.Column("corrected_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("publication", "correction"),
    )
    op.create_table(
        "record_retraction",
        sa.Column("publication", sa.Text, primary_key=True),
        _text("agency"),
        sa.Column("retracted_at", Moment, nullable=False),
    )


def _create_receipts() -> None:
    op.create_table(
        "receipt",
        _text("case_id"),
        _text("id"),
        _text("agency"),
        _text("policy_version", needed=False),
        sa.Column("rules", postgresql.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
        _text("level", needed=False),
        sa.Column("routed_at", Moment),
        sa.Column("asked_at", Moment),
        _text("asked_from", needed=False),
        sa.Column("due_at", Moment),
        sa.Column("answered_at", Moment),
        _text("publication", needed=False),
        _text("answer_level", needed=False),
        _text("answer_policy", needed=False),
        _count("approvals"),
        _count("signoffs"),
        _text("manner", needed=False),
        sa.Column("closed_at", Moment),
        _text("closed_reason", needed=False),
        sa.Column("hidden_at", Moment),
        _text("house_rule", needed=False),
        _count("corrections"),
        sa.Column("retracted_at", Moment),
        sa.Column("changed_at", Moment, nullable=False, server_default=sa.text("clock_timestamp()")),
        sa.Column("entered", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.PrimaryKeyConstraint("case_id", "id"),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_reason IS NULL)", name="receipt_closed_has_reason"),
    )
    op.create_index("receipt_by_id", "receipt", ["agency", "id"])
    op.create_index("receipt_to_enter", "receipt", ["agency", "id", "case_id"], postgresql_where=sa.text("NOT entered"))
    op.create_index("receipt_answered", "receipt", ["publication"], postgresql_where=sa.text("publication IS NOT NULL"))


def _create_register() -> None:
    op.create_table(
        "register_entry",
        _text("agency"),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        _text("receipt"),
        _text("entry"),
        _text("hash"),
        sa.PrimaryKeyConstraint("agency", "number"),
    )
    op.create_index("register_entry_of_receipt", "register_entry", ["agency", "receipt", "number"])
    op.create_table(
        "register_head",
        _text("agency"),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        _text("hash"),
        sa.Column("closed_at", Moment),
        sa.PrimaryKeyConstraint("agency", "day"),
    )


def _create_reach() -> None:
    op.create_table(
        "reach_timer",
        sa.Column("publication", sa.Text, primary_key=True),
        _text("agency"),
        sa.Column("published_at", Moment, nullable=False),
        sa.Column("next_hour", sa.Integer, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        _count("failures"),
        sa.Column("lease_token", sa.Uuid),
    )
    op.create_index("reach_timer_due", "reach_timer", ["due_at"])
    op.create_table(
        "reach_measurement",
        _text("publication"),
        sa.Column("after_hours", sa.Integer, nullable=False),
        _text("agency"),
        sa.Column("measured_at", Moment, nullable=False),
        sa.Column("answer", postgresql.JSONB, nullable=False),
        sa.Column("question", postgresql.JSONB, nullable=False),
        sa.Column("answer_series", postgresql.JSONB, nullable=False),
        sa.Column("question_series", postgresql.JSONB, nullable=False),
        _text("answer_unknown", needed=False),
        _text("question_unknown", needed=False),
        sa.Column("broken", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("parity", sa.Float),
        sa.PrimaryKeyConstraint("publication", "after_hours"),
        sa.CheckConstraint("parity >= 0", name="reach_measurement_parity"),
    )
    op.create_table(
        "reach_alarm",
        sa.Column("id", sa.Text, primary_key=True),
        _text("agency"),
        _text("publication"),
        sa.Column("after_hours", sa.Integer, nullable=False),
        sa.Column("answer", sa.BigInteger, nullable=False),
        sa.Column("question", sa.BigInteger, nullable=False),
        sa.Column("parity", sa.Float, nullable=False),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("remedies", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("raised_at", Moment, nullable=False),
        sa.UniqueConstraint("publication", name="reach_alarm_once"),
    )
    op.create_index("reach_alarm_newest", "reach_alarm", ["agency", "id"])
