"""The tables of clearance: drafts with every version of them, the consents given, and the reviews owed.

What must never be is forbidden here as well as in the domain: two open drafts of a case, two consents of one person to
the same, a consent by the author, a review by who released.
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
    text,
)

from shared.database import agency_column


def clearance_tables(metadata: MetaData) -> tuple[Table, Table, Table, Table]:
    """Drafts, their versions, approvals and sign-offs, and reviews."""
    return _draft(metadata), _draft_version(metadata), _approval(metadata), _review(metadata)


def _draft(metadata: MetaData) -> Table:
    table = Table(
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
        Column("answers", JSON, nullable=False, server_default=text("'[]'")),
        Column("head_comment", Text, nullable=False, server_default=""),
        Column("head_revision", Integer, nullable=False, server_default="0"),
        Column("sensitivity", Text, nullable=False, server_default="S4"),
        Column("damage", Text, nullable=False, server_default="D4"),
        Column("topics", JSON, nullable=False, server_default=text("'[]'")),
        Column("statements", JSON, nullable=False, server_default=text("'[]'")),
        Column("valid_until", DateTime(timezone=True)),
        Column("remarks", JSON, nullable=False, server_default=text("'[]'")),
        PrimaryKeyConstraint("case_id", "number"),
        CheckConstraint("state IN ('open', 'released', 'superseded', 'returned', 'lapsed')", name="draft_state"),
    )
    Index("draft_open", table.c.case_id, unique=True, postgresql_where=text("state = 'open'"))
    return table


def _draft_version(metadata: MetaData) -> Table:
    return Table(
        "draft_version",
        metadata,
        Column("case_id", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("version", Integer, nullable=False),
        agency_column(),
        Column("author", Text, nullable=False),
        Column("text", Text, nullable=False),
        Column("language", Text),
        Column("statements", JSON, nullable=False),
        Column("valid_until", DateTime(timezone=True)),
        Column("written_at", DateTime(timezone=True), nullable=False),
        PrimaryKeyConstraint("case_id", "number", "version"),
    )


def _approval(metadata: MetaData) -> Table:
    table = Table(
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
        Column("instrument", Text),
        Column("delegator", Text),
        Column("delegator_post", Text),
        PrimaryKeyConstraint("case_id", "draft", "digest", "officer"),
        CheckConstraint("officer <> author", name="approval_by_another"),
        CheckConstraint("(kind = 'signoff') = (specialism IS NOT NULL)", name="approval_kind"),
        CheckConstraint(
            "(delegator IS NULL) = (delegator_post IS NULL)"
            " AND (delegator IS NULL OR (instrument IS NOT NULL AND delegator <> officer))",
            name="approval_on_behalf",
        ),
    )
    Index("approval_by_instrument", table.c.instrument, table.c.at, postgresql_where=text("instrument IS NOT NULL"))
    return table


def _review(metadata: MetaData) -> Table:
    table = Table(
        "review",
        metadata,
        Column("id", Text, primary_key=True),
        agency_column(),
        Column("case_id", Text, nullable=False),
        Column("response", Text, nullable=False),
        Column("draft", Integer, nullable=False),
        Column("author", Text, nullable=False),
        Column("released_by", Text, nullable=False),
        Column("post", Text, nullable=False),
        Column("level", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("released_at", DateTime(timezone=True), nullable=False),
        Column("due_at", DateTime(timezone=True), nullable=False),
        Column("finding", Text),
        Column("reviewed_by", Text),
        Column("reviewed_at", DateTime(timezone=True)),
        Column("note", Text),
        Column("reminded_at", DateTime(timezone=True)),
        CheckConstraint("finding IN ('upheld', 'faulted')", name="review_finding"),
        CheckConstraint(
            "(finding IS NULL) = (reviewed_by IS NULL) AND (finding IS NULL) = (reviewed_at IS NULL)",
            name="review_done",
        ),
        CheckConstraint("reviewed_by NOT IN (author, released_by)", name="review_by_another"),
    )
    Index("review_open", table.c.due_at, postgresql_where=text("finding IS NULL"))
    Index("review_by_case", table.c.case_id)
    return table
