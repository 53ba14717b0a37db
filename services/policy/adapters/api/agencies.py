"""``/v1/agencies`` and ``/v1/policies``: whose policy is in force, and what it says.

Who holds which post is for auditors; a policy is for everyone who works with cases.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import text
from starlette.responses import JSONResponse, Response

from services.policy.adapters.store import rows
from services.policy.adapters.store.policies import PolicyShelf
from services.policy.domain.policies import Policy
from services.policy.domain.roster import Officer
from shared.auth import Caller, requires
from shared.database import Database
from shared.problems import not_found

AUDITORS_SCOPE = "audit:read"
AgencyPath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Version = Annotated[str, Query(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}/[0-9]{1,9}@[0-9a-f]{12}$")]


def agencies_api(database: Database, policies: PolicyShelf) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1", tags=["policies"])

    @router.get("/agencies")
    async def list_agencies(caller: Caller = requires("cases:read")) -> Response:
        """The caller's agencies, their levels and policy versions; their officers for auditors."""
        seen = [policy for policy in policies.all() if caller.may_see(policy.agency)]
        with_officers = AUDITORS_SCOPE in caller.scopes
        return JSONResponse({"items": [_agency(policy, with_officers) for policy in seen], "next": None})

    @router.get("/policies/{agency}")
    async def get_policy(
        agency: AgencyPath, version: Version | None = None, caller: Caller = requires("cases:read")
    ) -> Response:
        """The policy in force, or the `version` that a decision names. 404 for another agency's."""
        policy = policies.find(agency)
        if policy is None or not caller.may_see(agency):
            raise not_found("policy")
        if version is None or version == policy.policy.version:
            content = policy.policy.model_dump(mode="json", by_alias=True)
            return JSONResponse(_policy(policy.policy.version, policy.policy.digest, content, caller))
        async with database.begin(caller.scope) as connection:
            row = (await connection.execute(_VERSION, {"agency": agency, "version": version})).one_or_none()
        if row is None:
            raise not_found("policy")
        return JSONResponse(_policy(row.version, row.digest, rows.from_json(row.content), caller))

    return router


def _policy(version: str, digest: str, content: dict[str, Any], caller: Caller) -> dict[str, Any]:
    if AUDITORS_SCOPE not in caller.scopes:
        content = {section: part for section, part in content.items() if section != "officers"}
    return {"agency": content["agency"], "policy_version": version, "digest": digest, "policy": content}


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


_VERSION = text("SELECT version, digest, content FROM policy WHERE agency = :agency AND version = :version")
