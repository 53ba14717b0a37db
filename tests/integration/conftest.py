"""One Parley for all integration tests of a run; every test asks its own questions."""

from collections.abc import Iterator

import pytest

from tests.support.parley import Parley, running_parley


@pytest.fixture(scope="package")
def parley() -> Iterator[Parley]:
    with running_parley() as running:
        yield running
