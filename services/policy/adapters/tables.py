"""The tables of policy."""

from sqlalchemy import (
    JSON,
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
    text,
)

from services.policy.adapters.authority_tables import authority_tables
from services.policy.adapters.clearance_tables import clearance_tables
from services.policy.adapters.presence_tables import presence_tables
from services.policy.adapters.submission_tables import submission_tables
from services.policy.adapters.time_tables import time_tables
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
authority_tables(metadata)
clearance_tables(metadata)
presence_tables(metadata)
time_tables(metadata)
submission_tables(metadata)

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
    Column("approvals", Integer, nullable=False, server_default="0"),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("since", DateTime(timezone=True)),
    Column("due_at", DateTime(timezone=True)),
    Column("pauses", JSON, nullable=False, server_default=text("'[]'")),
    Column("fired", JSON, nullable=False, server_default=text("'{}'")),
    Column("escalation", JSON),
    Column("calendar", Text),
    Column("raised_to", Text),
    Column("assignee", Text),
    Column("casework", JSON),
    UniqueConstraint("agency", "platform", "account", "thread", name="case_thread"),
    CheckConstraint(
        "state IN ('open', 'awaiting_clearance', 'approved', 'answered', 'closed', 'watching')", name="case_state"
    ),
    CheckConstraint("assignee IS NULL OR state NOT IN ('answered', 'closed')", name="case_assignee"),
    CheckConstraint(
        "(casework #>> '{transferred_to,case}') IS NULL OR (state = 'closed' AND due_at IS NULL)",
        name="case_transferred",
    ),
)
# Not led by the agency: a plan made while the table is empty would take such an index for finding a thread, too.
Index("case_by_due", case.c.due_at, case.c.id, case.c.agency)
Index("case_by_assignee", case.c.assignee, case.c.due_at, case.c.id, postgresql_where=text("assignee IS NOT NULL"))
Index("case_by_state", case.c.state, case.c.due_at, case.c.id, case.c.agency)
# Which open cases still go by an earlier calendar: asked every second, and almost always none.
Index(
    "case_by_calendar",
    case.c.agency,
    case.c.calendar,
    postgresql_where=text("state IN ('open', 'awaiting_clearance', 'watching')"),
)

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
    Column("issue", Text),
    Column("answered_at", DateTime(timezone=True)),
    Column("deadlines", JSON),
    Column("response", Text),
    Column("window_ends_at", DateTime(timezone=True)),
    Column("subject_line", Text),
    PrimaryKeyConstraint("case_id", "number"),
    CheckConstraint(
        "state IN ('waiting', 'watching', 'released', 'answered', 'closed', 'superseded', 'deleted', 'brought')",
        name="turn_state",
    ),
)
Index("turn_by_comment", turn.c.comment, turn.c.revision)
Index("turn_by_author", turn.c.case_id, turn.c.author_id)
Index("turn_by_time", turn.c.agency, turn.c.received_at)
Index("turn_by_issue", turn.c.issue, turn.c.received_at)

timer = Table(
    "timer",
    metadata,
    Column("case_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    agency_column(),
    Column("turn", Integer, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("fired_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("case_id", "kind"),
    CheckConstraint(
        "kind IN ('acknowledge', 'holding', 'escalate', 'near_breach', 'to_head', 'breach')", name="timer_kind"
    ),
)
Index("timer_due", timer.c.due_at, postgresql_where=text("fired_at IS NULL"))

deadline_move = Table(
    "deadline_move",
    metadata,
    Column("agency", Text, primary_key=True),
    Column("cases", Integer, nullable=False),
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
    Column("purpose", Text, nullable=False, server_default=text("'answer'")),
    Column("clearance", Text),
    CheckConstraint("state IN ('approved', 'published', 'failed', 'retracted')", name="response_state"),
    CheckConstraint("purpose IN ('answer', 'holding', 'acknowledgement', 'closing')", name="response_purpose"),
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

policy_draft = Table(
    "policy_draft",
    metadata,
    Column("id", Text, primary_key=True),
    agency_column(),
    Column("unit", Text),
    Column("edition", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("document", JSON, nullable=False),
    Column("note", Text),
    Column("author", Text, nullable=False),
    Column("editors", JSON, nullable=False),
    Column("adoptions", JSON, nullable=False),
    Column("effective_from", DateTime(timezone=True)),
    Column("version", Text),
    Column("written_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("state IN ('draft', 'review', 'adopted', 'superseded', 'withdrawn')", name="policy_draft_state"),
    CheckConstraint("(state IN ('adopted', 'superseded')) = (version IS NOT NULL)", name="policy_draft_version"),
    CheckConstraint(
        "version IS NULL OR (json_array_length(adoptions) = 2 AND effective_from IS NOT NULL"
        " AND (adoptions #>> '{0,by}') <> (adoptions #>> '{1,by}')"
        " AND author NOT IN (adoptions #>> '{0,by}', adoptions #>> '{1,by}'))",
        name="policy_draft_two_others",
    ),
    CheckConstraint(
        "version IS NULL OR NOT CAST(editors AS jsonb) ?| array[adoptions #>> '{0,by}', adoptions #>> '{1,by}']",
        name="policy_draft_no_editor",
    ),
)
Index("policy_draft_of_agency", policy_draft.c.agency, policy_draft.c.id)

policy_adoption = Table(
    "policy_adoption",
    metadata,
    agency_column(),
    Column("effective_from", DateTime(timezone=True), nullable=False),
    Column("version", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("draft", Text),
    Column("adopted_by", JSON, nullable=False),
    Column("adopted_at", DateTime(timezone=True), nullable=False),
    Column("documents", JSON, nullable=False),
    PrimaryKeyConstraint("agency", "effective_from", "adopted_at"),
    CheckConstraint("origin IN ('files', 'draft')", name="policy_adoption_origin"),
    CheckConstraint("(origin = 'draft') = (draft IS NOT NULL)", name="policy_adoption_draft"),
    CheckConstraint(
        "origin = 'files' OR (json_array_length(adopted_by) = 2 AND (adopted_by ->> 0) <> (adopted_by ->> 1))",
        name="policy_adoption_two_persons",
    ),
)

roster = Table(
    "roster",
    metadata,
    agency_column(),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("origin", Text, nullable=False),
    Column("officers", JSON, nullable=False),
    Column("calendar", JSON, nullable=False),
    PrimaryKeyConstraint("agency", "since"),
    CheckConstraint("origin IN ('files', 'draft')", name="roster_origin"),
)

replay = Table(
    "replay",
    metadata,
    Column("id", Text, primary_key=True),
    agency_column(),
    Column("draft", Text, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked", JSON, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("progress", Double, nullable=False),
    Column("result", JSON),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="replay_state"),
)
Index("replay_by_draft", replay.c.draft, replay.c.asked_at)

correction = Table(
    "correction",
    metadata,
    Column("id", Text, primary_key=True),
    agency_column(),
    Column("case_id", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("comment", Text, nullable=False),
    Column("kind_was", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("officer", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
Index("correction_by_agency", correction.c.agency, correction.c.at)
Index("correction_by_turn", correction.c.case_id, correction.c.turn, correction.c.at)

classifier = Table(
    "classifier",
    metadata,
    agency_column(),
    Column("version", Text, nullable=False),
    Column("model", JSON, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("trained_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("agency", "version"),
)

issue = Table(
    "issue",
    metadata,
    Column("id", Text, primary_key=True),
    agency_column(),
    Column("kind", Text, nullable=False),
    Column("topics", JSON, nullable=False),
    Column("language", Text, nullable=False),
    Column("words", LargeBinary, nullable=False),
    Column("sketch", BigInteger, nullable=False),
    Column("subject", BigInteger),
    Column("comments", Integer, nullable=False),
    Column("authors", Integer, nullable=False),
    Column("author_marks", LargeBinary, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("judged", Text),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("forget_at", DateTime(timezone=True), nullable=False),
    Column("surging_since", DateTime(timezone=True)),
)
Index("issue_to_forget", issue.c.forget_at)
# Most issues are of one comment and are never listed.
Index("issue_by_time", issue.c.last_at, issue.c.id, issue.c.agency, postgresql_where=text("comments > 1"))
Index("issue_by_subject", issue.c.subject, issue.c.agency, postgresql_where=text("comments > 1"))

issue_key = Table(
    "issue_key",
    metadata,
    agency_column(),
    Column("key", BigInteger, nullable=False),
    Column("issue", Text, nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("agency", "key"),
)
Index("issue_key_by_end", issue_key.c.ends_at)
