"""Alembic's entry for policy."""

from services.policy.adapters.tables import metadata
from shared.migrations import run

run(metadata)
