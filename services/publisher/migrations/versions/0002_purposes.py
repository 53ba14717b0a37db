"""What a publication is for, an answer as all before this or something that leaves its comments waiting; and until
when it may go out."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, which old code does not write."""
    op.add_column("publication", sa.Column("purpose", sa.Text, nullable=False, server_default=sa.text("'answer'")))
    op.add_column("publication", sa.Column("valid_until", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        "publication_purpose", "publication", "purpose IN ('answer', 'holding', 'acknowledgement', 'closing')"
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_constraint("publication_purpose", "publication")
    op.drop_column("publication", "valid_until")
    op.drop_column("publication", "purpose")
