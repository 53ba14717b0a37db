"""Who is on leave, delegations for cleared lines only, and consents by time, which drills of absence look back on."""

import sqlalchemy as sa
from alembic import op

from shared.migrations import protect

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create what old code neither reads nor writes."""
    op.create_table(
        "leave",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("begins_at", Moment, nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("entered_by", sa.Text, nullable=False),
        sa.Column("entered_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("ended_by", sa.Text),
        sa.CheckConstraint("begins_at < ends_at", name="leave_forward"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="leave_end"),
    )
    op.create_index("leave_by_agency", "leave", ["agency", "ends_at"])
    protect(op, "leave")
    op.add_column(
        "delegation", sa.Column("cleared_lines_only", sa.Boolean, nullable=False, server_default=sa.text("false"))
    )
    op.create_index("approval_by_time", "approval", ["agency", "at"])


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.drop_index("approval_by_time", "approval")
    op.drop_column("delegation", "cleared_lines_only")
    op.drop_table("leave")
