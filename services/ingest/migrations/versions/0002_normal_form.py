"""What platforms tell beyond the text: media, followers, reach, the reply window, and how sure the language is."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COLUMNS: dict[str, Any] = {
    "author_followers": sa.BigInteger,
    "language_confidence": sa.REAL,
    "media": sa.Text,
    "window_ends_at": sa.DateTime(timezone=True),
    "reach": sa.BigInteger,
}


def upgrade() -> None:
    """Add the columns; old code writes none of them."""
    for name, kind in _COLUMNS.items():
        op.add_column("comment", sa.Column(name, kind))


def downgrade() -> None:
    """Drop the columns."""
    for name in _COLUMNS:
        op.drop_column("comment", name)
