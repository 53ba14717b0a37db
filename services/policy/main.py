"""Policy, wired: nothing else happens here, and nothing at import."""

from fastapi import FastAPI

from services.policy.adapters import consumers
from services.policy.adapters.api.agencies import agencies_api
from services.policy.adapters.api.cases import cases_api
from services.policy.adapters.api.drafts import drafts_api
from services.policy.adapters.store.policies import load_folder, remember
from services.policy.settings import Settings
from shared.clock import Clock, utc_now
from shared.service import Service


def create_app(settings: Settings, clock: Clock = utc_now) -> FastAPI:
    """Policy as an application. Raises InvalidPolicy for a policy file that cannot be taken."""
    policies = load_folder(settings.policies.path)
    service = Service("policy", settings, "Decides what each comment needs, and who may release the answer.")

    async def keep_versions() -> None:
        await remember(service.database, policies, clock())

    service.before_start.append(keep_versions)
    service.routers += [
        cases_api(service.database, policies),
        drafts_api(service.database, policies, clock),
        agencies_api(service.database, policies),
    ]
    service.consume(consumers.consumer(service.database, settings.kafka, policies))
    service.relay_outbox()
    return service.app()
