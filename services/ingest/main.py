"""Ingest: everything that a citizen says to an agency arrives, once.

Wiring, and nothing else: which parts there are and how they are joined.
"""

from fastapi import FastAPI

from services.ingest.adapters import consumers, http
from services.ingest.adapters.account_changes_api import account_changes_api
from services.ingest.adapters.accounts import AccountBook
from services.ingest.adapters.accounts_api import accounts_api
from services.ingest.adapters.api import comments_api
from services.ingest.adapters.batch import batch_api
from services.ingest.adapters.health import HealthWatch
from services.ingest.adapters.keeper import GroupKeeper
from services.ingest.adapters.open311 import catalogues
from services.ingest.adapters.open311.api import Open311
from services.ingest.adapters.open311.jurisdictions import Jurisdictions
from services.ingest.adapters.open311.routes import routes
from services.ingest.adapters.open311.views import About
from services.ingest.adapters.polling.feed import Outside
from services.ingest.adapters.polling.feeds import FEEDS
from services.ingest.adapters.polling.means import Means
from services.ingest.adapters.polling.pace import Pace
from services.ingest.adapters.polling.polling import Polling
from services.ingest.adapters.webhooks import PREFIX, Front, Webhooks, webhooks
from services.ingest.settings import Settings
from shared.clock import Clock, utc_now
from shared.kafka import Consumer
from shared.rate_limit import Quota, RateLimits
from shared.resealing import Drawer, Resealing
from shared.secrets import Seal
from shared.service import Service

NAME = "ingest"
DESCRIPTION = "Takes in what citizens say on platforms, and what other systems bring."


def create_app(settings: Settings, clock: Clock = utc_now) -> FastAPI:
    """The application of ingest, with everything that runs beside it."""
    service = Service(NAME, settings, DESCRIPTION)
    database = service.database
    service.limits = RateLimits(Quota(settings.limits.requests_per_second, settings.limits.burst))
    seal = Seal.from_base64(*settings.secrets.keys)
    book = AccountBook(database, seal, refresh_seconds=settings.intake.accounts_refresh_seconds)
    keeper = GroupKeeper(database, most=settings.intake.group_most)
    health = HealthWatch(database, book, clock, **settings.health.model_dump())
    endpoint = Webhooks(book, keeper, health, clock)
    service.front = (PREFIX, Front(endpoint))
    service.routers += [
        webhooks(endpoint),
        comments_api(database, keeper, clock),
        batch_api(keeper, clock),
        accounts_api(database, book, clock),
        account_changes_api(database, book, clock),
        routes(_open311(service, settings, book, keeper, health, clock)),
    ]
    service.before_start.append(book.prepare)
    service.at_close.append(keeper.close)
    service.loops["accounts"] = book.run
    service.loops["health"] = health.run
    if seal.is_being_rotated:
        service.loops["resealing"] = Resealing(database, seal, [Drawer("account", sealed="sealed_secrets")]).run
    service.relay_outbox()
    service.consume(Consumer(NAME, consumers.TOPICS, database, settings.kafka, consumers.on_batch))
    _poll(service, settings, book, health, clock)
    return service.app()


def _open311(
    service: Service, settings: Settings, book: AccountBook, keeper: GroupKeeper, health: HealthWatch, clock: Clock
) -> Open311:
    wanted = settings.open311
    jurisdictions = Jurisdictions(book, catalogues.read(wanted.services))
    about = About(wanted.contact, wanted.key_service, wanted.type, settings.http.public_url)
    return Open311(jurisdictions, keeper, health, service.database, about, clock)


def _poll(service: Service, settings: Settings, book: AccountBook, health: HealthWatch, clock: Clock) -> None:
    """Ask the platforms that do not push, and those whose webhooks may have lost something."""
    for feed in FEEDS:
        wanted = settings.polling.of(feed.platform)
        # A stream holds its connection: it must not wait for another one to end.
        streams = http.client(wanted.silence_seconds, connections=http.UNLIMITED)
        outside = Outside(http.client(wanted.timeout_seconds), streams, clock, wanted.stream_url)
        pace = Pace(**wanted.model_dump(include=set(Pace.__slots__)))
        means = Means(feed(outside), pace, service.database, book, health, clock)
        service.loops[f"polling {feed.platform} {feed.part}"] = Polling(means).run
        service.at_close += [outside.http.aclose, outside.streams.aclose]
