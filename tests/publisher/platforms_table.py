"""The README's table of what Parley can do on a platform: ``python -m tests.publisher.platforms_table`` writes it.

It is made from the channels' own natures, which the tests of each platform hold to their word.
"""

from pathlib import Path

from services.publisher.adapters.http import Http
from services.publisher.adapters.platforms import channels
from services.publisher.domain.publications import Nature
from shared import lengths

README = Path(__file__).parents[2] / "README.md"
BEGIN = "<!-- channels: made by python -m tests.publisher.platforms_table -->"
END = "<!-- end of channels -->"
HEAD = ("platform", "at most", "in doubt", "edit", "delete", "hide or remove", "numbers", "renewed by itself")


def table() -> str:
    """The table in Markdown, a row for each platform that is spoken to."""
    known = channels(Http(), facebook_version="v25.0")
    spoken_to = {name: known[name] for name in sorted(known) if known[name].needs_credentials}
    rows = [HEAD, tuple("---" for _ in HEAD), *(_row(name, one.nature) for name, one in spoken_to.items())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def written() -> str:
    """What stands in the README between the marks."""
    return README.read_text().partition(BEGIN)[2].partition(END)[0].strip()


def write() -> None:
    """Put the table into the README."""
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}")


def _row(name: str, nature: Nature) -> tuple[str, ...]:
    most = lengths.most(name)
    marks = ("edit" in nature.tasks, "delete" in nature.tasks, bool(nature.tasks & {"hide", "remove"}))
    rest = (*marks, nature.measures, nature.refreshes)
    length = "–" if most is None else f"{most:,} {lengths.unit(name)}"
    return name, length, _in_doubt(nature), *("✓" if mark else "–" for mark in rest)


def _in_doubt(nature: Nature) -> str:
    ways = ["key"] if nature.idempotent_for else []
    ways += ["look"] if nature.can_look else []
    ways += [] if nature.absence_proves else ["person"]
    return ", ".join(ways)


if __name__ == "__main__":
    write()
