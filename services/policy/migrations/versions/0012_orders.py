"""Orders about a case, cleared as submissions are: moderation, corrections and retractions of responses.

A consent says of what matter it is, since whoever asks may take a response back alone, and nothing else.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ABOUT = ["agency", "matter", "subject"]


def upgrade() -> None:
    """Let submissions be about a case, and responses be taken back."""
    op.add_column("submission", sa.Column("case_id", sa.Text))
    op.add_column("submission", sa.Column("outcome", sa.JSON))
    _constrain("submission", "submission_matter", f"matter IN ({_ALL})")
    _constrain("submission", "submission_case", "(matter IN ('line', 'answer')) = (case_id IS NULL)", new=True)
    _constrain("submission", "submission_outcome", "outcome IS NULL OR state = 'ended'", new=True)
    op.drop_index("submission_in_effect", "submission")
    in_effect = sa.text("state = 'cleared' AND matter IN ('line', 'answer')")
    op.create_index("submission_in_effect", "submission", ABOUT, unique=True, postgresql_where=in_effect)
    op.create_index("submission_by_case", "submission", ["case_id"], postgresql_where=sa.text("case_id IS NOT NULL"))
    op.add_column("submission_approval", sa.Column("matter", sa.Text))
    # The owner of the tables is under their row-level security as well.
    op.execute("SELECT set_config('parley.agencies', '*', true)")
    op.execute(_NAME_MATTERS)
    op.execute("SELECT set_config('parley.agencies', '', true)")
    op.alter_column("submission_approval", "matter", nullable=False)
    _constrain("submission_approval", "submission_approval_by_another", _BY_ANOTHER)
    _constrain("response", "response_state", "state IN ('approved', 'published', 'failed', 'retracted')")


def downgrade() -> None:
    """Take it back; orders, and what they took back, are gone by that."""
    op.execute("SELECT set_config('parley.agencies', '*', true)")
    op.execute("DELETE FROM submission_approval WHERE matter NOT IN ('line', 'answer')")
    op.execute("DELETE FROM submission WHERE matter NOT IN ('line', 'answer')")
    op.execute("UPDATE response SET state = 'failed' WHERE state = 'retracted'")
    op.execute("SELECT set_config('parley.agencies', '', true)")
    _constrain("response", "response_state", "state IN ('approved', 'published', 'failed')")
    _constrain("submission_approval", "submission_approval_by_another", "officer <> author")
    op.drop_column("submission_approval", "matter")
    op.drop_index("submission_by_case", "submission")
    op.drop_index("submission_in_effect", "submission")
    op.create_index(
        "submission_in_effect", "submission", ABOUT, unique=True, postgresql_where=sa.text("state = 'cleared'")
    )
    op.drop_constraint("submission_outcome", "submission")
    op.drop_constraint("submission_case", "submission")
    _constrain("submission", "submission_matter", "matter IN ('line', 'answer')")
    op.drop_column("submission", "outcome")
    op.drop_column("submission", "case_id")


def _constrain(table: str, name: str, rule: str, *, new: bool = False) -> None:
    if not new:
        op.drop_constraint(name, table)
    op.create_check_constraint(name, table, rule)


_ALL = "'line', 'answer', 'moderation', 'correction', 'retraction'"
_BY_ANOTHER = "officer <> author OR (matter = 'retraction' AND step_level <= 'L2')"
_NAME_MATTERS = """
    UPDATE submission_approval SET matter = s.matter FROM submission AS s WHERE s.id = submission_approval.submission
"""
