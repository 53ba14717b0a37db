"""What it takes to read the accounts of one platform."""

from dataclasses import dataclass

from services.ingest.adapters.accounts import AccountBook
from services.ingest.adapters.polling.feed import Feed
from services.ingest.adapters.polling.pace import Pace
from services.ingest.ports import Health
from shared.clock import Clock
from shared.database import Database


@dataclass(frozen=True, slots=True)
class Means:
    """One feed, at its pace, with what every feed needs of this service."""

    feed: Feed
    pace: Pace
    database: Database
    book: AccountBook
    health: Health
    clock: Clock
