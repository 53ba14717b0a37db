"""The subjects of the letters that are answered; none for what was recorded before, which goes by a neutral one."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what old code neither reads nor writes."""
    op.add_column("publication", sa.Column("subject_line", sa.Text))


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.drop_column("publication", "subject_line")
