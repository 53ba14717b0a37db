"""The tables of ingest.

``comment`` has one row for each thing a person said, at its newest revision; ``comment_revision`` has the earlier and
the belated texts; ``raw_body`` has the untouched bytes of each request that changed anything. What must never exist
twice has a unique key here, because this is where concurrent requests meet.
"""

from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from shared.audit import audit_tables
from shared.database import agency_column
from shared.dead_letters import dead_letter_table
from shared.idempotency import idempotency_table
from shared.inbox import inbox_table
from shared.lease import lease_table
from shared.outbox import outbox_table
from shared.positions import consumer_marker_table

metadata = MetaData()

account = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True),
    agency_column(),
    Column("platform", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("base_url", Text),
    Column("sealed_secrets", LargeBinary, nullable=False),
    Column("trouble", Text),
    Column("connected_at", DateTime(timezone=True), nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("trouble_kind", Text),
    Column("trouble_detail", Text),
    Column("troubled_at", DateTime(timezone=True)),
    Column("last_heard_at", DateTime(timezone=True)),
    Column("speaks_every_hours", Double),
    Column("disabled_at", DateTime(timezone=True)),
    UniqueConstraint("platform", "account", name="account_platform_account"),
    CheckConstraint(
        "trouble_kind IN ('silence', 'signatures', 'token', 'permission')", name="account_trouble_kind_known"
    ),
    CheckConstraint("speaks_every_hours > 0", name="account_speaks_every_positive"),
)
"""``sealed_secrets`` are the live generations as JSON, sealed and bound to the id; ``trouble`` says why an account is
degraded, for machines. ``version`` grows with whatever those who keep accounts in memory must know, so not with
``last_heard_at``, which is written once a minute at most."""

comment = Table(
    "comment",
    metadata,
    Column("id", Text(collation="C"), primary_key=True),
    agency_column(),
    Column("account_id", Text(collation="C"), nullable=False),
    Column("platform", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("native_id", Text(collation="C"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("revision_key", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("parent", Text),
    Column("author_id", Text, nullable=False),
    Column("author_name", Text),
    Column("author_handle", Text),
    Column("author_followers", BigInteger),
    Column("text", Text, nullable=False),
    Column("language", Text),
    Column("language_confidence", REAL),
    Column("media", Text),
    Column("public", Boolean, nullable=False),
    Column("visibility", Text),
    Column("window_ends_at", DateTime(timezone=True)),
    Column("reach", BigInteger),
    Column("hidden", Boolean, nullable=False, server_default=text("false")),
    Column("hidden_at", DateTime(timezone=True)),
    Column("status", Text, nullable=False),
    Column("case_id", Text),
    Column("reply_text", Text),
    Column("reply_language", Text),
    Column("reply_response", Text),
    Column("reply_published_at", DateTime(timezone=True)),
    Column("reply_corrected_at", DateTime(timezone=True)),
    Column("reply_follower", Text),
    Column("callback", Text),
    Column("subject_line", Text),
    Column("progressed_at", DateTime(timezone=True)),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    Column("edited_at", DateTime(timezone=True)),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("raw_id", Uuid, nullable=False),
    UniqueConstraint("account_id", "native_id", name="comment_account_native_id"),
    CheckConstraint("status IN ('received', 'routed', 'closed', 'answered', 'deleted')", name="comment_status_known"),
    CheckConstraint("revision > 0 OR status = 'deleted'", name="comment_tombstone_deleted"),
    CheckConstraint("(reply_text IS NULL) = (reply_published_at IS NULL)", name="comment_reply_whole"),
    CheckConstraint("reply_text IS NOT NULL OR reply_corrected_at IS NULL", name="comment_reply_corrected"),
    # Two status changes follow each comment: room on the page keeps them out of the indexes.
    postgresql_with={"fillfactor": "70"},
)
"""``media`` is a JSON list of what came with the text, null where nothing did; ``progressed_at`` is when it was
last heard that a case or a reply has come further. ``reply_follower`` is the response that corrects the reply by
standing under it; the reply is gone once both are."""
Index("comment_agency_id", comment.c.agency, comment.c.id)

comment_revision = Table(
    "comment_revision",
    metadata,
    Column("comment", Text(collation="C"), nullable=False),
    Column("revision_key", Text, nullable=False),
    agency_column(),
    Column("revision", Integer),
    Column("text", Text, nullable=False),
    Column("language", Text),
    Column("edited_at", DateTime(timezone=True)),
    Column("raw_id", Uuid, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("comment", "revision_key"),
)
"""``revision`` is null for a text that came so late that newer ones had its place already."""

report = Table(
    "report",
    metadata,
    Column("comment", Text(collation="C"), primary_key=True),
    agency_column(),
    Column("jurisdiction", Text, nullable=False),
    Column("service_code", Text, nullable=False),
    Column("service_name", Text, nullable=False),
    Column("description", Text),
    Column("address", Text),
    Column("address_id", Text),
    Column("lat", Double),
    Column("long", Double),
    Column("contact", Text),
    Column("fingerprint", Text(collation="C")),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("fingerprint", name="report_fingerprint"),
    CheckConstraint("(lat IS NULL) = (long IS NULL)", name="report_position_whole"),
)
"""What Open311 knows of a comment beyond its text. ``contact`` is who reported, as a JSON object, null where nobody
said; ``fingerprint`` stands for all that was posted, and only where a repeat may still come."""
Index("report_requested", report.c.jurisdiction, report.c.requested_at)

raw_body = Table(
    "raw_body",
    metadata,
    Column("id", Uuid, primary_key=True),
    agency_column(),
    Column("account_id", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("body", LargeBinary, nullable=False),
)

used_token = Table(
    "used_token",
    metadata,
    Column("platform", Text, nullable=False),
    Column("token", Text(collation="C"), nullable=False),
    agency_column(),
    Column("digest", LargeBinary, nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("platform", "token"),
)
"""What a platform signed beside a body, and the SHA-256 of the one body that it is good for; unique across agencies,
because whoever carries it off may come to another one's door."""
Index("used_token_until", used_token.c.until)

echo = Table(
    "echo",
    metadata,
    Column("account_id", Text(collation="C"), nullable=False),
    Column("native_id", Text(collation="C"), nullable=False),
    agency_column(),
    Column("thread", Text),
    Column("publication", Text),
    Column("response", Text),
    Column("published_at", DateTime(timezone=True)),
    Column("seen_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("account_id", "native_id"),
)
"""What an agency's own account wrote: told by the publisher, seen on the platform, whichever comes first."""

poll_cursor = Table(
    "poll_cursor",
    metadata,
    Column("account_id", Text, nullable=False),
    Column("part", Text, nullable=False, server_default=text("'comments'")),
    agency_column(),
    Column("cursor", Text, nullable=False),
    Column("moved_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("account_id", "part"),
)
"""Up to where each part of a polled account has been read, as its feed understands it."""

outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
dead_letter = dead_letter_table(metadata)
lease = lease_table(metadata)
idempotency_key = idempotency_table(metadata)
audit, audit_head = audit_tables(metadata)
consumer_marker = consumer_marker_table(metadata)
