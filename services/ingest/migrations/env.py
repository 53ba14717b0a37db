"""Alembic's entry for ingest."""

from services.ingest.adapters.tables import metadata
from shared.migrations import run

run(metadata)
