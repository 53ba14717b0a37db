"""Ingest: everything that a citizen says to an agency arrives, once.

Wiring, and nothing else: which parts there are and how they are joined.
"""

from fastapi import FastAPI

from services.ingest.adapters import consumers, http
from services.ingest.adapters.accounts import AccountBook
from services.ingest.adapters.accounts_api import accounts_api
from services.ingest.adapters.api import comments_api
from services.ingest.adapters.keeper import GroupKeeper
from services.ingest.adapters.polling.mastodon import MastodonPolling, Pace
from services.ingest.adapters.polling.mastodon_client import MastodonClient
from services.ingest.adapters.polling.mastodon_reader import MastodonReader
from services.ingest.adapters.webhooks import PREFIX, Front, Webhooks, webhooks
from services.ingest.settings import Settings
from shared.clock import Clock, utc_now
from shared.kafka import Consumer
from shared.secrets import Seal
from shared.service import Service

NAME = "ingest"
DESCRIPTION = "Takes in what citizens say on platforms, and what other systems bring."


def create_app(settings: Settings, clock: Clock = utc_now) -> FastAPI:
    """The application of ingest, with everything that runs beside it."""
    service = Service(NAME, settings, DESCRIPTION)
    database = service.database
    seal = Seal.from_base64(settings.secrets.key.get_secret_value())
    book = AccountBook(database, seal, refresh_seconds=settings.intake.accounts_refresh_seconds)
    keeper = GroupKeeper(database, most=settings.intake.group_most)
    endpoint = Webhooks(book, keeper, clock)
    service.front = (PREFIX, Front(endpoint))
    service.routers += [
        webhooks(endpoint),
        comments_api(database, keeper, clock),
        accounts_api(database, book, clock),
    ]
    service.before_start.append(book.prepare)
    service.at_close.append(keeper.close)
    service.loops["accounts"] = book.run
    service.relay_outbox()
    service.consume(Consumer(NAME, consumers.TOPICS, database, settings.kafka, consumers.on_batch))
    _poll_mastodon(service, settings, book, clock)
    return service.app()


def _poll_mastodon(service: Service, settings: Settings, book: AccountBook, clock: Clock) -> None:
    wanted = settings.mastodon
    outside = http.client(wanted.timeout_seconds)
    reader = MastodonReader(
        service.database,
        MastodonClient(outside, clock),
        clock,
        backlog_hours=wanted.backlog_hours,
        watch_hours=wanted.reread_hours,
    )
    pace = Pace(wanted.poll_seconds, wanted.reread_seconds, wanted.reread_batch, wanted.retry_seconds)
    service.loops["mastodon"] = MastodonPolling(service.database, book, reader, pace, clock).run
    service.at_close.append(outside.aclose)
