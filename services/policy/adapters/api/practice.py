"""``GET /v1/policies/common``: what the agencies share, where they differ, and what could be everyone's.

How a government decides is no secret within it: whoever works with cases sees all agencies here. Who holds which post
is not part of it.
"""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.composing.composition import Above, compose
from services.policy.domain.policies import Policy
from services.policy.domain.practice.candidates import Candidate, candidates
from services.policy.domain.practice.comparison import Shared, Variant, practice
from shared.auth import Caller, requires

_NOBODY = {"agency": "baseline", "name": "Baseline", "version": 1}


def practice_api(policies: PolicyShelf, above: Above) -> APIRouter:
    """The route, to be taken in before that of one agency's policy."""
    router = APIRouter(prefix="/v1/policies", tags=["policies"])
    baseline = compose(_NOBODY, above)
    known: dict[tuple[str, ...], bytes] = {}

    @router.get("/common")
    async def get_common(caller: Caller = requires("cases:read")) -> Response:
        """Rules, topics, kinds and clocks by agency: who says the same, how the others differ from the baseline, and
        what at least two do alike beyond it.
        """
        current = policies.all()
        versions = tuple(policy.version for policy in current)
        if versions not in known:
            made = await asyncio.to_thread(_rendered, current, baseline)
            known.clear()
            known[versions] = made
        return Response(known[versions], media_type="application/json")

    return router


def _rendered(policies: list[Policy], baseline: Policy) -> bytes:
    return bytes(JSONResponse(_body(policies, baseline)).body)


def _body(policies: list[Policy], baseline: Policy) -> dict[str, Any]:
    sections = practice(policies, baseline)
    return {
        "agencies": [{"agency": each.agency, "name": each.name, "policy_version": each.version} for each in policies],
        **{name: [_shared(each) for each in shared] for name, shared in sections.items()},
        "candidates": [_candidate(each) for each in candidates(policies, baseline)],
    }


def _shared(shared: Shared) -> dict[str, Any]:
    return {
        "id": shared.id,
        "agencies": list(shared.agencies),
        "same": shared.same,
        "baseline": shared.baseline,
        "variants": [_variant(each) for each in shared.variants],
    }


def _variant(variant: Variant) -> dict[str, Any]:
    said = {"differs": list(variant.differs)} if variant.value is None else {"value": variant.value}
    return {"agencies": list(variant.agencies), **said}


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {**candidate._asdict(), "agencies": list(candidate.names), "needs": list(candidate.needs)}
