"""The subjects of letters; unknown of those of before, whose answers go by a neutral one."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what old code neither reads nor writes."""
    op.add_column("turn", sa.Column("subject_line", sa.Text))


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.drop_column("turn", "subject_line")
