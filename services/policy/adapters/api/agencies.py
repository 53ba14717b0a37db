"""``/v1/agencies``: whose policy is in force. Who holds which post is for auditors."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.policies import Policy
from services.policy.domain.roster import Officer
from shared.auth import Caller, requires

AUDITORS_SCOPE = "audit:read"


def agencies_api(policies: PolicyShelf) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1", tags=["policies"])

    @router.get("/agencies")
    async def list_agencies(caller: Caller = requires("cases:read")) -> Response:
        """The caller's agencies, their levels and policy versions; their officers for auditors."""
        seen = [policy for policy in policies.all() if caller.may_see(policy.agency)]
        with_officers = AUDITORS_SCOPE in caller.scopes
        return JSONResponse({"items": [_agency(policy, with_officers) for policy in seen], "next": None})

    return router


def _agency(policy: Policy, with_officers: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "agency": policy.agency,
        "name": policy.name,
        "languages": list(policy.languages),
        "policy_version": policy.version,
        "levels": [{"level": level, "name": policy.ladder[level].name} for level in sorted(policy.ladder)],
    }
    if with_officers:
        body["officers"] = [_officer(officer) for officer in policy.officers]
    return body


def _officer(officer: Officer) -> dict[str, Any]:
    said = officer.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {**said, "specialisms": list(officer.specialisms)}
