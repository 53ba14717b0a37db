"""The publisher's first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrations import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("troubles", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("degraded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("degraded_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("agency", "platform", "account"),
        sa.UniqueConstraint("id", name="account_id_is_unique"),
    )
    op.create_table(
        "attempt",
        sa.Column("publication", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("publication", "number"),
    )
    op.create_table(
        "audit",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("on_behalf_of", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agency", "number"),
    )
    op.create_table(
        "audit_head",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agency"),
    )
    op.create_table(
        "consumer_marker",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("cluster_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition"),
    )
    op.create_table(
        "credentials",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=True),
        sa.Column("record_offset", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("headers", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("buried_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("headers", sa.Text(), nullable=True),
        sa.Column(
            "claimed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("principal", "method", "path", "key", "agency"),
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column(
            "handled_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index("inbox_age", "inbox", ["handled_at"], unique=False, postgresql_using="brin")
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("aggregatetype", sa.Text(), nullable=False),
        sa.Column("aggregateid", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("outbox_age", "outbox", ["created_at"], unique=False, postgresql_using="brin")
    op.create_index("outbox_waiting", "outbox", ["seq"], unique=False, postgresql_where=sa.text("sent_at IS NULL"))
    op.create_table(
        "publication",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column(
            "thread_key",
            sa.Text(),
            sa.Computed("agency || chr(31) || platform || chr(31) || account || chr(31) || thread", persisted=True),
            nullable=False,
        ),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("comments", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("reply_to", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mention", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("release", postgresql.JSONB(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("resent", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("needs_person", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("native_id", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("NOT needs_person OR state = 'unknown'", name="publication_only_doubt_needs_person"),
        sa.CheckConstraint("state <> 'failed' OR reason IS NOT NULL", name="publication_failed_has_reason"),
        sa.CheckConstraint(
            "state <> 'published' OR (native_id IS NOT NULL AND published_at IS NOT NULL)",
            name="publication_published_is_somewhere",
        ),
        sa.CheckConstraint("state <> 'sending' OR lease_token IS NOT NULL", name="publication_sending_has_lease"),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'published', 'failed', 'unknown', 'retracted')", name="publication_state"
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'unknown') OR (due_at IS NULL AND lease_token IS NULL)",
            name="publication_ended_is_not_due",
        ),
        sa.CheckConstraint("(lease_token IS NULL) = (lease_until IS NULL)", name="publication_whole_lease"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("response", name="publication_once_a_response"),
    )
    op.create_index("publication_answering", "publication", ["agency", "platform", "account", "reply_to"], unique=False)
    op.create_index(
        "publication_due",
        "publication",
        ["agency", "platform", "account", "due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'sending', 'unknown')"),
    )
    op.create_index("publication_newest", "publication", ["agency", "position"], unique=False)
    op.create_index(
        "publication_open_in_thread",
        "publication",
        ["thread_key", "position"],
        unique=False,
        postgresql_where=sa.text("state IN ('pending', 'sending', 'unknown')"),
    )
    protect(
        op,
        "account",
        "attempt",
        "audit",
        "audit_head",
        "credentials",
        "dead_letter",
        "idempotency_key",
        "inbox",
        "outbox",
        "publication",
    )


def downgrade() -> None:
    for table in (
        "publication",
        "outbox",
        "lease",
        "inbox",
        "idempotency_key",
        "dead_letter",
        "credentials",
        "consumer_marker",
        "audit_head",
        "audit",
        "attempt",
        "account",
    ):
        op.drop_table(table)
