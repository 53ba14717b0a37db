"""The publisher's tables, declared once.

Impossible states are forbidden here: what is being sent has a lease, what is published has a native id, what failed
has a reason, and nothing that ended is ever due.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Identity,
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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.publisher.adapters import callback_tables
from services.publisher.adapters.record_tables import reach_tables, record_tables, register_tables
from shared.audit import audit_tables
from shared.database import agency_column
from shared.dead_letters import dead_letter_table
from shared.idempotency import idempotency_table
from shared.inbox import inbox_table
from shared.lease import lease_table
from shared.outbox import outbox_table
from shared.positions import consumer_marker_table

OPEN = "state IN ('pending', 'sending', 'unknown')"
"""What still has something to be done; spelled alike in the indexes and in the queries that use them."""

ON_RECORD = "public AND published_at IS NOT NULL"
"""What may stand in the public record; spelled alike in the index and in the query that uses it."""

THREAD_KEY = "agency || chr(31) || platform || chr(31) || account || chr(31) || thread"
"""A thread is one on one account of one agency."""

metadata = MetaData()

account = Table(
    "account",
    metadata,
    Column("id", Text, nullable=False),
    agency_column(),
    Column("platform", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("name", Text),
    Column("connected_at", DateTime(timezone=True)),
    Column("troubles", Integer, nullable=False, server_default=text("0")),
    Column("paused_until", DateTime(timezone=True)),
    Column("degraded_at", DateTime(timezone=True)),
    Column("degraded_reason", Text),
    Column("disabled_at", DateTime(timezone=True)),
    # Since when it is another agency's: what is still to go out on it ends, and nothing opens it any more.
    Column("moved_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("agency", "platform", "account"),
    UniqueConstraint("id", name="account_id_is_unique"),
)

credentials = Table(
    "credentials",
    metadata,
    Column("account_id", Text, primary_key=True),
    agency_column(),
    Column("sealed", LargeBinary, nullable=False),
    Column("base_url", Text),
    Column("version", Text),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("probed_at", DateTime(timezone=True)),
    Column("keep_at", DateTime(timezone=True)),
    Column("keep_until", DateTime(timezone=True)),
    Column("keep_token", Uuid),
    Column("keep_failures", Integer, nullable=False, server_default=text("0")),
    Column("rights", JSONB),
    Column("facts", JSONB),
    Column("probe_detail", Text),
    # Since when a platform may have given away secrets that nobody has kept.
    Column("renewing_since", DateTime(timezone=True)),
)
Index("credentials_to_keep", credentials.c.keep_at, postgresql_where=text("keep_at IS NOT NULL"))

publication = Table(
    "publication",
    metadata,
    Column("id", Text, primary_key=True),
    agency_column(),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("platform", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("thread", Text, nullable=False),
    # One column for what makes a thread one: the index that finds its oldest shares no column with any other, so that
    # no planner, whatever it knows of the table, can take another one for it.
    Column("thread_key", Text, Computed(THREAD_KEY, persisted=True), nullable=False),
    Column("response", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("comments", ARRAY(Text), nullable=False),
    Column("reply_to", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("first_text", Text),
    Column("mention", Text),
    Column("visibility", Text),
    Column("public", Boolean, nullable=False),
    Column("language", Text),
    Column("subject_line", Text),
    Column("purpose", Text, nullable=False, server_default=text("'answer'")),
    Column("valid_until", DateTime(timezone=True)),
    Column("release", JSONB, nullable=False),
    Column("traceparent", Text),
    # The wording in pieces where it is more than one, and the native ids of those that stand already.
    Column("parts", ARRAY(Text)),
    Column("posted", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("corrects", Text),
    # Why it is to be taken back as soon as it is known whether it stands.
    Column("retracting", Text),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("state", Text, nullable=False, server_default=text("'pending'")),
    Column("due_at", DateTime(timezone=True)),
    # Waits for an older one of its thread; then it is called, or looked at again when it is due.
    Column("aside", Boolean, nullable=False, server_default=text("false")),
    Column("lease_token", Uuid),
    Column("lease_until", DateTime(timezone=True)),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("resent", Integer, nullable=False, server_default=text("0")),
    Column("first_sent_at", DateTime(timezone=True)),
    Column("sent_at", DateTime(timezone=True)),
    Column("reason", Text),
    Column("detail", Text),
    Column("needs_person", Boolean, nullable=False, server_default=text("false")),
    Column("native_id", Text),
    Column("url", Text),
    Column("published_at", DateTime(timezone=True)),
    Column("settled_at", DateTime(timezone=True)),
    UniqueConstraint("response", name="publication_once_a_response"),
    CheckConstraint(
        "state IN ('pending', 'sending', 'published', 'failed', 'unknown', 'retracted')", name="publication_state"
    ),
    CheckConstraint(
        "purpose IN ('answer', 'holding', 'acknowledgement', 'closing', 'correction')", name="publication_purpose"
    ),
    CheckConstraint("(purpose = 'correction') = (corrects IS NOT NULL)", name="publication_correction_corrects"),
    CheckConstraint("(lease_token IS NULL) = (lease_until IS NULL)", name="publication_whole_lease"),
    CheckConstraint("state <> 'sending' OR lease_token IS NOT NULL", name="publication_sending_has_lease"),
    CheckConstraint(
        "state <> 'published' OR (native_id IS NOT NULL AND published_at IS NOT NULL)",
        name="publication_published_is_somewhere",
    ),
    CheckConstraint("state <> 'failed' OR reason IS NOT NULL", name="publication_failed_has_reason"),
    CheckConstraint("NOT needs_person OR state = 'unknown'", name="publication_only_doubt_needs_person"),
    CheckConstraint(f"{OPEN} OR (due_at IS NULL AND lease_token IS NULL)", name="publication_ended_is_not_due"),
)
Index(
    "publication_due",
    publication.c.agency,
    publication.c.platform,
    publication.c.account,
    publication.c.due_at,
    postgresql_where=text(OPEN),
)
Index(
    "publication_open_in_thread",
    publication.c.thread_key,
    publication.c.position,
    postgresql_where=text(OPEN),
)
Index("publication_correcting", publication.c.corrects, postgresql_where=text("corrects IS NOT NULL"))
Index("publication_newest", publication.c.agency, publication.c.position)
Index(
    "publication_answering",
    publication.c.agency,
    publication.c.platform,
    publication.c.account,
    publication.c.reply_to,
)
Index("publication_of_client", publication.c.thread_key, postgresql_where=text("platform = 'rest'"))
Index(
    "publication_on_record",
    publication.c.agency,
    publication.c.published_at,
    publication.c.id,
    postgresql_where=text(ON_RECORD),
)

Index(
    "publication_standing",
    publication.c.native_id,
    publication.c.account,
    postgresql_where=text("native_id IS NOT NULL"),
)
Index("publication_in_parts", publication.c.account, postgresql_where=text("parts IS NOT NULL"))

undelivered = Table(
    "undelivered",
    metadata,
    agency_column(),
    Column("platform", Text, nullable=False),
    Column("account", Text, nullable=False),
    # Empty where the platform does not tell it; one of the two it does.
    Column("native_id", Text, nullable=False),
    Column("publication", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text),
    Column("heard_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    PrimaryKeyConstraint("agency", "platform", "account", "native_id", "publication"),
)
"""Word of what has not arrived, while it is not known what that was."""
Index("undelivered_heard", undelivered.c.heard_at)

attempt = Table(
    "attempt",
    metadata,
    Column("publication", Text, nullable=False),
    Column("number", Integer, nullable=False),
    agency_column(),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text),
    PrimaryKeyConstraint("publication", "number"),
)

task = Table(
    "task",
    metadata,
    Column("id", Text, primary_key=True),
    agency_column(),
    Column("position", BigInteger, Identity(always=True), nullable=False),
    Column("platform", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("native_id", Text, nullable=False),
    Column("reply_to", Text),
    Column("text", Text),
    Column("mention", Text),
    Column("language", Text),
    Column("reason", Text, nullable=False),
    Column("case_id", Text, nullable=False),
    Column("ordered_by", Text, nullable=False),
    Column("publication", Text),
    Column("comment", Text),
    Column("traceparent", Text),
    Column("release", JSONB, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("state", Text, nullable=False, server_default=text("'pending'")),
    Column("due_at", DateTime(timezone=True)),
    Column("lease_token", Uuid),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("evidence", JSONB, nullable=False, server_default=text("'[]'")),
    Column("detail", Text),
    Column("settled_at", DateTime(timezone=True)),
    UniqueConstraint("ordered_by", "native_id", name="task_once_an_order"),
    CheckConstraint("kind IN ('edit', 'delete', 'hide', 'show', 'remove')", name="task_kind"),
    CheckConstraint("state IN ('pending', 'done', 'not_possible', 'failed')", name="task_state"),
    CheckConstraint("(state = 'pending') = (due_at IS NOT NULL)", name="task_ended_is_not_due"),
    CheckConstraint("(publication IS NOT NULL) = (kind IN ('edit', 'delete'))", name="task_ours_or_theirs"),
    CheckConstraint("(comment IS NULL) = (publication IS NOT NULL)", name="task_about_one_thing"),
    CheckConstraint("(kind = 'edit') = (text IS NOT NULL)", name="task_edit_has_text"),
)
Index(
    "task_due",
    task.c.agency,
    task.c.platform,
    task.c.account,
    task.c.due_at,
    postgresql_where=text("state = 'pending'"),
)
Index("task_newest", task.c.agency, task.c.position)
Index("task_of_publication", task.c.publication)
Index("task_waiting_for", task.c.native_id, task.c.position, postgresql_where=text("state = 'pending'"))

outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
dead_letter = dead_letter_table(metadata)
lease = lease_table(metadata)
consumer_marker = consumer_marker_table(metadata)
idempotency_key = idempotency_table(metadata)
audit, audit_head = audit_tables(metadata)

subscription = callback_tables.subscription_table(metadata)
signing_key = callback_tables.signing_key_table(metadata)
message = callback_tables.message_table(metadata)
message_sequence = callback_tables.message_sequence_table(metadata)
delivery = callback_tables.delivery_table(metadata)
delivery_attempt = callback_tables.delivery_attempt_table(metadata)
comment_callback = callback_tables.comment_callback_table(metadata)
record_tables(metadata)
register_tables(metadata)
reach_tables(metadata)
