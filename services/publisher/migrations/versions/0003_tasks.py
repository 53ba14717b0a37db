"""Numbered threads, what is to be put right or moderated, and credentials that are kept alive."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrations import protect

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_PURPOSES = "'answer', 'holding', 'acknowledgement', 'closing'"


def upgrade() -> None:
    """Add what old code neither reads nor writes."""
    op.add_column("publication", sa.Column("parts", postgresql.ARRAY(sa.Text)))
    op.add_column(
        "publication",
        sa.Column("posted", postgresql.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
    )
    op.add_column("publication", sa.Column("corrects", sa.Text))
    op.add_column("publication", sa.Column("retracting", sa.Text))
    op.drop_constraint("publication_purpose", "publication")
    op.create_check_constraint("publication_purpose", "publication", f"purpose IN ({_PURPOSES}, 'correction')")
    op.create_check_constraint(
        "publication_correction_corrects", "publication", "(purpose = 'correction') = (corrects IS NOT NULL)"
    )
    op.create_index(
        "publication_correcting",
        "publication",
        ["corrects"],
        postgresql_where=sa.text("corrects IS NOT NULL"),
    )
    op.add_column("account", sa.Column("disabled_at", sa.DateTime(timezone=True)))
    for column in ("expires_at", "probed_at", "keep_at", "keep_until"):
        op.add_column("credentials", sa.Column(column, sa.DateTime(timezone=True)))
    op.add_column("credentials", sa.Column("keep_token", sa.Uuid))
    op.add_column("credentials", sa.Column("keep_failures", sa.Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("credentials", sa.Column("rights", postgresql.JSONB))
    op.add_column("credentials", sa.Column("facts", postgresql.JSONB))
    op.add_column("credentials", sa.Column("probe_detail", sa.Text))
    op.create_index("credentials_to_keep", "credentials", ["keep_at"], postgresql_where=sa.text("keep_at IS NOT NULL"))
    _create_task()
    protect(op, "task")


def _create_task() -> None:
    op.create_table(
        "task",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("thread", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("native_id", sa.Text, nullable=False),
        sa.Column("reply_to", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("mention", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("ordered_by", sa.Text, nullable=False),
        sa.Column("publication", sa.Text),
        sa.Column("comment", sa.Text),
        sa.Column("traceparent", sa.Text),
        sa.Column("release", postgresql.JSONB, nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("clock_timestamp()")
        ),
        sa.Column("state", sa.Text, nullable=False, server_default=sa.text("'pending'")),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("lease_token", sa.Uuid),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("evidence", postgresql.JSONB, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("detail", sa.Text),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("ordered_by", "native_id", name="task_once_an_order"),
        sa.CheckConstraint("kind IN ('edit', 'delete', 'hide', 'show', 'remove')", name="task_kind"),
        sa.CheckConstraint("state IN ('pending', 'done', 'not_possible', 'failed')", name="task_state"),
        sa.CheckConstraint("(state = 'pending') = (due_at IS NOT NULL)", name="task_ended_is_not_due"),
        sa.CheckConstraint("(publication IS NOT NULL) = (kind IN ('edit', 'delete'))", name="task_ours_or_theirs"),
        sa.CheckConstraint("(comment IS NULL) = (publication IS NOT NULL)", name="task_about_one_thing"),
        sa.CheckConstraint("(kind = 'edit') = (text IS NOT NULL)", name="task_edit_has_text"),
    )
    op.create_index("task_due", "task", ["due_at"], postgresql_where=sa.text("state = 'pending'"))
    op.create_index("task_newest", "task", ["agency", "position"])
    op.create_index("task_of_publication", "task", ["publication"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("task")
    op.drop_index("credentials_to_keep", "credentials")
    for column in (
        "probe_detail",
        "facts",
        "rights",
        "keep_failures",
        "keep_token",
        "keep_until",
        "keep_at",
        "probed_at",
        "expires_at",
    ):
        op.drop_column("credentials", column)
    op.drop_column("account", "disabled_at")
    op.execute("DELETE FROM publication WHERE purpose = 'correction'")
    op.drop_index("publication_correcting", "publication")
    op.drop_constraint("publication_correction_corrects", "publication")
    op.drop_constraint("publication_purpose", "publication")
    op.create_check_constraint("publication_purpose", "publication", f"purpose IN ({_PURPOSES})")
    for column in ("retracting", "corrects", "posted", "parts"):
        op.drop_column("publication", column)
