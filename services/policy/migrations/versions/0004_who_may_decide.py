"""Stand-ins, delegations, who stepped aside, and under which instrument a consent was given."""

import sqlalchemy as sa
from alembic import op

from shared.migrations import protect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)

TABLES = ("acting_appointment", "delegation", "recusal")


def upgrade() -> None:
    """Create the tables, and add the columns that old code does not write."""
    op.create_table(
        "acting_appointment",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("post", sa.Text, nullable=False),
        sa.Column("begins_at", Moment, nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.Column("appointed_by", sa.Text, nullable=False),
        sa.Column("appointed_at", Moment, nullable=False),
        sa.Column("ended_at", Moment),
        sa.Column("ended_by", sa.Text),
        sa.CheckConstraint("begins_at < ends_at", name="acting_appointment_forward"),
        sa.CheckConstraint("appointed_by <> subject", name="acting_appointment_by_another"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="acting_appointment_end"),
    )
    op.create_index("acting_appointment_by_agency", "acting_appointment", ["agency", "ends_at"])
    op.create_table(
        "delegation",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("delegator", sa.Text, nullable=False),
        sa.Column("delegator_post", sa.Text, nullable=False),
        sa.Column("delegate", sa.Text),
        sa.Column("delegate_post", sa.Text),
        sa.Column("held_post", sa.Text),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("sensitivity", sa.Text, nullable=False),
        sa.Column("damage", sa.Text, nullable=False),
        sa.Column("topics", sa.JSON, nullable=False),
        sa.Column("platforms", sa.JSON, nullable=False),
        sa.Column("specialisms", sa.JSON, nullable=False),
        sa.Column("number_a_day", sa.Integer),
        sa.Column("sub_delegation", sa.Boolean, nullable=False),
        sa.Column("parent", sa.Text),
        sa.Column("begins_at", Moment, nullable=False),
        sa.Column("ends_at", Moment, nullable=False),
        sa.Column("granted_at", Moment, nullable=False),
        sa.Column("lapsed_at", Moment),
        sa.Column("cause", sa.Text),
        sa.Column("revoked_by", sa.Text),
        sa.Column("revocation_reason", sa.Text),
        sa.CheckConstraint("(delegate IS NULL) <> (delegate_post IS NULL)", name="delegation_to_one"),
        sa.CheckConstraint("delegate <> delegator", name="delegation_to_another"),
        sa.CheckConstraint("begins_at < ends_at", name="delegation_forward"),
        sa.CheckConstraint("number_a_day > 0", name="delegation_number"),
        sa.CheckConstraint(
            "sensitivity < 'S4' OR (delegate IS NOT NULL AND ends_at - begins_at <= interval '24 hours')",
            name="delegation_by_name_and_day",
        ),
        sa.CheckConstraint(
            "(lapsed_at IS NULL) = (cause IS NULL)"
            " AND (cause IS NOT DISTINCT FROM 'revoked') = (revoked_by IS NOT NULL)",
            name="delegation_lapse",
        ),
    )
    op.create_index("delegation_by_agency", "delegation", ["agency", "id"])
    op.create_index("delegation_by_parent", "delegation", ["parent"], postgresql_where=sa.text("parent IS NOT NULL"))
    op.create_index(
        "delegation_open", "delegation", ["agency", "ends_at"], postgresql_where=sa.text("lapsed_at IS NULL")
    )
    op.create_table(
        "recusal",
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("officer", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "officer"),
    )
    for name in ("instrument", "delegator", "delegator_post"):
        op.add_column("approval", sa.Column(name, sa.Text))
    op.create_check_constraint(
        "approval_on_behalf",
        "approval",
        "(delegator IS NULL) = (delegator_post IS NULL)"
        " AND (delegator IS NULL OR (instrument IS NOT NULL AND delegator <> officer))",
    )
    op.create_index(
        "approval_by_instrument",
        "approval",
        ["instrument", "at"],
        postgresql_where=sa.text("instrument IS NOT NULL"),
    )
    protect(op, *TABLES)


def downgrade() -> None:
    """Drop what the upgrade made."""
    op.drop_index("approval_by_instrument", "approval")
    op.drop_constraint("approval_on_behalf", "approval")
    for name in ("delegator_post", "delegator", "instrument"):
        op.drop_column("approval", name)
    for table in reversed(TABLES):
        op.drop_table(table)
