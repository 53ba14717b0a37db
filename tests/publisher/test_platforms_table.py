"""The README says of each platform what its channel says."""

from tests.publisher import platforms_table


def test_the_readme_shows_what_the_channels_can_do() -> None:
    assert platforms_table.written() == platforms_table.table(), "run: python -m tests.publisher.platforms_table"
