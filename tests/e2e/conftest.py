"""One Parley for the tests here that speak of different accounts; the demo has one of its own, with nothing in it."""

from collections.abc import Iterator

import pytest

from tests.support.parley import Parley, running_parley


@pytest.fixture(scope="package")
def parley() -> Iterator[Parley]:
    with running_parley() as running:
        yield running
