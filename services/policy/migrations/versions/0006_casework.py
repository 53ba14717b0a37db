"""Casework: who has a case, and what was called in, referred or transferred. What was transferred stays as it is."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TURN_STATES = "state IN ('waiting', 'watching', 'released', 'answered', 'closed', 'superseded', 'deleted'{more})"


def upgrade() -> None:
    """Add the columns that old code does not write, and forbid the steps that no case takes."""
    op.add_column("case", sa.Column("assignee", sa.Text))
    op.add_column("case", sa.Column("casework", sa.JSON))
    op.create_check_constraint("case_assignee", "case", "assignee IS NULL OR state NOT IN ('answered', 'closed')")
    op.create_check_constraint(
        "case_transferred",
        "case",
        "(casework #>> '{transferred_to,case}') IS NULL OR (state = 'closed' AND due_at IS NULL)",
    )
    op.create_index(
        "case_by_assignee",
        "case",
        ["assignee", "due_at", "id"],
        postgresql_where=sa.text("assignee IS NOT NULL"),
    )
    op.drop_constraint("turn_state", "turn")
    op.create_check_constraint("turn_state", "turn", _TURN_STATES.format(more=", 'brought'"))
    op.execute("""
        CREATE FUNCTION refuse_case_step() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'case % takes no such step from %', OLD.id, OLD.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'case_step';
        END $$
    """)
    # The conditions stand in WHEN, where they cost a batch of comments nothing worth speaking of.
    op.execute("""
        CREATE TRIGGER case_stays_transferred BEFORE UPDATE ON "case" FOR EACH ROW
        WHEN (OLD.casework IS NOT NULL AND (OLD.casework #>> '{transferred_to,case}') IS NOT NULL)
        EXECUTE FUNCTION refuse_case_step()
    """)
    op.execute("""
        CREATE TRIGGER case_leaves_unanswered BEFORE UPDATE ON "case" FOR EACH ROW
        WHEN (NEW.casework IS NOT NULL AND OLD.state = 'approved'
              AND (NEW.casework #>> '{transferred_to,case}') IS NOT NULL)
        EXECUTE FUNCTION refuse_case_step()
    """)
    op.execute("""
        CREATE TRIGGER case_keeps_its_thread BEFORE UPDATE ON "case" FOR EACH ROW
        WHEN ((OLD.agency, OLD.platform, OLD.account, OLD.thread)
              IS DISTINCT FROM (NEW.agency, NEW.platform, NEW.account, NEW.thread))
        EXECUTE FUNCTION refuse_case_step()
    """)


def downgrade() -> None:
    """Drop what the upgrade made. What was brought from other agencies is gone with it."""
    for trigger in ("case_keeps_its_thread", "case_leaves_unanswered", "case_stays_transferred"):
        op.execute(f'DROP TRIGGER {trigger} ON "case"')
    op.execute("DROP FUNCTION refuse_case_step()")
    op.execute("SELECT set_config('parley.agencies', '*', true)")
    op.execute("DELETE FROM turn WHERE state = 'brought'")
    op.execute("SELECT set_config('parley.agencies', '', true)")
    op.drop_constraint("turn_state", "turn")
    op.create_check_constraint("turn_state", "turn", _TURN_STATES.format(more=""))
    op.drop_index("case_by_assignee", "case")
    for constraint in ("case_transferred", "case_assignee"):
        op.drop_constraint(constraint, "case")
    for column in ("casework", "assignee"):
        op.drop_column("case", column)
