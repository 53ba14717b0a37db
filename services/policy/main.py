"""Policy, wired: nothing else happens here, and nothing at import."""

from functools import partial

from fastapi import FastAPI

from services.policy.adapters import consumers, lapses, overdue_reviews, succession
from services.policy.adapters.answers import Answering
from services.policy.adapters.api.acting import acting_api
from services.policy.adapters.api.agencies import agencies_api
from services.policy.adapters.api.answering import answering_api
from services.policy.adapters.api.answers import answers_api
from services.policy.adapters.api.authority_desk import AuthorityDesk
from services.policy.adapters.api.cases import cases_api
from services.policy.adapters.api.casework import casework_api
from services.policy.adapters.api.clearance_desk import ClearanceDesk, NoStatements
from services.policy.adapters.api.clocks import clocks_api
from services.policy.adapters.api.corrections import corrections_api
from services.policy.adapters.api.delegations import delegations_api
from services.policy.adapters.api.drafts import drafts_api
from services.policy.adapters.api.issues import issues_api
from services.policy.adapters.api.leaves import leaves_api
from services.policy.adapters.api.lines import lines_api
from services.policy.adapters.api.mandates import mandates_api
from services.policy.adapters.api.merges import merges_api
from services.policy.adapters.api.order_desk import OrderRoom
from services.policy.adapters.api.orders import asking_api, orders_api
from services.policy.adapters.api.policies import policies_api
from services.policy.adapters.api.policy_desk import PolicyDesk
from services.policy.adapters.api.policy_drafts import policy_drafts_api
from services.policy.adapters.api.policy_findings import policy_findings_api
from services.policy.adapters.api.practice import practice_api
from services.policy.adapters.api.remarks import remarks_api
from services.policy.adapters.api.replays import replays_api
from services.policy.adapters.api.reviews import break_glass_api, reviews_api
from services.policy.adapters.api.submission_desk import SubmissionDesk
from services.policy.adapters.api.submissions import submissions_api
from services.policy.adapters.api.times import times_api
from services.policy.adapters.api.transfers import transfers_api
from services.policy.adapters.paces import Paces
from services.policy.adapters.policy_files import Deployment, read_folder
from services.policy.adapters.replay_queue import ReplayQueue
from services.policy.adapters.store import forgetting
from services.policy.adapters.store.classifiers import ClassifiersInUse
from services.policy.adapters.timekeeping import Timekeeper
from services.policy.domain.facts import PlainFacts
from services.policy.settings import Settings
from shared.clock import Clock, utc_now
from shared.service import Service


def create_app(settings: Settings, clock: Clock = utc_now, deployment: Deployment | None = None) -> FastAPI:
    """Policy as an application; ``deployment`` is what stands in its folder, if that was read before.

    Raises InvalidPolicy for a policy file that cannot be taken.
    """
    deployment = deployment or read_folder(settings.policies.path)
    policies = deployment.shelf()
    service = Service("policy", settings, "Decides what each comment needs, and who may release the answer.")
    clearance = ClearanceDesk(service.database, policies, clock, NoStatements())
    authority = AuthorityDesk(service.database, policies, clock)
    submissions = SubmissionDesk(service.database, policies, clock)
    orders = OrderRoom(service.database, policies, clock)
    facts = PlainFacts()
    answering = Answering(service.database, policies, facts, clock)
    desk = PolicyDesk(service.database, policies, deployment.above, clock)

    async def refresh() -> None:
        await succession.refresh(service.database, policies, clock())

    async def adopt() -> None:
        await succession.adopt_files(service.database, deployment.agencies, clock())
        await refresh()

    async def keep_up() -> None:
        await succession.keep_up(service.database, policies, clock)

    classifiers = ClassifiersInUse(service.database, policies)
    service.before_start += [adopt, classifiers.look]
    service.loops["classifiers"] = classifiers.keep_up
    service.loops["policies"] = keep_up
    service.loops["lapses"] = partial(lapses.keep, service.database, policies, clock)
    service.loops["reviews"] = partial(overdue_reviews.keep, service.database, policies, clock)
    service.loops["forgetting"] = partial(forgetting.sweep, service.database, clock)
    paces = Paces(service.database, policies, clock)
    service.loops["paces"] = paces.keep_up
    service.loops["answers"] = answering.run
    times = settings.timekeeping
    timekeeper = Timekeeper(
        service.database, policies, refresh, clock, times.look_seconds, paces, times.centre_duty_post
    )
    service.loops["timekeeping"] = timekeeper.run
    queue = ReplayQueue(service.database, settings.database.url.get_secret_value(), deployment.above, clock)
    service.loops["replays"] = queue.run
    service.routers += [
        cases_api(service.database, policies, clock),
        casework_api(clearance, paces),
        transfers_api(clearance),
        clocks_api(service.database, policies, clock, paces),
        drafts_api(clearance),
        remarks_api(clearance),
        asking_api(orders),
        orders_api(orders),
        break_glass_api(clearance),
        reviews_api(authority),
        times_api(service.database, policies, clock),
        delegations_api(authority),
        acting_api(authority),
        mandates_api(authority),
        leaves_api(authority),
        answering_api(authority),
        corrections_api(service.database, policies, clock),
        issues_api(service.database, clock),
        lines_api(submissions, facts),
        answers_api(submissions, answering, facts),
        merges_api(authority),
        submissions_api(submissions),
        agencies_api(policies),
        practice_api(policies, deployment.above),
        policies_api(desk, clock),
        policy_drafts_api(desk),
        policy_findings_api(desk, policies),
        replays_api(service.database, queue, clock),
    ]
    service.consume(consumers.consumer(service.database, settings.kafka, policies, paces))
    service.relay_outbox()
    return service.app()
