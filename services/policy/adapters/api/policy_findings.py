"""``/v1/policies/{policy}/lint`` and ``/diff``: what is wrong with a policy, and what it changes, in sentences.

Of a draft it is told what it comes to over what it stands on, with those who would hold its posts.
"""

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from services.policy.adapters.api.policies import PolicyPath, Version, refuse_strangers
from services.policy.adapters.api.policy_bodies import changes_body, lint_body
from services.policy.adapters.api.policy_desk import PolicyDesk
from services.policy.adapters.api.policy_drafts import is_draft
from services.policy.adapters.api.policy_problems import NO_LONGER_FITS, refused_as_problem
from services.policy.adapters.store import adoptions
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.policies import Policy
from shared.auth import Caller, requires
from shared.problems import Problem, not_found


def policy_findings_api(desk: PolicyDesk, policies: PolicyShelf) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/policies/{policy}", tags=["policies"])

    @router.get("/lint")
    async def lint_policy(policy: PolicyPath, caller: Caller = requires("cases:read")) -> Response:
        """The holes of a policy in force, or of what a draft comes to, each with a comment that falls into it."""
        if is_draft(policy):
            sight = await desk.look_closely(caller, policy)
            with refused_as_problem(*NO_LONGER_FITS):
                version = desk.at_hand(caller, sight).composed.policy.version
            return JSONResponse({"policy_version": version, **lint_body(sight.holes)})
        found = _in_force(caller, policy)
        return JSONResponse({"policy_version": found.version, **lint_body(await desk.holes(found))})

    @router.get("/diff")
    async def compare_policies(
        policy: PolicyPath,
        version: Version | None = None,
        against: Version | None = None,
        caller: Caller = requires("cases:read"),
    ) -> Response:
        """What differs between two versions: an agency's in force (or `version`) and the one before it, or a draft and
        what it stands on; or the one named by `against`.
        """
        if is_draft(policy):
            sight = await desk.look(caller, policy)
            with refused_as_problem(*NO_LONGER_FITS):
                made = desk.at_hand(caller, sight).composed
            against = against or made.stands_on
            now, before = await desk.comparable(caller, sight.draft.agency, made, against)
            before = None if against is None else _readable(before)
        else:
            now = _in_force(caller, policy)
            if version is not None:
                now = _readable(await desk.version(caller, policy, version))
            against = against or await earlier(caller, policy, now.version)
            before = None if against is None else _readable(await desk.version(caller, policy, against))
        changes = await desk.changes(before, now)
        known = None if before is None else before.version
        return JSONResponse(changes_body(now.agency, known, now.version, changes, caller))

    def _in_force(caller: Caller, agency: str) -> Policy:
        refuse_strangers(caller, agency)
        found = policies.find(agency)
        if found is None:
            raise not_found("policy")
        return found.policy

    async def earlier(caller: Caller, agency: str, version: str) -> str | None:
        async with desk.database.begin(caller.scope) as connection:
            return await adoptions.before(connection, agency, version)

    return router


def _readable(policy: Policy | None) -> Policy:
    if policy is None:
        raise Problem(409, "unreadable-version", "This release cannot read that version, and so cannot compare it")
    return policy
