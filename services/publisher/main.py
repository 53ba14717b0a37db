"""The publisher, wired: nothing else happens here, and nothing at import."""

import base64
from collections.abc import Mapping
from datetime import timedelta

from fastapi import FastAPI

from services.publisher import calling_back
from services.publisher.adapters import api, consumers, credentials_api, reach_api, tasks_api
from services.publisher.adapters.bell import Bell
from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.http import Http
from services.publisher.adapters.late_word import LateWord
from services.publisher.adapters.platforms import channels
from services.publisher.adapters.record import api as record_api
from services.publisher.adapters.record import receipts_api, trouble_page
from services.publisher.adapters.record.closing import Closing
from services.publisher.adapters.store.claims import PostgresClaims
from services.publisher.adapters.store.keeping import PostgresKeeper
from services.publisher.adapters.store.reach import PostgresReaches
from services.publisher.adapters.store.tasks import PostgresTasks
from services.publisher.dispatch import Dispatcher, Limits
from services.publisher.domain.pacing import Backoff
from services.publisher.domain.reach import Shares
from services.publisher.domain.settlements import RetryPolicy
from services.publisher.domain.tasks import Patience
from services.publisher.keeping import Keeping
from services.publisher.ports import Channel
from services.publisher.putting_right import PuttingRight
from services.publisher.reach import Measuring
from services.publisher.settings import DispatchSettings, PlatformSettings, ReachSettings, RetrySettings, Settings
from shared.resealing import Drawer, Resealing
from shared.secrets import Seal
from shared.service import Service

DRAIN_MARGIN_SECONDS = 1.5
"""What a drain leaves of the time to stop, for cancelling and for writing down what is gathered."""

DRAWERS = (
    Drawer("credentials", key="account_id", owner="account_id"),
    Drawer("signing_key", owner="subscription", use=":key"),
    Drawer("subscription", use=":credentials"),
)
"""Where the publisher's secrets lie."""

REACH_LEASE = timedelta(seconds=60)
"""How long an answer that is being measured is ours: longer than both its posts may take."""


def create_app(settings: Settings) -> FastAPI:
    """The publisher as an application, with its loops in the lifespan."""
    service = Service("publisher", settings, "Puts approved responses on their platforms, once.")
    bell = Bell()
    http = Http(connections=settings.dispatch.connections, total_seconds=settings.dispatch.attempt_seconds)
    seal = Seal.from_base64(*settings.secrets.keys)
    vault = Vault(seal, addresses(settings.platforms))
    claims = PostgresClaims(service.database, vault, lease=timedelta(seconds=settings.dispatch.lease_seconds))
    platforms = channels(http, facebook_version=settings.platforms.facebook_version)
    natures = {platform: channel.nature for platform, channel in platforms.items()}
    task_bell = Bell()
    bounds = limits(settings.dispatch, settings.drain_seconds)
    telling = calling_back.wire(service, settings.callbacks, seal, bounds.drain)

    def ring() -> None:
        for one in (bell, task_bell, telling.bell):
            one.ring()

    dispatcher = Dispatcher(
        claims,
        platforms,
        bell,
        policy(settings.retry),
        bounds,
    )
    service.routers += [api.router(service.database, bell), credentials_api.router(service.database, vault, bell)]
    putting_right = PuttingRight(PostgresTasks(service.database, vault), platforms, task_bell, patience(settings.retry))
    keeping = Keeping(PostgresKeeper(service.database, vault), platforms, Bell())
    service.routers += [tasks_api.router(service.database)]
    key = base64.b64decode(settings.secrets.key_of_receipts)
    service.routers += [
        record_api.router(service.database, settings.http.public_url),
        receipts_api.router(service.database, key),
        reach_api.router(service.database),
    ]
    on_record = consumers.keeping_record(key, [name for name, nature in natures.items() if nature.measures])
    others = (on_record, telling.tell)
    service.consume(
        consumers.consumer(service.database, settings.kafka, natures, ring, *others, interests=telling.interests)
    )
    service.relay_outbox()
    service.loops["dispatch"] = dispatcher.run
    service.loops["putting_right"] = putting_right.run
    service.loops["keeping"] = keeping.run
    reaches = PostgresReaches(service.database, vault, lease=REACH_LEASE)
    service.loops["reach"] = measuring(reaches, platforms, settings.reach).run
    if seal.is_being_rotated:
        service.loops["resealing"] = Resealing(service.database, seal, DRAWERS).run
    service.loops["register"] = Closing(service.database).run
    service.loops["late_word"] = LateWord(service.database).run
    service.at_close += [claims.close, http.close]
    app = service.app()
    trouble_page.install(app)
    return app


def measuring(reaches: PostgresReaches, platforms: Mapping[str, Channel], reach: ReachSettings) -> Measuring:
    """What measures answers, as the settings wish."""
    shares = Shares(reach.parity_share, reach.parity_shares, reach.judged_from_hour)
    return Measuring(reaches, platforms, shares, at_once=reach.concurrency, idle_seconds=reach.idle_seconds)


def policy(retry: RetrySettings) -> RetryPolicy:
    """The waits and limits of the settings."""
    return RetryPolicy(
        failures=Backoff(retry.first_seconds, retry.most_seconds),
        looks=Backoff(retry.look_first_seconds, retry.look_most_seconds),
        parked=Backoff(retry.parked_first_seconds, retry.parked_most_seconds),
        throttled=timedelta(seconds=retry.throttled_seconds),
        settle_after=timedelta(seconds=retry.settle_seconds),
        give_up_after=timedelta(hours=retry.give_up_hours),
        most_resends=retry.most_resends,
    )


def patience(retry: RetrySettings) -> Patience:
    """The waits of tasks, from the same settings."""
    return Patience(
        waits=Backoff(retry.first_seconds, retry.most_seconds),
        throttled=timedelta(seconds=retry.throttled_seconds),
        give_up_after=timedelta(hours=retry.give_up_hours),
    )


def limits(dispatch: DispatchSettings, drain_seconds: float) -> Limits:
    """How much at once; the drain ends before the service's own deadline."""
    return Limits(
        most=dispatch.concurrency,
        each=min(dispatch.per_account, dispatch.concurrency),
        breath=dispatch.breath_ms / 1000,
        idle=dispatch.idle_seconds,
        lease=dispatch.lease_seconds,
        attempt=dispatch.attempt_seconds,
        drain=max(drain_seconds - DRAIN_MARGIN_SECONDS, 0.5),
    )


def addresses(platforms: PlatformSettings) -> dict[str, str]:
    """Where each platform is for accounts that do not say."""
    of_meta = dict.fromkeys(("facebook", "messenger", "instagram", "whatsapp"), platforms.facebook_url)
    known = {
        **of_meta,
        "mastodon": platforms.mastodon_url,
        "x": platforms.x_url,
        "telegram": platforms.telegram_url,
        "viber": platforms.viber_url,
        "line": platforms.line_url,
        "youtube": platforms.youtube_url,
        "postmark": platforms.postmark_url,
        "mailgun": platforms.mailgun_url,
    }
    return {platform: url for platform, url in known.items() if url is not None}
