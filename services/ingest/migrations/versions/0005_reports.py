"""Reports over Open311, and when a comment last came further."""

import sqlalchemy as sa
from alembic import op

from shared.migrations import protect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)
Ordered = sa.Text(collation="C")


def upgrade() -> None:
    """Create the table, and add the column that old code does not write."""
    op.create_table(
        "report",
        sa.Column("comment", Ordered, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("jurisdiction", sa.Text, nullable=False),
        sa.Column("service_code", sa.Text, nullable=False),
        sa.Column("service_name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("address", sa.Text),
        sa.Column("address_id", sa.Text),
        sa.Column("lat", sa.Double),
        sa.Column("long", sa.Double),
        sa.Column("contact", sa.Text),
        sa.Column("fingerprint", Ordered),
        sa.Column("requested_at", Moment, nullable=False),
        sa.UniqueConstraint("fingerprint", name="report_fingerprint"),
        sa.CheckConstraint("(lat IS NULL) = (long IS NULL)", name="report_position_whole"),
    )
    op.create_index("report_requested", "report", ["jurisdiction", "requested_at"])
    protect(op, "report")
    op.add_column("comment", sa.Column("progressed_at", Moment))


def downgrade() -> None:
    """Drop the column and the table."""
    op.drop_column("comment", "progressed_at")
    op.drop_table("report")
