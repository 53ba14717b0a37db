"""The table of who is away."""

from sqlalchemy import CheckConstraint, Column, DateTime, Index, MetaData, Table, Text

from shared.database import agency_column


def presence_tables(metadata: MetaData) -> tuple[Table]:
    """Persons' leave."""
    leave = Table(
        "leave",
        metadata,
        Column("id", Text, primary_key=True),
        agency_column(),
        Column("subject", Text, nullable=False),
        Column("begins_at", DateTime(timezone=True), nullable=False),
        Column("ends_at", DateTime(timezone=True), nullable=False),
        Column("note", Text),
        Column("entered_by", Text, nullable=False),
        Column("entered_at", DateTime(timezone=True), nullable=False),
        Column("ended_at", DateTime(timezone=True)),
        Column("ended_by", Text),
        CheckConstraint("begins_at < ends_at", name="leave_forward"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="leave_end"),
    )
    Index("leave_by_agency", leave.c.agency, leave.c.ends_at)
    return (leave,)
