"""Time, kept as whole milliseconds since 1970 and written in each platform's own manner."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], int]
"""Gives the present moment in milliseconds."""


def system_clock() -> int:
    """Read the machine's clock."""
    return int(datetime.now(UTC).timestamp() * 1000)


def rfc3339(moment: int) -> str:
    """Write a moment as Mastodon does: UTC, milliseconds, Z."""
    return _utc(moment).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def graph_time(moment: int) -> str:
    """Write a moment as Graph does: UTC, whole seconds, +0000."""
    return _utc(moment).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _utc(moment: int) -> datetime:
    return datetime.fromtimestamp(moment / 1000, UTC)
