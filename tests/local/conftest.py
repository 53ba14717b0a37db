"""One town square for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .support import Square, open_square


@pytest.fixture
def square(tmp_path: Path) -> Iterator[Square]:
    """A square that runs on a port of its own."""
    with open_square(tmp_path) as running:
        yield running
