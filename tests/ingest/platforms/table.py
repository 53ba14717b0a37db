"""The README's table of platforms, made from the registry: ``python -m tests.ingest.platforms.table`` writes it anew.

What a row promises is tried by each platform's door tests (``test_the_platform_says_what_its_table_promises``).
"""

from pathlib import Path

from services.ingest.adapters.polling.feeds import FEEDS
from services.ingest.platforms import PLATFORMS
from services.ingest.platforms.base import Platform

README = Path(__file__).parents[3] / "README.md"
BEGIN = "<!-- platforms: made by python -m tests.ingest.platforms.table -->"
END = "<!-- end of platforms -->"

HEAD = ("platform", "comes by", "new", "reply", "edit", "delete", "message", "dedup", "health")


def table() -> str:
    """The table in Markdown, a row for each platform."""
    rows = [HEAD, tuple("---" for _ in HEAD), *(_row(platform) for platform in PLATFORMS.values())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def written() -> str:
    """What stands in the README between the marks."""
    return README.read_text().partition(BEGIN)[2].partition(END)[0].strip()


def write() -> None:
    """Put the table into the README."""
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}")


def _row(platform: Platform) -> tuple[str, ...]:
    says = platform.says
    marks = (says.new, says.reply, says.edit, says.delete, says.message)
    return (
        platform.name,
        _ways(platform),
        *("✓" if mark else "–" for mark in marks),
        says.dedup,
        ", ".join(says.health) or "–",
    )


def _ways(platform: Platform) -> str:
    feeds = [feed for feed in FEEDS if feed.platform == platform.name]
    ways = ["webhook"] if platform.webhook else []
    ways += ["polling"] if platform.polled else []
    ways += ["stream"] if any(feed.streams for feed in feeds) else []
    ways += ["gaps by polling"] if any(feed.reconciles for feed in feeds) else []
    return ", ".join(ways) or "our API"


if __name__ == "__main__":
    write()
