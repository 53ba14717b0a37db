"""What the town square can be told at the start; only `app` and `server` read it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the town square listens, where it keeps its memory, and how long its pauses are."""

    home: Path
    port: int
    host: str = "127.0.0.1"
    hang_seconds: float = 60.0
    """How long the fault `hang` holds a request before the connection is closed."""
    late_seconds: float = 16.0
    """How long after a request the fault `accept_late` takes it: Parley waits 15 s for an answer."""
    idempotency_gap_seconds: float = 0.005
    """Time between looking for an Idempotency-Key and storing it, as Mastodon has one."""
    calls_per_five_minutes: int = 1_000_000
    """Announced in X-RateLimit-Limit and never enforced: throttling is a fault one asks for."""
    youtube_units_a_day: int = 1_000_000
    """The quota of each channel; a project at YouTube begins with 10,000."""

    @property
    def domain(self) -> str:
        """The part of an address that follows the name."""
        return f"{self.host}:{self.port}"

    @property
    def base_url(self) -> str:
        """The address under which pages, accounts and statuses are found."""
        return f"http://{self.domain}"

    @property
    def database(self) -> Path:
        """The one file that holds everything."""
        return self.home / "town_square.sqlite3"
