"""Holding replies and acknowledgements that are sent; what took how long."""

import sqlalchemy as sa
from alembic import op

from shared.migrations import protect

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)

TABLES = ("step_time", "answer_time")

KINDS = "'holding', 'escalate', 'near_breach', 'to_head', 'breach'"


def upgrade() -> None:
    """Create the tables, add the column that old code does not write, and let there be timers that it does not know."""
    op.create_table(
        "step_time",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("draft", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("step_level", sa.Text),
        sa.Column("specialism", sa.Text),
        sa.Column("officer", sa.Text),
        sa.Column("began_at", Moment, nullable=False),
        sa.Column("ended_at", Moment, nullable=False),
        sa.CheckConstraint("began_at <= ended_at", name="step_time_forward"),
        sa.CheckConstraint("(kind IN ('approval', 'signoff')) = (step_level IS NOT NULL)", name="step_time_level"),
        sa.CheckConstraint("(officer IS NULL) = (step_level IS NULL)", name="step_time_officer"),
        sa.CheckConstraint("(kind = 'signoff') = (specialism IS NOT NULL)", name="step_time_specialism"),
        sa.CheckConstraint(
            "kind IN ('draft', 'approval', 'signoff', 'return', 'release', 'lapse')", name="step_time_kind"
        ),
    )
    op.create_index("step_time_by_case", "step_time", ["case_id", "draft"])
    op.create_index("step_time_by_agency", "step_time", ["agency", "ended_at"])
    op.create_table(
        "answer_time",
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("clock", sa.Text, nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("acknowledged_at", Moment),
        sa.Column("answered_at", Moment, nullable=False),
        sa.Column("due_at", Moment),
        sa.Column("first", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "turn"),
        sa.CheckConstraint("received_at <= answered_at", name="answer_time_forward"),
    )
    op.create_index("answer_time_by_agency", "answer_time", ["agency", "answered_at"])
    op.add_column("response", sa.Column("purpose", sa.Text, nullable=False, server_default=sa.text("'answer'")))
    op.create_check_constraint(
        "response_purpose", "response", "purpose IN ('answer', 'holding', 'acknowledgement', 'closing')"
    )
    op.drop_constraint("timer_kind", "timer")
    op.create_check_constraint("timer_kind", "timer", f"kind IN ('acknowledge', {KINDS})")
    protect(op, *TABLES)


def downgrade() -> None:
    """Drop what the upgrade made; what the old service could not ring goes with it."""
    op.execute("SELECT set_config('parley.agencies', '*', true)")
    op.execute("DELETE FROM timer WHERE kind = 'acknowledge'")
    op.execute("SELECT set_config('parley.agencies', '', true)")
    op.drop_constraint("timer_kind", "timer")
    op.create_check_constraint("timer_kind", "timer", f"kind IN ({KINDS})")
    op.drop_constraint("response_purpose", "response")
    op.drop_column("response", "purpose")
    for table in reversed(TABLES):
        op.drop_table(table)
