"""Versions of drafts, what officers say to them, what they answer and weigh, and reviews after a release at once.

A draft of before answers what waits in its case, and weighs as much as the case does.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.migrations import protect

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)

TABLES = ("draft_version", "review")
EMPTY = sa.text("'[]'")


def _columns() -> tuple[sa.Column[Any], ...]:
    """What a draft has besides."""
    return (
        sa.Column("answers", sa.JSON, nullable=False, server_default=EMPTY),
        sa.Column("head_comment", sa.Text, nullable=False, server_default=""),
        sa.Column("head_revision", sa.Integer, nullable=False, server_default="0"),
        sa.Column("sensitivity", sa.Text, nullable=False, server_default="S4"),
        sa.Column("damage", sa.Text, nullable=False, server_default="D4"),
        sa.Column("topics", sa.JSON, nullable=False, server_default=EMPTY),
        sa.Column("statements", sa.JSON, nullable=False, server_default=EMPTY),
        sa.Column("valid_until", Moment),
        sa.Column("remarks", sa.JSON, nullable=False, server_default=EMPTY),
    )


def upgrade() -> None:
    """Create the tables, and add the columns that old code does not write."""
    op.create_table(
        "draft_version",
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("statements", sa.JSON, nullable=False),
        sa.Column("valid_until", Moment),
        sa.Column("written_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "number", "version"),
    )
    op.create_table(
        "review",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("response", sa.Text, nullable=False),
        sa.Column("draft", sa.Integer, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("released_by", sa.Text, nullable=False),
        sa.Column("post", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("released_at", Moment, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("finding", sa.Text),
        sa.Column("reviewed_by", sa.Text),
        sa.Column("reviewed_at", Moment),
        sa.Column("note", sa.Text),
        sa.Column("reminded_at", Moment),
        sa.CheckConstraint("finding IN ('upheld', 'faulted')", name="review_finding"),
        sa.CheckConstraint(
            "(finding IS NULL) = (reviewed_by IS NULL) AND (finding IS NULL) = (reviewed_at IS NULL)",
            name="review_done",
        ),
        sa.CheckConstraint("reviewed_by NOT IN (author, released_by)", name="review_by_another"),
    )
    op.create_index("review_open", "review", ["due_at"], postgresql_where=sa.text("finding IS NULL"))
    op.create_index("review_by_case", "review", ["case_id"])
    for column in _columns():
        op.add_column("draft", column)
    op.add_column("case", sa.Column("raised_to", sa.Text))
    op.add_column("turn", sa.Column("response", sa.Text))
    protect(op, *TABLES)
    # The owner of the tables is under their row-level security as well.
    op.execute("SELECT set_config('parley.agencies', '*', true)")
    op.execute(_BIND_DRAFTS)
    op.execute(_FIRST_VERSIONS)
    op.execute(_RELEASED_BY)
    op.execute("SELECT set_config('parley.agencies', '', true)")


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.drop_column("turn", "response")
    op.drop_column("case", "raised_to")
    for column in reversed(_columns()):
        op.drop_column("draft", column.name)
    for table in reversed(TABLES):
        op.drop_table(table)


_BIND_DRAFTS = """
    UPDATE draft SET head_comment = c.head_comment, head_revision = c.head_revision,
        sensitivity = c.sensitivity, damage = c.damage,
        answers = (SELECT coalesce(json_agg(DISTINCT t.comment), '[]') FROM turn AS t
                   WHERE t.case_id = c.id AND t.state IN ('waiting', 'watching')),
        topics = (SELECT coalesce(json_agg(DISTINCT topic), '[]') FROM turn AS t,
                  json_array_elements_text(t.decision -> 'topics') AS topic
                  WHERE t.case_id = c.id AND t.state IN ('waiting', 'watching'))
    FROM "case" AS c WHERE c.id = draft.case_id AND c.sensitivity IS NOT NULL
"""
_FIRST_VERSIONS = """
    INSERT INTO draft_version (case_id, number, version, agency, author, text, language, statements, written_at)
    SELECT case_id, number, version, agency, author, text, language, '[]', written_at FROM draft
"""
_RELEASED_BY = """
    UPDATE turn SET response = r.id FROM response AS r
    WHERE r.case_id = turn.case_id AND r.state = 'approved' AND turn.state = 'released'
        AND turn.comment IN (SELECT json_array_elements_text(r.comments))
"""
