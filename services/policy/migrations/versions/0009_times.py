"""Holding replies and acknowledgements that are sent."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0005"
branch_labels = None
depends_on = None

KINDS = "'holding', 'escalate', 'near_breach', 'to_head', 'breach'"


def upgrade() -> None:
    """Add the column that old code does not write, and let there be timers that it does not know."""
    op.add_column("response", sa.Column("purpose", sa.Text, nullable=False, server_default=sa.text("'answer'")))
    op.create_check_constraint(
        "response_purpose", "response", "purpose IN ('answer', 'holding', 'acknowledgement', 'closing')"
    )
    op.drop_constraint("timer_kind", "timer")
    op.create_check_constraint("timer_kind", "timer", f"kind IN ('acknowledge', {KINDS})")


def downgrade() -> None:
    """Drop what the upgrade made; what the old service could not ring goes with it."""
    op.execute("SELECT set_config('parley.agencies', '*', true)")
    op.execute("DELETE FROM timer WHERE kind = 'acknowledge'")
    op.execute("SELECT set_config('parley.agencies', '', true)")
    op.drop_constraint("timer_kind", "timer")
    op.create_check_constraint("timer_kind", "timer", f"kind IN ({KINDS})")
    op.drop_constraint("response_purpose", "response")
    op.drop_column("response", "purpose")
