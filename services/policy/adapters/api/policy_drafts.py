"""``/v1/policies``: how a policy is written, submitted, adopted by two persons, or withdrawn.

One request is one transaction: the act, its audit entries, the adoption, and the answer kept for the same
``Idempotency-Key`` are committed together or not at all.
"""

import asyncio
import functools
import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from starlette.responses import JSONResponse, Response

from services.policy import authoring
from services.policy.adapters.api import editions, posted_documents
from services.policy.adapters.api.policy_bodies import changes_body, draft_body, lint_body
from services.policy.adapters.api.policy_desk import PolicyDesk, Sight, again_if_moved
from services.policy.adapters.api.policy_problems import NO_LONGER_FITS, refused_as_problem
from services.policy.authoring import Desk, Done, Right, Seen
from services.policy.domain.adoption.authorship import OPEN, PolicyDraft
from services.policy.domain.adoption.standing import Composed
from services.policy.domain.parts import Id
from shared.auth import Caller, requires
from shared.idempotency import Answer, answered_before, claim_of, idempotency_key, once
from shared.problems import Problem, not_found
from shared.strict_json import StrictRoute

_DRAFT = re.compile(r"pol_[0-9a-f]{32}")
_RIGHTS: tuple[Right, ...] = ("write", "adopt")
DraftPath = Annotated[str, Path(pattern=r"^[a-z0-9_.-]{1,64}$", description="`pol_…`")]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


Note = Annotated[str | None, Field(min_length=1, max_length=2000, description="why, for those who adopt")]
Document = Annotated[
    dict[str, Any] | str, Field(description="the whole file of the agency or the unit: an object, or its YAML or JSON")
]


class DraftIn(_Strict):
    """A document that shall take the place of an agency's, or of one of its units'."""

    agency: Id
    unit: Id | None = Field(None, description="told by the document if left out")
    document: Document
    note: Note = None


class EditIn(_Strict):
    """The next edition of a draft."""

    document: Document
    note: Note = None


class ReasonIn(_Strict):
    """Why a draft does not go on."""

    reason: str = Field(min_length=1, max_length=2000, pattern=r"\S")


class WithdrawalIn(_Strict):
    """Why a draft is withdrawn."""

    reason: str | None = Field(None, min_length=1, max_length=2000)


class AdoptionIn(_Strict):
    """Consent to exactly what was seen: a digest, which covers the whole policy, or at least the draft's edition."""

    digest: str | None = Field(None, max_length=1000)
    edition: int | None = Field(None, ge=1)
    effective_from: AwareDatetime | None = Field(None, strict=False, description="at once if left out; within a year")

    @model_validator(mode="after")
    def _names_what_was_seen(self) -> "AdoptionIn":
        if self.digest is None and self.edition is None:
            raise ValueError("name the digest or the edition that you adopt")
        return self


def policy_drafts_api(desk: PolicyDesk) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/policies", tags=["policies"], route_class=StrictRoute)

    async def do(
        request: Request, caller: Caller, draft_id: str, deed: Callable[[Desk], Done], *, closely: bool = False
    ) -> Response:
        """Have ``deed`` done to a draft, once for each idempotency key."""
        idempotency_key(request)
        look = desk.look_closely if closely else desk.look

        async def settle(sight: Sight) -> Answer:
            claim = await claim_of(request, caller.subject, sight.draft.agency)
            async with desk.database.begin(caller.scope) as connection:

                async def effect() -> Answer:
                    done = await desk.settle(connection, caller, sight, deed)
                    return Answer(201, _body(done.draft, sight, caller) | (_findings(sight, caller) if closely else {}))

                return await once(connection, claim, effect)

        with refused_as_problem(*NO_LONGER_FITS):
            answer = await again_if_moved(lambda: look(caller, checked(draft_id)), settle)
        await desk.follow()
        return answer.response()

    @router.post("", status_code=201)
    async def write_draft(request: Request, posted: DraftIn, caller: Caller = requires("policies:write")) -> Response:
        """Write a draft. It is kept only if it is valid together with what stands: 422 `invalid-policy` names each
        fault. 403 `not-your-unit` for a sibling's,
        `no-post` for who holds none in an agency that has given some.
        """
        if not caller.may_see(posted.agency):
            raise Problem(403, "not-your-agency", "The token does not speak for this agency")
        claim = await claim_of(request, caller.subject, posted.agency)
        async with desk.database.begin([posted.agency]) as connection:
            earlier = await answered_before(connection, claim)
        if earlier is not None:
            return earlier.response()
        with refused_as_problem():
            read = await asyncio.to_thread(posted_documents.read, posted.document)
            sight = await desk.begin(caller, posted.agency, posted.unit, read, posted.note)
            async with desk.database.begin([posted.agency]) as connection:

                async def effect() -> Answer:
                    at_hand = desk.at_hand(caller, sight)
                    done = authoring.write(at_hand)
                    await desk.keep(connection, done, sight, at_hand.now)
                    headers = {"Location": f"/v1/policies/{sight.draft.id}", "ETag": editions.etag(sight.draft.edition)}
                    return Answer(201, _body(done.draft, sight, caller), headers)

                answer = await once(connection, claim, effect)
        return answer.response()

    @router.put("/{policy}", responses=editions.EDIT)
    async def edit_draft(
        request: Request, policy: DraftPath, posted: EditIn, caller: Caller = requires("policies:write")
    ) -> Response:
        """Write the next edition of a draft, with its ETag as `If-Match`. Whoever writes it cannot adopt it."""

        async def settle(sight: Sight) -> Response:
            editions.check(request, sight.draft.edition)
            anew = await desk.made_of(read, sight)
            async with desk.database.begin(caller.scope) as connection:
                deed = functools.partial(authoring.edit, document=read.document, note=posted.note)
                done = await desk.settle(connection, caller, anew, deed)
            headers = {"ETag": editions.etag(done.draft.edition)}
            return JSONResponse(_body(done.draft, anew, caller), headers=headers)

        with refused_as_problem():
            read = await asyncio.to_thread(posted_documents.read, posted.document)
            answer = await again_if_moved(lambda: desk.look(caller, checked(policy)), settle)
        return answer

    @router.post("/{policy}/submissions", status_code=201)
    async def submit(request: Request, policy: DraftPath, caller: Caller = requires("policies:write")) -> Response:
        """Put a draft before those who adopt. 409 `policy-has-holes` with each error that lint finds; its warnings,
        and what the draft changes, are told in the answer.
        """
        return await do(request, caller, policy, authoring.submit, closely=True)

    @router.post("/{policy}/returns", status_code=201)
    async def send_back(
        request: Request, policy: DraftPath, posted: ReasonIn, caller: Caller = requires("policies:adopt")
    ) -> Response:
        """Send a draft back to its authors with the reason. Consents given before are gone."""
        return await do(request, caller, policy, lambda d: authoring.send_back(d, posted.reason))

    @router.post("/{policy}/adoptions", status_code=201)
    async def adopt(
        request: Request, policy: DraftPath, posted: AdoptionIn, caller: Caller = requires("policies:adopt")
    ) -> Response:
        """Adopt a draft, as one of two persons who did not write it. With the second it is to come into force.

        403 `own-draft`; 409 `stale-digest` with the current one if the draft, or what it stands on, has changed;
        409 `another-is-scheduled`. Pressing twice changes nothing.
        """
        seen = Seen(posted.digest, posted.edition)
        return await do(request, caller, policy, lambda d: authoring.adopt(d, seen, posted.effective_from))

    @router.post("/{policy}/withdrawals", status_code=201)
    async def withdraw(
        request: Request,
        policy: DraftPath,
        posted: WithdrawalIn | None = None,
        caller: Caller = requires("policies:write", "policies:adopt"),
    ) -> Response:
        """Withdraw a draft, with the scope `policies:write`; or what was adopted and is yet to come into force, with
        `policies:adopt`. 409 `wrong-state` in the last seconds before it does.
        """
        may: list[Right] = [right for right in _RIGHTS if f"policies:{right}" in caller.scopes]
        reason = posted.reason if posted else None
        return await do(request, caller, policy, lambda d: authoring.withdraw(d, may, reason))

    return router


def checked(draft_id: str) -> str:
    """Refuse, as unknown, what cannot be the id of a draft. Raises ``Problem`` 404."""
    if not is_draft(draft_id):
        raise not_found("policy")
    return draft_id


def is_draft(name: str) -> bool:
    """Whether it is the id of a draft."""
    return _DRAFT.fullmatch(name) is not None


def _body(draft: PolicyDraft, sight: Sight, caller: Caller) -> dict[str, Any]:
    return draft_body(draft, sight.made if draft.state in OPEN else None, sight.replays, caller)


def _findings(sight: Sight, caller: Caller) -> dict[str, Any]:
    """What those who adopt will want to know."""
    if not isinstance(sight.made, Composed):
        return {}
    version = sight.made.policy.version
    changes = changes_body(sight.draft.agency, sight.made.stands_on, version, sight.changes, caller)
    return {**lint_body(sight.holes), "diff": changes}
