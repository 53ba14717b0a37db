"""Who waits for an older publication of its thread is put aside; tasks are found account by account."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, which old code leaves alone, and the indexes."""
    op.add_column("publication", sa.Column("aside", sa.Boolean, nullable=False, server_default=sa.text("false")))
    op.drop_index("task_due", "task")
    op.create_index(
        "task_due",
        "task",
        ["agency", "platform", "account", "due_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_index("task_due", "task")
    op.create_index("task_due", "task", ["due_at"], postgresql_where=sa.text("state = 'pending'"))
    op.drop_column("publication", "aside")
