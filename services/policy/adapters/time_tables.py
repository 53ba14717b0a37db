"""The tables of what took how long."""

from sqlalchemy import (
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
)

from shared.database import agency_column


def time_tables(metadata: MetaData) -> tuple[Table, Table]:
    """Steps taken, and comments answered."""
    return _step_time(metadata), _answer_time(metadata)


def _step_time(metadata: MetaData) -> Table:
    table = Table(
        "step_time",
        metadata,
        Column("id", Text, primary_key=True),
        agency_column(),
        Column("case_id", Text, nullable=False),
        Column("draft", Integer, nullable=False),
        Column("kind", Text, nullable=False),
        Column("level", Text, nullable=False),
        Column("step_level", Text),
        Column("specialism", Text),
        Column("officer", Text),
        Column("began_at", DateTime(timezone=True), nullable=False),
        Column("ended_at", DateTime(timezone=True), nullable=False),
        CheckConstraint("began_at <= ended_at", name="step_time_forward"),
        CheckConstraint("(kind IN ('approval', 'signoff')) = (step_level IS NOT NULL)", name="step_time_level"),
        CheckConstraint("(officer IS NULL) = (step_level IS NULL)", name="step_time_officer"),
        CheckConstraint("(kind = 'signoff') = (specialism IS NOT NULL)", name="step_time_specialism"),
        CheckConstraint(
            "kind IN ('draft', 'approval', 'signoff', 'return', 'release', 'lapse')", name="step_time_kind"
        ),
    )
    Index("step_time_by_case", table.c.case_id, table.c.draft)
    Index("step_time_by_agency", table.c.agency, table.c.ended_at)
    return table


def _answer_time(metadata: MetaData) -> Table:
    table = Table(
        "answer_time",
        metadata,
        Column("case_id", Text, nullable=False),
        Column("turn", Integer, nullable=False),
        agency_column(),
        Column("level", Text, nullable=False),
        Column("clock", Text, nullable=False),
        Column("received_at", DateTime(timezone=True), nullable=False),
        Column("acknowledged_at", DateTime(timezone=True)),
        Column("answered_at", DateTime(timezone=True), nullable=False),
        Column("due_at", DateTime(timezone=True)),
        Column("first", Boolean, nullable=False),
        PrimaryKeyConstraint("case_id", "turn"),
        CheckConstraint("received_at <= answered_at", name="answer_time_forward"),
    )
    Index("answer_time_by_agency", table.c.agency, table.c.answered_at)
    return table
