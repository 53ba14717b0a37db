"""Proofs that are good for one body only, as long as they could be used again."""

import sqlalchemy as sa
from alembic import op

from shared.migrations import protect

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, which only platforms that old code does not know write to."""
    op.create_table(
        "used_token",
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("token", sa.Text(collation="C"), nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("platform", "token"),
    )
    op.create_index("used_token_until", "used_token", ["until"])
    protect(op, "used_token")


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("used_token")
