"""Comments and accounts, and the machinery's tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrations import protect

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")
Moment = sa.DateTime(timezone=True)
Ordered = sa.Text(collation="C")


def upgrade() -> None:
    """Create every table."""
    _create_accounts()
    _create_comments()
    _create_bodies()
    _create_messaging()
    _create_records()
    protect(
        op, "account", "comment", "comment_revision", "raw_body", "echo", "poll_cursor", "outbox", "inbox",
        "dead_letter", "idempotency_key", "audit", "audit_head",
    )  # fmt: skip


def downgrade() -> None:
    """Drop every table."""
    for table in (
        "consumer_marker", "audit_head", "audit", "idempotency_key", "lease", "dead_letter", "inbox", "outbox",
        "poll_cursor", "echo", "raw_body", "comment_revision", "comment", "account",
    ):  # fmt: skip
        op.drop_table(table)


def _create_accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("base_url", sa.Text),
        sa.Column("sealed_secrets", sa.LargeBinary, nullable=False),
        sa.Column("trouble", sa.Text),
        sa.Column("connected_at", Moment, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.UniqueConstraint("platform", "account", name="account_platform_account"),
    )
    op.create_table(
        "poll_cursor",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("moved_at", Moment, nullable=False),
    )


def _create_comments() -> None:
    op.create_table(
        "comment",
        sa.Column("id", Ordered, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("account_id", Ordered, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("native_id", Ordered, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("revision_key", sa.Text, nullable=False),
        sa.Column("thread", sa.Text, nullable=False),
        sa.Column("parent", sa.Text),
        sa.Column("author_id", sa.Text, nullable=False),
        sa.Column("author_name", sa.Text),
        sa.Column("author_handle", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("public", sa.Boolean, nullable=False),
        sa.Column("visibility", sa.Text),
        sa.Column("hidden", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("hidden_at", Moment),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("case_id", sa.Text),
        sa.Column("reply_text", sa.Text),
        sa.Column("reply_language", sa.Text),
        sa.Column("reply_response", sa.Text),
        sa.Column("reply_published_at", Moment),
        sa.Column("callback", sa.Text),
        sa.Column("sent_at", Moment, nullable=False),
        sa.Column("edited_at", Moment),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("raw_id", sa.Uuid, nullable=False),
        sa.UniqueConstraint("account_id", "native_id", name="comment_account_native_id"),
        sa.CheckConstraint(
            "status IN ('received', 'routed', 'closed', 'answered', 'deleted')", name="comment_status_known"
        ),
        sa.CheckConstraint("revision > 0 OR status = 'deleted'", name="comment_tombstone_deleted"),
        sa.CheckConstraint("(reply_text IS NULL) = (reply_published_at IS NULL)", name="comment_reply_whole"),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("comment_agency_id", "comment", ["agency", "id"])
    op.create_table(
        "comment_revision",
        sa.Column("comment", Ordered, nullable=False),
        sa.Column("revision_key", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("edited_at", Moment),
        sa.Column("raw_id", sa.Uuid, nullable=False),
        sa.Column("recorded_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("comment", "revision_key"),
    )


def _create_bodies() -> None:
    op.create_table(
        "raw_body",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("received_at", Moment, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "echo",
        sa.Column("account_id", Ordered, nullable=False),
        sa.Column("native_id", Ordered, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("thread", sa.Text),
        sa.Column("publication", sa.Text),
        sa.Column("response", sa.Text),
        sa.Column("published_at", Moment),
        sa.Column("seen_at", Moment),
        sa.PrimaryKeyConstraint("account_id", "native_id"),
    )


def _create_messaging() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("aggregatetype", sa.Text, nullable=False),
        sa.Column("aggregateid", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("traceparent", sa.Text),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("created_at", Moment, nullable=False, server_default=NOW),
        sa.Column("sent_at", Moment),
    )
    op.create_index("outbox_waiting", "outbox", ["seq"], postgresql_where=sa.text("sent_at IS NULL"))
    op.create_index("outbox_age", "outbox", ["created_at"], postgresql_using="brin")
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("handled_at", Moment, nullable=False, server_default=NOW),
    )
    op.create_index("inbox_age", "inbox", ["handled_at"], postgresql_using="brin")
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer),
        sa.Column("record_offset", sa.BigInteger),
        sa.Column("key", sa.LargeBinary),
        sa.Column("headers", postgresql.JSONB, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("body", sa.LargeBinary),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("traceparent", sa.Text),
        sa.Column("buried_at", Moment, nullable=False, server_default=NOW),
    )
    op.create_table(
        "consumer_marker",
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("cluster_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition"),
    )


def _create_records() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("until", Moment, nullable=False),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("body", sa.Text),
        sa.Column("headers", sa.Text),
        sa.Column("claimed_at", Moment, nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("principal", "method", "path", "key", "agency"),
    )
    op.create_table(
        "audit",
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("on_behalf_of", sa.Text),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("agency", "number"),
    )
    op.create_table(
        "audit_head",
        sa.Column("agency", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )
