"""The README tells of every platform just what its file says."""

from services.ingest.platforms import PLATFORMS
from tests.ingest.platforms import table


def test_the_readme_has_the_table_of_the_registry() -> None:
    assert table.written() == table.table(), "run: python -m tests.ingest.platforms.table"


def test_every_platform_of_the_contract_is_there() -> None:
    assert sorted(PLATFORMS) == [
        "bluesky", "discourse", "facebook", "instagram", "line", "mailgun", "mastodon", "messenger", "open311",
        "postmark", "rest", "standard", "telegram", "viber", "whatsapp", "x", "youtube",
    ]  # fmt: skip
