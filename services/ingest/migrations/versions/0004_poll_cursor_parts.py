"""A polled account has several parts (comments, private messages), each read up to a place of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEY = "poll_cursor_pkey"


def upgrade() -> None:
    """Add the part to the key. Old code cannot move a cursor then, and reads the same again until it ends."""
    op.add_column("poll_cursor", sa.Column("part", sa.Text, nullable=False, server_default=sa.text("'comments'")))
    op.drop_constraint(_KEY, "poll_cursor")
    op.create_primary_key(_KEY, "poll_cursor", ["account_id", "part"])


def downgrade() -> None:
    """Keep the place of the comments alone."""
    op.execute("SET LOCAL parley.agencies = '*'")  # else no row is seen
    op.execute("DELETE FROM poll_cursor WHERE part <> 'comments'")
    op.drop_constraint(_KEY, "poll_cursor")
    op.create_primary_key(_KEY, "poll_cursor", ["account_id"])
    op.drop_column("poll_cursor", "part")
