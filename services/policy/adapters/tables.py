"""The tables of policy.

What must never be is forbidden here as well as in the domain: two open drafts of a case, two steps by one person, a
step by the author.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
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

outbox_table(metadata)
inbox_table(metadata)
dead_letter_table(metadata)
lease_table(metadata)
audit_tables(metadata)
idempotency_table(metadata)
consumer_marker_table(metadata)

case = Table(
    "case",
    metadata,
    Column("id", Text, primary_key=True),
    agency_column(),
    Column("platform", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("disposition", Text),
    Column("level", Text),
    Column("sensitivity", Text),
    Column("damage", Text),
    Column("owner", Text),
    Column("clock", Text),
    Column("signoffs", JSON, nullable=False),
    Column("head_comment", Text, nullable=False),
    Column("head_revision", Integer, nullable=False),
    Column("turn_count", Integer, nullable=False),
    Column("drafts_written", Integer, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("since", DateTime(timezone=True)),
    Column("due_at", DateTime(timezone=True)),
    UniqueConstraint("agency", "platform", "account", "thread", name="case_thread"),
    CheckConstraint(
        "state IN ('open', 'awaiting_clearance', 'approved', 'answered', 'closed', 'watching')", name="case_state"
    ),
)
# Not led by the agency: a plan made while the table is empty would take such an index for finding a thread, too.
Index("case_by_due", case.c.due_at, case.c.id, case.c.agency)
Index("case_by_state", case.c.state, case.c.due_at, case.c.id, case.c.agency)

turn = Table(
    "turn",
    metadata,
    Column("case_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    agency_column(),
    Column("comment", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("native_id", Text, nullable=False),
    Column("author_id", Text, nullable=False),
    Column("author_name", Text),
    Column("author_handle", Text),
    Column("text", Text, nullable=False),
    Column("language", Text),
    Column("public", Boolean, nullable=False),
    Column("visibility", Text),
    Column("hidden", Boolean, nullable=False),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("decision", JSON, nullable=False),
    PrimaryKeyConstraint("case_id", "number"),
    CheckConstraint(
        "state IN ('waiting', 'watching', 'released', 'answered', 'closed', 'superseded', 'deleted')",
        name="turn_state",
    ),
)
Index("turn_by_comment", turn.c.comment, turn.c.revision)
Index("turn_by_author", turn.c.case_id, turn.c.author_id)

draft = Table(
    "draft",
    metadata,
    Column("case_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    agency_column(),
    Column("version", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", Text),
    Column("digest", Text, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("steps", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("case_id", "number"),
    CheckConstraint("state IN ('open', 'released', 'superseded', 'returned', 'lapsed')", name="draft_state"),
)
Index("draft_open", draft.c.case_id, unique=True, postgresql_where=text("state = 'open'"))

approval = Table(
    "approval",
    metadata,
    Column("case_id", Text, nullable=False),
    Column("draft", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("officer", Text, nullable=False),
    agency_column(),
    Column("author", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("specialism", Text),
    Column("step_level", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("case_id", "draft", "digest", "officer"),
    CheckConstraint("officer <> author", name="approval_by_another"),
    CheckConstraint("(kind = 'signoff') = (specialism IS NOT NULL)", name="approval_kind"),
)

response = Table(
    "response",
    metadata,
    Column("id", Text, primary_key=True),
    agency_column(),
    Column("case_id", Text, nullable=False),
    Column("comments", JSON, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", Text),
    Column("level", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("authorisations", JSON, nullable=False),
    Column("state", Text, nullable=False),
    Column("native_id", Text),
    Column("approved_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    CheckConstraint("state IN ('approved', 'published', 'failed')", name="response_state"),
)
Index("response_by_case", response.c.case_id)

policy = Table(
    "policy",
    metadata,
    Column("version", Text, primary_key=True),
    agency_column(),
    Column("digest", Text, nullable=False),
    Column("content", JSON, nullable=False),
    Column("loaded_at", DateTime(timezone=True), nullable=False),
)
