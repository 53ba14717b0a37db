"""Who edited a draft is forbidden to adopt it here as well; drafts are listed by an index that serves their order."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forbid what no code does, and change an index for one that is used."""
    op.create_check_constraint(
        "policy_draft_no_editor",
        "policy_draft",
        "version IS NULL OR NOT CAST(editors AS jsonb) ?| array[adoptions #>> '{0,by}', adoptions #>> '{1,by}']",
    )
    op.create_index("policy_draft_of_agency", "policy_draft", ["agency", "id"])
    op.drop_index("policy_draft_by_agency", "policy_draft")


def downgrade() -> None:
    """Undo both."""
    op.create_index("policy_draft_by_agency", "policy_draft", ["agency", "written_at"])
    op.drop_index("policy_draft_of_agency", "policy_draft")
    op.drop_constraint("policy_draft_no_editor", "policy_draft")
