"""Callbacks, wired: the part of ``main`` that tells subscribers."""

from dataclasses import dataclass
from datetime import timedelta

from services.publisher import handlers, record
from services.publisher.adapters import callback_secrets_api, consumers, deliveries_api, subscriptions_api
from services.publisher.adapters.bell import Bell
from services.publisher.adapters.callback_secrets import CallbackVault
from services.publisher.adapters.egress import GuardedPost
from services.publisher.adapters.interests import Interests
from services.publisher.adapters.store.deliveries import PostgresDeliveries
from services.publisher.adapters.subscriptions_api import Desk
from services.publisher.callbacks import Callbacks, Limits
from services.publisher.domain.addresses import Egress, networks, ports
from services.publisher.domain.retrying import Schedule
from services.publisher.domain.subscriptions import Breaker, Patience
from services.publisher.settings import CallbackSettings
from shared.kafka import Handle
from shared.secrets import Seal
from shared.service import Service


@dataclass(frozen=True)
class Telling:
    """What the consumer needs of it."""

    tell: Handle
    bell: Bell
    interests: Interests


def wire(service: Service, settings: CallbackSettings, seal: Seal, drain_seconds: float) -> Telling:
    """Give the service routes, a loop and an end for its callbacks."""
    vault, bell, interests = CallbackVault(seal), Bell(), Interests(service.database, record.HEARD | handlers.HEARD)
    egress = Egress(networks(settings.allowed_networks), ports(settings.ports))
    post = GuardedPost(egress, attempt_seconds=settings.attempt_seconds, connect_seconds=settings.connect_seconds)
    deliveries = PostgresDeliveries(
        service.database,
        vault,
        lease_seconds=settings.lease_seconds,
        patience=patience(settings),
        breaker=Breaker(settings.breaker_from, settings.breaker_first_seconds, settings.breaker_most_seconds),
    )
    callbacks = Callbacks(deliveries, post, bell, schedule(settings), limits(settings, drain_seconds))
    desk = Desk(service.database, vault, egress, bell, interests.forget)
    for room in (subscriptions_api, deliveries_api, callback_secrets_api):
        service.routers.append(room.router(desk))
    service.loops["callbacks"] = callbacks.run
    service.at_close += [deliveries.close, post.close]
    return Telling(consumers.teller(vault, first_wait=settings.waits[0]), bell, interests)


def schedule(settings: CallbackSettings) -> Schedule:
    """The waits of the settings."""
    return Schedule(tuple(settings.waits), settings.jitter, settings.honoured_seconds, settings.rest_seconds)


def patience(settings: CallbackSettings) -> Patience:
    """How long an endpoint may fail."""
    return Patience(
        disable_after=timedelta(hours=settings.disable_hours),
        least_failures=settings.least_failures,
        spread=timedelta(hours=settings.spread_hours),
        warn_after=tuple(timedelta(hours=hours) for hours in sorted(settings.warn_hours)),
    )


def limits(settings: CallbackSettings, drain_seconds: float) -> Limits:
    """How much at once."""
    return Limits(
        most=settings.concurrency,
        each=min(settings.per_endpoint, settings.concurrency),
        breath=settings.breath_ms / 1000,
        idle=settings.idle_seconds,
        lease=settings.lease_seconds,
        attempt=settings.attempt_seconds,
        slow=settings.slow_seconds,
        drain=drain_seconds,
        look_after=settings.care_seconds,
    )
