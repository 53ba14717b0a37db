"""Until when the platform takes an answer to a turn; unknown, and so without an end, for those of before."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what old code neither reads nor writes."""
    op.add_column("turn", sa.Column("window_ends_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.drop_column("turn", "window_ends_at")
