"""The tables of what is cleared apart from drafts: lines, answers for all who ask the same, and orders about a case.

What must never be is forbidden here as well as in the domain: two open versions, two in effect, a step by the author, a
thread answered twice by one clearance.
"""

from sqlalchemy import (
    JSON,
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

from shared.database import agency_column


def submission_tables(metadata: MetaData) -> tuple[Table, Table, Table, Table]:
    """Submissions, consents to them, the threads that an answer went to or left out, and issues that were joined."""
    return _submission(metadata), _submission_approval(metadata), _answer_member(metadata), _issue_merge(metadata)


def _submission(metadata: MetaData) -> Table:
    table = Table(
        "submission",
        metadata,
        Column("id", Text, primary_key=True),
        agency_column(),
        Column("matter", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("author", Text, nullable=False),
        Column("content", JSON, nullable=False),
        Column("sensitivity", Text, nullable=False),
        Column("damage", Text, nullable=False),
        Column("topics", JSON, nullable=False),
        Column("least", Text, nullable=False),
        Column("signoffs", JSON, nullable=False),
        Column("approvals", Integer, nullable=False),
        Column("level", Text, nullable=False),
        Column("policy_version", Text, nullable=False),
        Column("digest", Text, nullable=False),
        Column("steps", JSON, nullable=False),
        Column("state", Text, nullable=False),
        Column("written_at", DateTime(timezone=True), nullable=False),
        Column("cleared_at", DateTime(timezone=True)),
        Column("ended_at", DateTime(timezone=True)),
        Column("ended_by", Text),
        Column("reason", Text),
        Column("case_id", Text),
        Column("outcome", JSON),
        UniqueConstraint("agency", "matter", "subject", "number", name="submission_number"),
        CheckConstraint(
            "matter IN ('line', 'answer', 'moderation', 'correction', 'retraction')", name="submission_matter"
        ),
        CheckConstraint("(matter IN ('line', 'answer')) = (case_id IS NULL)", name="submission_case"),
        CheckConstraint("outcome IS NULL OR state = 'ended'", name="submission_outcome"),
        CheckConstraint(
            "state IN ('open', 'cleared', 'superseded', 'returned', 'withdrawn', 'ended')", name="submission_state"
        ),
        CheckConstraint(
            "(state NOT IN ('cleared', 'ended') OR cleared_at IS NOT NULL)"
            " AND (state NOT IN ('open', 'returned') OR cleared_at IS NULL)",
            name="submission_cleared",
        ),
        CheckConstraint("(state IN ('open', 'cleared')) = (ended_at IS NULL)", name="submission_ended"),
    )
    about = (table.c.agency, table.c.matter, table.c.subject)
    Index("submission_open", *about, unique=True, postgresql_where=text("state = 'open'"))
    # An order is in effect for as long as it takes to carry it out; another one about the same need not wait for that.
    Index(
        "submission_in_effect",
        *about,
        unique=True,
        postgresql_where=text("state = 'cleared' AND matter IN ('line', 'answer')"),
    )
    Index("submission_by_case", table.c.case_id, postgresql_where=text("case_id IS NOT NULL"))
    return table


def _submission_approval(metadata: MetaData) -> Table:
    table = Table(
        "submission_approval",
        metadata,
        Column("submission", Text, nullable=False),
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
        Column("instrument", Text),
        Column("delegator", Text),
        Column("delegator_post", Text),
        Column("matter", Text, nullable=False),
        PrimaryKeyConstraint("submission", "digest", "officer"),
        # Up to L2 what was said is taken back by whoever asks for it.
        CheckConstraint(
            "officer <> author OR (matter = 'retraction' AND step_level <= 'L2')", name="submission_approval_by_another"
        ),
        CheckConstraint("(kind = 'signoff') = (specialism IS NOT NULL)", name="submission_approval_kind"),
        CheckConstraint(
            "(delegator IS NULL) = (delegator_post IS NULL)"
            " AND (delegator IS NULL OR (instrument IS NOT NULL AND delegator <> officer))",
            name="submission_approval_on_behalf",
        ),
    )
    Index(
        "submission_approval_by_instrument",
        table.c.instrument,
        table.c.at,
        postgresql_where=text("instrument IS NOT NULL"),
    )
    return table


def _answer_member(metadata: MetaData) -> Table:
    return Table(
        "answer_member",
        metadata,
        Column("submission", Text, nullable=False),
        Column("case_id", Text, nullable=False),
        agency_column(),
        Column("response", Text),
        Column("reason", Text),
        Column("at", DateTime(timezone=True), nullable=False),
        PrimaryKeyConstraint("submission", "case_id"),
        CheckConstraint("(response IS NULL) <> (reason IS NULL)", name="answer_member_outcome"),
    )


def _issue_merge(metadata: MetaData) -> Table:
    table = Table(
        "issue_merge",
        metadata,
        Column("issue", Text, primary_key=True),
        agency_column(),
        Column("into_issue", Text, nullable=False),
        Column("merged_by", Text, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        CheckConstraint("issue <> into_issue", name="issue_merge_of_two"),
    )
    Index("issue_merge_into", table.c.into_issue)
    return table
