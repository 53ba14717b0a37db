"""A city's back end that takes updates to service requests, as mySociety's open311-adapter does.

An update under a known `update_id` is the same update. Only the JSON form is spoken here.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from .accounts import Account, Accounts
from .clock import Clock, rfc3339
from .faults import Failures, Faults
from .fields import Unreadable, read_fields
from .replies import Replies
from .store import Store

_NEEDED: Final = ("api_key", "service_request_id", "update_id", "status", "updated_datetime", "description")
_STATUSES: Final = frozenset({"OPEN", "CLOSED", "FIXED", "IN_PROGRESS", "PLANNED", "ACTION_SCHEDULED", "INVESTIGATING"})
_COLUMNS: Final = ("update_id", "service_request_id", "status", "description", "updated_datetime")
_MOST: Final = 4000


class Open311Error(Exception):
    """A call that the back end would refuse."""

    def __init__(self, status: int, *descriptions: str, headers: Mapping[str, str] | None = None) -> None:
        """Keep what to answer."""
        super().__init__(*descriptions)
        self._status, self._descriptions, self._headers = status, descriptions, headers

    def answer(self) -> JSONResponse:
        """Write the error as Open311 does."""
        errors = [{"code": self._status, "description": words} for words in self._descriptions]
        return JSONResponse(errors, self._status, self._headers)


async def answer_open311_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error in Open311's shape."""
    assert isinstance(error, Open311Error)
    return error.answer()


def _bad_key() -> Open311Error:
    return Open311Error(403, "The api_key is not valid.")


def _unfit(what: str) -> Open311Error:
    return Open311Error(400, "Error in input for POST_Service_Request_Update", what)


def _failures() -> Failures:
    return {
        "accept_then_500": lambda: Open311Error(500, "Internal error").answer(),
        "throttle": lambda: Open311Error(429, "Too many requests", headers={"Retry-After": "1"}).answer(),
        "down": lambda: PlainTextResponse("Service Unavailable", 503),
        "token_dead": lambda: _bad_key().answer(),
        "parent_gone": lambda: Open311Error(404, "Resource not found").answer(),
    }


class Open311Routes:
    """`/open311/servicerequestupdates.json`."""

    def __init__(self, accounts: Accounts, store: Store, replies: Replies, faults: Faults, clock: Clock) -> None:
        """Take updates for the accounts among these that have a key."""
        self._accounts = accounts
        self._store = store
        self._replies = replies
        self._faults = faults
        self._clock = clock

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/open311", include_in_schema=False)
        routes: list[tuple[str, Callable[..., object]]] = [("POST", self.update), ("GET", self.updates)]
        for method, route in routes:
            router.add_api_route("/servicerequestupdates.json", route, methods=[method])
        return router

    async def update(self, request: Request) -> Response:
        """Take an update to any request."""
        try:
            fields = await read_fields(request)
        except Unreadable as unreadable:
            raise _unfit(str(unreadable)) from unreadable
        account = self._caller(fields)
        _check(fields)

        async def accept() -> Response:
            self._keep(account, fields)
            return JSONResponse([{"update_id": fields["update_id"]}])

        return await self._faults.meet("open311", accept, _failures())

    async def updates(self, request: Request) -> Response:
        """List the updates between two moments."""
        query = dict(request.query_params)
        account = self._caller(query)
        begin, end = (_moment(query.get(name)) for name in ("start_date", "end_date"))
        rows = self._store.rows(
            f"SELECT {', '.join(_COLUMNS)} FROM open311_update WHERE account = ? AND at >= ? AND at <= ? ORDER BY at",
            (account.id, begin or 0, end or self._clock()),
        )
        return JSONResponse([dict(zip(_COLUMNS, row, strict=True)) | {"media_url": ""} for row in rows])

    def _caller(self, fields: Mapping[str, str]) -> Account:
        account = self._accounts.with_token("open311", fields.get("api_key", ""))
        if account is None:
            raise _bad_key()
        return account

    def _keep(self, account: Account, fields: Mapping[str, str]) -> None:
        now = self._clock()
        with self._store.transaction():
            is_new = self._store.change(
                f"INSERT INTO open311_update (account, at, {', '.join(_COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (account, update_id) DO NOTHING",
                account.id,
                now,
                *(fields[name] for name in _COLUMNS[:-1]),
                rfc3339(_moment(fields["updated_datetime"]) or now),
            )
            if is_new:
                request, update = fields["service_request_id"], fields["update_id"]
                self._replies.record("open311", request, update, fields["description"], now)


def _check(fields: Mapping[str, Any]) -> None:
    missing = [name for name in _NEEDED if not fields.get(name)]
    if missing:
        raise _unfit(f"Missing required: {', '.join(missing)}")
    if fields["status"] not in _STATUSES:
        raise _unfit("status: not one of those that are known")
    if _moment(fields["updated_datetime"]) is None:
        raise _unfit("updated_datetime: no W3C date and time with a zone")
    if len(fields["description"]) > _MOST:
        raise _unfit(f"description: more than {_MOST} characters")


def _moment(said: str | None) -> int | None:
    try:
        found = datetime.fromisoformat(said or "")
    except ValueError:
        return None
    return int(found.timestamp() * 1000) if found.tzinfo is not None else None
