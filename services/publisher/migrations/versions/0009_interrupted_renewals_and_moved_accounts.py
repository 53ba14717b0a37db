"""Renewals whose answer nobody has kept yet, and accounts that are another agency's now."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add when a renewal was begun, and when an account was moved."""
    op.add_column("credentials", sa.Column("renewing_since", sa.DateTime(timezone=True)))
    op.add_column("account", sa.Column("moved_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("account", "moved_at")
    op.drop_column("credentials", "renewing_since")
