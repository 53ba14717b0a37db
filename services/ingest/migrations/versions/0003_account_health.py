"""How an account is: its trouble in full, when it was heard, how often it should be, and whether it is disabled."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COLUMNS: dict[str, Any] = {
    "trouble_kind": sa.Text,
    "trouble_detail": sa.Text,
    "troubled_at": sa.DateTime(timezone=True),
    "last_heard_at": sa.DateTime(timezone=True),
    "speaks_every_hours": sa.Double,
    "disabled_at": sa.DateTime(timezone=True),
}


def upgrade() -> None:
    """Add the columns; old code writes none of them, and reads a disabled account as a connected one until it ends."""
    for name, kind in _COLUMNS.items():
        op.add_column("account", sa.Column(name, kind))
    op.create_check_constraint(
        "account_trouble_kind_known",
        "account",
        "trouble_kind IN ('silence', 'signatures', 'token', 'permission')",
    )
    op.create_check_constraint("account_speaks_every_positive", "account", "speaks_every_hours > 0")


def downgrade() -> None:
    """Drop the columns, and the checks with them."""
    for name in _COLUMNS:
        op.drop_column("account", name)
