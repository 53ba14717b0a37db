"""Policies as drafts and adoptions, who holds which post, replays, corrections and models, same issues."""

import sqlalchemy as sa
from alembic import op

from shared.migrations import protect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)

TABLES = (
    "policy_draft",
    "policy_adoption",
    "roster",
    "replay",
    "correction",
    "classifier",
    "issue",
    "issue_key",
)


def upgrade() -> None:
    """Create the tables, and add the columns that old code does not write."""
    op.create_table(
        "policy_draft",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("unit", sa.Text),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("editors", sa.JSON, nullable=False),
        sa.Column("adoptions", sa.JSON, nullable=False),
        sa.Column("effective_from", Moment),
        sa.Column("version", sa.Text),
        sa.Column("written_at", Moment, nullable=False),
        sa.Column("changed_at", Moment, nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'review', 'adopted', 'superseded', 'withdrawn')", name="policy_draft_state"
        ),
        sa.CheckConstraint("(state IN ('adopted', 'superseded')) = (version IS NOT NULL)", name="policy_draft_version"),
        sa.CheckConstraint(
            "version IS NULL OR (json_array_length(adoptions) = 2 AND effective_from IS NOT NULL"
            " AND (adoptions #>> '{0,by}') <> (adoptions #>> '{1,by}')"
            " AND author NOT IN (adoptions #>> '{0,by}', adoptions #>> '{1,by}'))",
            name="policy_draft_two_others",
        ),
    )
    op.create_index("policy_draft_by_agency", "policy_draft", ["agency", "written_at"])
    op.create_table(
        "policy_adoption",
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("effective_from", Moment, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("draft", sa.Text),
        sa.Column("adopted_by", sa.JSON, nullable=False),
        sa.Column("adopted_at", Moment, nullable=False),
        sa.Column("documents", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("agency", "effective_from", "adopted_at"),
        sa.CheckConstraint("origin IN ('files', 'draft')", name="policy_adoption_origin"),
        sa.CheckConstraint("(origin = 'draft') = (draft IS NOT NULL)", name="policy_adoption_draft"),
        sa.CheckConstraint(
            "origin = 'files' OR (json_array_length(adopted_by) = 2 AND (adopted_by ->> 0) <> (adopted_by ->> 1))",
            name="policy_adoption_two_persons",
        ),
    )
    op.create_table(
        "roster",
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("officers", sa.JSON, nullable=False),
        sa.Column("calendar", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("agency", "since"),
        sa.CheckConstraint("origin IN ('files', 'draft')", name="roster_origin"),
    )
    op.create_table(
        "replay",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("draft", sa.Text, nullable=False),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("asked", sa.JSON, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("asked_at", Moment, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("progress", sa.Double, nullable=False),
        sa.Column("result", sa.JSON),
        sa.Column("ended_at", Moment),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="replay_state"),
    )
    op.create_index("replay_by_draft", "replay", ["draft", "asked_at"])
    op.create_table(
        "correction",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("kind_was", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("officer", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
    )
    op.create_index("correction_by_agency", "correction", ["agency", "at"])
    op.create_index("correction_by_turn", "correction", ["case_id", "turn", "at"])
    op.create_table(
        "classifier",
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("model", sa.JSON, nullable=False),
        sa.Column("scores", sa.JSON, nullable=False),
        sa.Column("trained_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("agency", "version"),
    )
    op.create_table(
        "issue",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("topics", sa.JSON, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("words", sa.LargeBinary, nullable=False),
        sa.Column("sketch", sa.BigInteger, nullable=False),
        sa.Column("subject", sa.BigInteger),
        sa.Column("comments", sa.Integer, nullable=False),
        sa.Column("authors", sa.Integer, nullable=False),
        sa.Column("author_marks", sa.LargeBinary, nullable=False),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.Column("judged", sa.Text),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("last_at", Moment, nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.Column("forget_at", Moment, nullable=False),
        sa.Column("surging_since", Moment),
    )
    op.create_index("issue_to_forget", "issue", ["forget_at"])
    op.create_index("issue_by_time", "issue", ["last_at", "id", "agency"], postgresql_where=sa.text("comments > 1"))
    op.create_index("issue_by_subject", "issue", ["subject", "agency"], postgresql_where=sa.text("comments > 1"))
    op.create_table(
        "issue_key",
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("key", sa.BigInteger, nullable=False),
        sa.Column("issue", sa.Text, nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("agency", "key"),
    )
    op.create_index("issue_key_by_end", "issue_key", ["ends_at"])
    op.add_column("case", sa.Column("approvals", sa.Integer, nullable=False, server_default="0"))
    op.add_column("turn", sa.Column("issue", sa.Text))
    op.create_index("turn_by_time", "turn", ["agency", "received_at"])
    op.create_index("turn_by_issue", "turn", ["issue", "received_at"])
    protect(op, *TABLES)


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.drop_index("turn_by_issue", "turn")
    op.drop_index("turn_by_time", "turn")
    op.drop_column("turn", "issue")
    op.drop_column("case", "approvals")
    for table in reversed(TABLES):
        op.drop_table(table)
