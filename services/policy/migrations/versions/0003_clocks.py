"""Clocks: pauses, derived deadlines, and timers.

A turn that is open at the upgrade gets the times of its clock's class from the policy version that decided it; its
deadlines, and the timers of its case, are derived by the service as soon as it runs.
"""

import sqlalchemy as sa
from alembic import op

from shared.migrations import protect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)

TABLES = ("timer", "deadline_move")


def upgrade() -> None:
    """Create the tables, and add the columns that old code does not write."""
    # Before any table is locked: it reads all turns and changes only those that are open.
    op.execute("SELECT set_config('parley.agencies', '*', true)")
    op.execute("""
        UPDATE turn SET decision = (decision::jsonb || jsonb_build_object('times', json_strip_nulls(
            policy.content #> ARRAY['clocks', decision ->> 'clock'])))::json
        FROM policy
        WHERE policy.version = decision ->> 'policy_version' AND state IN ('waiting', 'watching', 'released')
            AND policy.content #> ARRAY['clocks', decision ->> 'clock'] IS NOT NULL
    """)
    op.execute("SELECT set_config('parley.agencies', '', true)")
    op.create_table(
        "timer",
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("fired_at", Moment),
        sa.PrimaryKeyConstraint("case_id", "kind"),
        sa.CheckConstraint("kind IN ('holding', 'escalate', 'near_breach', 'to_head', 'breach')", name="timer_kind"),
    )
    op.create_index("timer_due", "timer", ["due_at"], postgresql_where=sa.text("fired_at IS NULL"))
    op.create_table(
        "deadline_move",
        sa.Column("agency", sa.Text, primary_key=True),
        sa.Column("cases", sa.Integer, nullable=False),
    )
    op.add_column("case", sa.Column("pauses", sa.JSON, nullable=False, server_default=sa.text("'[]'")))
    op.add_column("case", sa.Column("fired", sa.JSON, nullable=False, server_default=sa.text("'{}'")))
    op.add_column("case", sa.Column("escalation", sa.JSON))
    op.add_column("case", sa.Column("calendar", sa.Text))
    op.create_index(
        "case_by_calendar",
        "case",
        ["agency", "calendar"],
        postgresql_where=sa.text("state IN ('open', 'awaiting_clearance', 'watching')"),
    )
    op.add_column("turn", sa.Column("answered_at", Moment))
    op.add_column("turn", sa.Column("deadlines", sa.JSON))
    protect(op, *TABLES)


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.drop_column("turn", "deadlines")
    op.drop_column("turn", "answered_at")
    op.drop_index("case_by_calendar", "case")
    for column in ("calendar", "escalation", "fired", "pauses"):
        op.drop_column("case", column)
    for table in reversed(TABLES):
        op.drop_table(table)
