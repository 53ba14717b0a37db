"""Lines that officers clear, and answers cleared once for all who ask the same."""

import sqlalchemy as sa
from alembic import op

from shared.migrations import protect

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)

TABLES = ("submission", "submission_approval", "answer_member", "issue_merge")


def upgrade() -> None:
    """Create the tables, and add the column that old code does not write."""
    op.create_table(
        "submission",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("matter", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("sensitivity", sa.Text, nullable=False),
        sa.Column("damage", sa.Text, nullable=False),
        sa.Column("topics", sa.JSON, nullable=False),
        sa.Column("least", sa.Text, nullable=False),
        sa.Column("signoffs", sa.JSON, nullable=False),
        sa.Column("approvals", sa.Integer, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("policy_version", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("steps", sa.JSON, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("written_at", Moment, nullable=False),
        sa.Column("cleared_at", Moment),
        sa.Column("ended_at", Moment),
        sa.Column("ended_by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.UniqueConstraint("agency", "matter", "subject", "number", name="submission_number"),
        sa.CheckConstraint("matter IN ('line', 'answer')", name="submission_matter"),
        sa.CheckConstraint(
            "state IN ('open', 'cleared', 'superseded', 'returned', 'withdrawn', 'ended')", name="submission_state"
        ),
        sa.CheckConstraint(
            "(state NOT IN ('cleared', 'ended') OR cleared_at IS NOT NULL)"
            " AND (state NOT IN ('open', 'returned') OR cleared_at IS NULL)",
            name="submission_cleared",
        ),
        sa.CheckConstraint("(state IN ('open', 'cleared')) = (ended_at IS NULL)", name="submission_ended"),
    )
    about = ["agency", "matter", "subject"]
    for name, state in (("submission_open", "open"), ("submission_in_effect", "cleared")):
        op.create_index(name, "submission", about, unique=True, postgresql_where=sa.text(f"state = '{state}'"))
    op.create_table(
        "submission_approval",
        sa.Column("submission", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("officer", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("specialism", sa.Text),
        sa.Column("step_level", sa.Text, nullable=False),
        sa.Column("post", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("instrument", sa.Text),
        sa.Column("delegator", sa.Text),
        sa.Column("delegator_post", sa.Text),
        sa.PrimaryKeyConstraint("submission", "digest", "officer"),
        sa.CheckConstraint("officer <> author", name="submission_approval_by_another"),
        sa.CheckConstraint("(kind = 'signoff') = (specialism IS NOT NULL)", name="submission_approval_kind"),
        sa.CheckConstraint(
            "(delegator IS NULL) = (delegator_post IS NULL)"
            " AND (delegator IS NULL OR (instrument IS NOT NULL AND delegator <> officer))",
            name="submission_approval_on_behalf",
        ),
    )
    op.create_index(
        "submission_approval_by_instrument",
        "submission_approval",
        ["instrument", "at"],
        postgresql_where=sa.text("instrument IS NOT NULL"),
    )
    op.create_table(
        "answer_member",
        sa.Column("submission", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("response", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("submission", "case_id"),
        sa.CheckConstraint("(response IS NULL) <> (reason IS NULL)", name="answer_member_outcome"),
    )
    op.create_table(
        "issue_merge",
        sa.Column("issue", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("into_issue", sa.Text, nullable=False),
        sa.Column("merged_by", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.CheckConstraint("issue <> into_issue", name="issue_merge_of_two"),
    )
    op.create_index("issue_merge_into", "issue_merge", ["into_issue"])
    op.add_column("response", sa.Column("clearance", sa.Text))
    protect(op, *TABLES)


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.drop_column("response", "clearance")
    for table in reversed(TABLES):
        op.drop_table(table)
