"""The tables of who may decide. What a grant must keep to is forbidden here as well as in the domain."""

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
    text,
)

from shared.database import agency_column


def authority_tables(metadata: MetaData) -> tuple[Table, Table, Table]:
    """Appointments of stand-ins, delegations, and who stepped aside from which case."""
    return _acting_appointment(metadata), _delegation(metadata), _recusal(metadata)


def _acting_appointment(metadata: MetaData) -> Table:
    table = Table(
        "acting_appointment",
        metadata,
        Column("id", Text, primary_key=True),
        agency_column(),
        Column("subject", Text, nullable=False),
        Column("post", Text, nullable=False),
        Column("begins_at", DateTime(timezone=True), nullable=False),
        Column("ends_at", DateTime(timezone=True), nullable=False),
        Column("appointed_by", Text, nullable=False),
        Column("appointed_at", DateTime(timezone=True), nullable=False),
        Column("ended_at", DateTime(timezone=True)),
        Column("ended_by", Text),
        CheckConstraint("begins_at < ends_at", name="acting_appointment_forward"),
        CheckConstraint("appointed_by <> subject", name="acting_appointment_by_another"),
        CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="acting_appointment_end"),
    )
    Index("acting_appointment_by_agency", table.c.agency, table.c.ends_at)
    return table


def _delegation(metadata: MetaData) -> Table:
    table = Table(
        "delegation",
        metadata,
        Column("id", Text, primary_key=True),
        agency_column(),
        Column("delegator", Text, nullable=False),
        Column("delegator_post", Text, nullable=False),
        Column("delegate", Text),
        Column("delegate_post", Text),
        Column("held_post", Text),
        Column("level", Text, nullable=False),
        Column("sensitivity", Text, nullable=False),
        Column("damage", Text, nullable=False),
        Column("topics", JSON, nullable=False),
        Column("platforms", JSON, nullable=False),
        Column("specialisms", JSON, nullable=False),
        Column("number_a_day", Integer),
        Column("sub_delegation", Boolean, nullable=False),
        Column("cleared_lines_only", Boolean, nullable=False, server_default=text("false")),
        Column("parent", Text),
        Column("begins_at", DateTime(timezone=True), nullable=False),
        Column("ends_at", DateTime(timezone=True), nullable=False),
        Column("granted_at", DateTime(timezone=True), nullable=False),
        Column("lapsed_at", DateTime(timezone=True)),
        Column("cause", Text),
        Column("revoked_by", Text),
        Column("revocation_reason", Text),
        CheckConstraint("(delegate IS NULL) <> (delegate_post IS NULL)", name="delegation_to_one"),
        CheckConstraint("delegate <> delegator", name="delegation_to_another"),
        CheckConstraint("begins_at < ends_at", name="delegation_forward"),
        CheckConstraint("number_a_day > 0", name="delegation_number"),
        CheckConstraint(
            "sensitivity < 'S4' OR (delegate IS NOT NULL AND ends_at - begins_at <= interval '24 hours')",
            name="delegation_by_name_and_day",
        ),
        CheckConstraint(
            "(lapsed_at IS NULL) = (cause IS NULL)"
            " AND (cause IS NOT DISTINCT FROM 'revoked') = (revoked_by IS NOT NULL)",
            name="delegation_lapse",
        ),
    )
    Index("delegation_by_agency", table.c.agency, table.c.id)
    Index("delegation_by_parent", table.c.parent, postgresql_where=text("parent IS NOT NULL"))
    Index("delegation_open", table.c.agency, table.c.ends_at, postgresql_where=text("lapsed_at IS NULL"))
    return table


def _recusal(metadata: MetaData) -> Table:
    return Table(
        "recusal",
        metadata,
        Column("case_id", Text, nullable=False),
        Column("officer", Text, nullable=False),
        agency_column(),
        Column("reason", Text, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
        PrimaryKeyConstraint("case_id", "officer"),
    )
