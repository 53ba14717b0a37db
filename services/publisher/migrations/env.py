"""Alembic's entry for publisher."""

from services.publisher.adapters.tables import metadata
from shared.migrations import run

run(metadata)
