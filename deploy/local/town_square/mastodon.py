"""The Mastodon client API, as far as an agency's account needs it to be spoken to and to answer.

Every call but the server's description of itself needs a token, as on a server in limited federation
mode; read and write tokens are not told apart.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .clock import Clock, rfc3339
from .faults import Failures, Faults
from .fields import Unreadable, read_fields
from .mastodon_entities import Entities
from .paging import Paging, number
from .people import People, Person
from .settings import Settings
from .statuses import Draft, Status, Statuses
from .writing import MOST_CHARACTERS, language, length

_KINDS: Final = ("mention", "update")
_VISIBILITIES: Final = ("public", "unlisted", "private", "direct")
_WINDOW: Final = 300_000


class MastodonError(Exception):
    """A call that Mastodon would refuse, with its status and its words."""

    def __init__(self, status: int, message: str) -> None:
        """Keep what to answer."""
        super().__init__(message)
        self.status = status


def not_found() -> MastodonError:
    """Say what Mastodon says of everything that is not there, or not yours."""
    return MastodonError(404, "Record not found")


def account_of(request: Request, people: People) -> Person:
    """Find whom a request's token speaks for."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    account = people.with_token(token.strip()) if scheme.lower() == "bearer" else None
    if account is None:
        raise MastodonError(401, "The access token is invalid")
    return account


async def answer_mastodon_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error in Mastodon's shape."""
    assert isinstance(error, MastodonError)
    return _error(error.status, str(error))


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": message}, status, headers)


class RateLimit:
    """Counts calls for the headers that announce a limit; nobody is ever stopped by it."""

    def __init__(self, calls: int, clock: Clock) -> None:
        """Announce this many calls in five minutes."""
        self._calls = calls
        self._clock = clock
        self._window = 0
        self._used: Counter[str] = Counter()

    def count(self, account: str) -> dict[str, str]:
        """Count a call and say what is left."""
        window = self._clock() // _WINDOW
        if window != self._window:
            self._window = window
            self._used.clear()
        self._used[account] += 1
        return self._headers(max(0, self._calls - self._used[account]), (window + 1) * _WINDOW)

    def exhausted(self) -> dict[str, str]:
        """Say that nothing is left for a second."""
        return self._headers(0, self._clock() + 1000) | {"Retry-After": "1"}

    def _headers(self, remaining: int, reset: int) -> dict[str, str]:
        # Reset is a moment in ISO 8601 on Mastodon, where others send a number of seconds.
        return {
            "X-RateLimit-Limit": str(self._calls),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": rfc3339(reset),
        }


class MastodonRoutes:
    """`/api/v1` and `/api/v2` for agencies' accounts."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        people: People,
        statuses: Statuses,
        faults: Faults,
        entities: Entities,
    ) -> None:
        """Serve these statuses to these people."""
        self._settings = settings
        self._people = people
        self._statuses = statuses
        self._faults = faults
        self._entities = entities
        self._limit = RateLimit(settings.calls_per_five_minutes, clock)
        self._failures: Failures = {
            "accept_then_500": lambda: _error(500, "We're sorry, but something went wrong on our end."),
            "throttle": lambda: _error(429, "Too many requests", self._limit.exhausted()),
            "down": lambda: _error(503, "Remote data could not be fetched"),
            "token_dead": lambda: _error(401, "The access token was revoked"),
            "parent_gone": lambda: _error(404, str(not_found())),
        }

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(include_in_schema=False)
        routes: list[tuple[str, str, Callable[..., object]]] = [
            ("GET", "/api/v2/instance", self.instance),
            ("GET", "/api/v1/accounts/verify_credentials", self.verify_credentials),
            ("GET", "/api/v1/apps/verify_credentials", self.verify_application),
            ("GET", "/api/v1/accounts/{account}/statuses", self.statuses_of_account),
            ("GET", "/api/v1/notifications", self.notifications),
            ("POST", "/api/v1/statuses", self.post_status),
            ("GET", "/api/v1/statuses/{status}", self.get_status),
            ("PUT", "/api/v1/statuses/{status}", self.edit_status),
            ("DELETE", "/api/v1/statuses/{status}", self.delete_status),
            ("GET", "/api/v1/statuses/{status}/context", self.context),
            ("GET", "/api/v1/statuses/{status}/history", self.history),
        ]
        for method, path, route in routes:
            router.add_api_route(path, route, methods=[method])
        return router

    async def instance(self) -> Response:
        """Describe the server."""
        return JSONResponse(self._entities.instance())

    async def verify_credentials(self, request: Request) -> Response:
        """Say whom the token speaks for."""
        account = self._account(request)
        return self._answer(account, self._entities.own_account(account))

    async def verify_application(self, request: Request) -> Response:
        """Say which application the token belongs to, and what it may do."""
        account = self._account(request)
        return self._answer(account, self._entities.application())

    async def notifications(self, request: Request) -> Response:
        """List what concerns the account, newest first."""
        account, paging = self._account(request), Paging.read(request.query_params, usual=40, most=80)
        found = self._statuses.notifications(account.id, _wanted_kinds(request), paging)
        content = [self._entities.notification(each) for each in found]
        return self._answer(account, content, self._link(request, paging, [each.id for each in found]))

    async def statuses_of_account(self, request: Request, account: str) -> Response:
        """List what an account wrote, newest first."""
        reader, paging = self._account(request), Paging.read(request.query_params, usual=20, most=40)
        if self._people.with_id(account) is None:
            raise not_found()
        with_replies = not _true(request.query_params.get("exclude_replies"))
        found = self._statuses.written_by(account, paging, with_replies=with_replies)
        content = [self._entities.status(each) for each in found]
        return self._answer(reader, content, self._link(request, paging, [each.id for each in found]))

    async def post_status(self, request: Request) -> Response:
        """Publish a status; one that answers another is a reply and may meet a fault."""
        account = self._account(request)
        draft = self._draft(await _fields(request))

        async def accept() -> Response:
            status = await self._post_once(account, draft, request.headers.get("idempotency-key"))
            return self._answer(account, self._entities.status(status))

        if draft.parent is None:
            return await accept()
        return await self._faults.meet("mastodon", accept, self._failures)

    async def get_status(self, request: Request, status: str) -> Response:
        """Show a status."""
        account = self._account(request)
        return self._answer(account, self._entities.status(self._found(status)))

    async def edit_status(self, request: Request, status: str) -> Response:
        """Replace the text of one's own status."""
        account = self._account(request)
        text = _text(await _fields(request))
        edited = self._statuses.edit(self._own(account, status), text)
        return self._answer(account, self._entities.status(edited))

    async def delete_status(self, request: Request, status: str) -> Response:
        """Delete one's own status; answers what it was, with the text as it was typed."""
        account = self._account(request)
        own = self._own(account, status)
        was = self._entities.status(own) | {"text": own.text}
        self._statuses.delete(own)
        return self._answer(account, was)

    async def context(self, request: Request, status: str) -> Response:
        """Show the conversation around a status."""
        account, found = self._account(request), self._found(status)
        above, below = self._statuses.ancestors(found), self._statuses.descendants(found)
        return self._answer(
            account,
            {
                "ancestors": [self._entities.status(each) for each in above],
                "descendants": [self._entities.status(each) for each in below],
            },
        )

    async def history(self, request: Request, status: str) -> Response:
        """Show every version of a status."""
        account = self._account(request)
        return self._answer(account, self._entities.history(self._found(status)))

    async def _post_once(self, account: Person, draft: Draft, key: str | None) -> Status:
        if not key:
            return self._statuses.post(account, draft)
        first = self._statuses.posted_with_key(account.id, key)
        if first is not None:
            return self._found(str(first))
        # Mastodon stores the key only after the status, so two requests at the same time both post.
        await asyncio.sleep(self._settings.idempotency_gap_seconds)
        status = self._statuses.post(account, draft)
        self._statuses.keep_key(account.id, key, status)
        return status

    def _draft(self, fields: Mapping[str, str]) -> Draft:
        text, visibility = _text(fields), fields.get("visibility") or "public"
        if visibility not in _VISIBILITIES:
            raise MastodonError(422, "Validation failed: Visibility is not included in the list")
        answered = fields.get("in_reply_to_id")
        parent = self._found(answered) if answered else None
        return Draft(text, parent, visibility, fields.get("language") or language(text))

    def _account(self, request: Request) -> Person:
        return account_of(request, self._people)

    def _found(self, status: str) -> Status:
        found = self._statuses.find(number(status))
        if found is None:
            raise not_found()
        return found

    def _own(self, account: Person, status: str) -> Status:
        found = self._found(status)
        if found.author != account.id:
            raise not_found()
        return found

    def _link(self, request: Request, paging: Paging, ids: list[int]) -> dict[str, str]:
        return paging.link(self._settings.base_url + request.url.path, request.query_params, ids)

    def _answer(self, account: Person, content: object, headers: Mapping[str, str] | None = None) -> Response:
        return JSONResponse(content, headers=self._limit.count(account.id) | dict(headers or {}))


async def _fields(request: Request) -> dict[str, str]:
    try:
        return await read_fields(request)
    except Unreadable as unreadable:
        raise MastodonError(400, str(unreadable)) from unreadable


def _text(fields: Mapping[str, str]) -> str:
    text = fields.get("status", "").strip()
    if not text:
        raise MastodonError(422, "Validation failed: Text can't be blank")
    if length(text) > MOST_CHARACTERS:
        raise MastodonError(422, f"Validation failed: Text character limit of {MOST_CHARACTERS} exceeded")
    return text


def _wanted_kinds(request: Request) -> str:
    query = request.query_params
    wanted = query.getlist("types[]") or query.getlist("types") or _KINDS
    unwanted = query.getlist("exclude_types[]") or query.getlist("exclude_types")
    return json.dumps([kind for kind in wanted if kind not in unwanted])


def _true(text: str | None) -> bool:
    return text is not None and text.lower() not in ("", "0", "f", "false", "off")
