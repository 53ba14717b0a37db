"""Word of what has not arrived, while it waits, and the indexes by which the publication is found that it is about."""

import sqlalchemy as sa
from alembic import op

from shared.migrations import protect

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what old code does not write."""
    op.create_table(
        "undelivered",
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("native_id", sa.Text, nullable=False),
        sa.Column("publication", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.Text),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")),
        sa.PrimaryKeyConstraint("agency", "platform", "account", "native_id", "publication"),
    )
    op.create_index("undelivered_heard", "undelivered", ["heard_at"])
    protect(op, "undelivered")
    op.create_index(
        "publication_standing",
        "publication",
        ["native_id", "account"],
        postgresql_where=sa.text("native_id IS NOT NULL"),
    )
    op.create_index("publication_in_parts", "publication", ["account"], postgresql_where=sa.text("parts IS NOT NULL"))


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.drop_index("publication_in_parts", "publication")
    op.drop_index("publication_standing", "publication")
    op.drop_table("undelivered")
