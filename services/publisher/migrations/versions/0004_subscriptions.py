"""Subscriptions: who is told of what, the keys that sign, what was told, and every attempt to tell it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrations import protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = (
    "subscription",
    "signing_key",
    "message",
    "message_sequence",
    "delivery",
    "delivery_attempt",
    "comment_callback",
)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "comment_callback",
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("comment"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("'event'"), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'sending') = (lease_token IS NOT NULL)", name="delivery_sending_has_lease"),
        sa.CheckConstraint("kind IN ('event', 'test', 'verification')", name="delivery_kind"),
        sa.CheckConstraint("state IN ('waiting', 'sending') OR due_at IS NULL", name="delivery_ended_is_not_due"),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'delivered', 'exhausted', 'disabled', 'cancelled')", name="delivery_state"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("delivery_age", "delivery", ["recorded_at"], unique=False, postgresql_using="brin")
    op.create_index(
        "delivery_due",
        "delivery",
        ["subscription", "due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    )
    op.create_index("delivery_listed", "delivery", ["subscription", "position"], unique=False)
    op.create_index(
        "delivery_oldest",
        "delivery",
        ["subscription", "position"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    )
    op.create_index("delivery_once", "delivery", ["message", "subscription"], unique=True)
    op.create_table(
        "delivery_attempt",
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("excerpt", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("delivery", "lease"),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("message_age", "message", ["recorded_at"], unique=False, postgresql_using="brin")
    op.create_table(
        "message_sequence",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agency", "key"),
    )
    op.create_table(
        "signing_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("subscription", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.Text(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(algorithm = 'ed25519') = (public IS NOT NULL)", name="signing_key_has_public_half"),
        sa.CheckConstraint("algorithm IN ('hmac-sha256', 'ed25519')", name="signing_key_algorithm"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("signing_key_of_subscription", "signing_key", ["subscription", "id"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default=sa.text("'subscription'"), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("types", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("subjects", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("ordered", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("signature", sa.Text(), server_default=sa.text("'hmac-sha256'"), nullable=False),
        sa.Column("verification", sa.Text(), server_default=sa.text("'none'"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("shown", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'enabled'"), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("troubles", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("resting_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warned", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("notices", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind = 'callback' OR url IS NOT NULL", name="subscription_goes_somewhere"),
        sa.CheckConstraint("kind IN ('subscription', 'callback')", name="subscription_kind"),
        sa.CheckConstraint(
            "status <> 'disabled' OR disabled_reason IS NOT NULL", name="subscription_disabled_has_reason"
        ),
        sa.CheckConstraint("status IN ('unverified', 'enabled', 'disabled')", name="subscription_status"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "subscription_of_agency",
        "subscription",
        ["agency", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "publication_of_client", "publication", ["thread_key"], postgresql_where=sa.text("platform = 'rest'")
    )
    protect(op, *TABLES)


def downgrade() -> None:
    """Drop them."""
    op.drop_index("publication_of_client", "publication")
    for table in TABLES:
        op.drop_table(table)
