"""Replies that were corrected: since when they read so, and the response that stands under the first one, if any."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what old code does not write."""
    op.add_column("comment", sa.Column("reply_corrected_at", sa.DateTime(timezone=True)))
    op.add_column("comment", sa.Column("reply_follower", sa.Text))
    op.create_check_constraint(
        "comment_reply_corrected", "comment", "reply_text IS NOT NULL OR reply_corrected_at IS NULL"
    )


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.drop_constraint("comment_reply_corrected", "comment")
    op.drop_column("comment", "reply_follower")
    op.drop_column("comment", "reply_corrected_at")
