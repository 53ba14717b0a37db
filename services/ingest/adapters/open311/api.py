"""``/open311/v2``: the routes of GeoReport v2, each with ``.json``, with ``.xml``, and without.

    GET  discovery
    GET  services, services/{service_code}
    POST requests
    GET  requests, requests/{service_request_id}
    GET  tokens/{token}

Reading is public by the protocol; reporting takes the jurisdiction's ``api_key``. A report answers 200 and its id at
once: the specification names no status, and some apps know only that one. The id is that of the comment.

Source: GeoReport v2 (wiki.open311.org/GeoReport_v2).
"""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Path, Query, Request
from sqlalchemy import Row
from starlette.responses import Response

from services.ingest.adapters.keeper import GroupKeeper
from services.ingest.adapters.open311 import filing, forms, questions, views
from services.ingest.adapters.open311.answers import Refused, write
from services.ingest.adapters.open311.jurisdictions import Jurisdictions, full_code, wrong_key
from services.ingest.adapters.open311.views import About
from services.ingest.adapters.store import reports
from services.ingest.adapters.store.reports import Filter
from services.ingest.domain.accounts import Account
from services.ingest.ports import Health
from shared.auth import opened_by_api_key, public
from shared.clock import Clock
from shared.database import Database

PREFIX = "/open311/v2"

_open = public("Open311 shows services and requests to everyone")
_Id = Annotated[str, Path(max_length=forms.MOST_ID_CHARACTERS)]
_Jurisdiction = Annotated[
    str | None, Query(max_length=forms.MOST_ID_CHARACTERS, description="one agency's services or requests")
]
_List = Annotated[str | None, Query(max_length=40_000, description="several are separated by commas")]
_Date = Annotated[str | None, Query(max_length=64, description="W3C date and time with an offset")]
_Status = Annotated[str | None, Query(max_length=64, description="`open`, `closed`, or both with a comma between")]


class Open311:
    """The routes."""

    def __init__(
        self,
        jurisdictions: Jurisdictions,
        keeper: GroupKeeper,
        health: Health,
        database: Database,
        about: About,
        clock: Clock,
    ) -> None:
        self._jurisdictions = jurisdictions
        self._keeper = keeper
        self._health = health
        self._database = database
        self._about = about
        self._clock = clock

    @_open
    async def discovery(self, request: Request) -> Response:
        """Where the routes are, what they speak, and how to get a key."""
        offered = [(one, self._jurisdictions.catalogue(one)) for one in self._jurisdictions.named(None)]
        return write(request, "discovery", views.discovery(self._about, self._url(request), offered))

    @_open
    async def services(self, request: Request, jurisdiction_id: _Jurisdiction = None) -> Response:
        """What may be reported, of every agency or of one; the first service of each asks for nothing."""
        told = [
            views.service(account, service)
            for account in self._jurisdictions.named(jurisdiction_id)
            for service in self._jurisdictions.catalogue(account).services
        ]
        return write(request, "services", told)

    @_open
    async def definition(self, request: Request, service_code: _Id, jurisdiction_id: _Jurisdiction = None) -> Response:
        """The questions of a service; none where its `metadata` is false."""
        account, service = self._jurisdictions.service(service_code, jurisdiction_id)
        return write(request, "service_definition", views.definition(account, service))

    @opened_by_api_key
    async def report(self, request: Request) -> Response:
        """Report to an agency. Exactly the same within ten minutes is the same request, with the same id.

        `service_code` and `api_key` are needed; `jurisdiction_id` is, where the code is not one of the service list. A
        general enquiry needs a `description`, other services say in their definition what they need. Contact data are
        for the agency alone; `description`, place and `media_url` are shown to everyone.
        """
        form = await forms.read(request)
        opened = self._jurisdictions.opened_by(form.api_key)
        account, service = self._jurisdictions.service(form.id("service_code"), form.id("jurisdiction_id"))
        if account not in opened:
            raise wrong_key()
        now = self._clock()
        self._health.heard(account, now)
        report = filing.report_in(form, service)
        filed = filing.filing(request, form, account, full_code(account, service), report, now)
        comment = await self._keeper.report(filed)
        return write(request, "service_requests", [views.created(comment, service, report.contact.account_id)])

    @_open
    async def requests(
        self,
        request: Request,
        jurisdiction_id: _Jurisdiction = None,
        service_request_id: _List = None,
        service_code: _List = None,
        start_date: _Date = None,
        end_date: _Date = None,
        status: _Status = None,
    ) -> Response:
        """At most 1,000 requests of at most ninety days, newest first; `service_request_id` overrides all else."""
        accounts = self._jurisdictions.named(jurisdiction_id)
        if ids := questions.listed(service_request_id):
            return self._shown(request, await self._these(ids, accounts), accounts)
        start, end = questions.span(start_date, end_date, self._clock())
        codes = self._jurisdictions.full(questions.listed(service_code), jurisdiction_id)
        wanted = Filter([one.account for one in accounts], start, end, codes, questions.statuses(status))
        async with self._database.begin(_agencies(accounts)) as connection:
            rows = await reports.page(connection, wanted, questions.MOST_REQUESTS)
        return self._shown(request, rows, accounts)

    @_open
    async def request(
        self, request: Request, service_request_id: _Id, jurisdiction_id: _Jurisdiction = None
    ) -> Response:
        """One request: how far it has come, and the published reply once there is one."""
        accounts = self._jurisdictions.named(jurisdiction_id)
        return self._shown(request, [await self._one(service_request_id, accounts)], accounts)

    @_open
    async def token(self, request: Request, token: _Id, jurisdiction_id: _Jurisdiction = None) -> Response:
        """The id of a request. Every request gets its id at once, and that is its token."""
        row = await self._one(token, self._jurisdictions.named(jurisdiction_id))
        return write(request, "service_requests", [{"service_request_id": row.comment, "token": token}])

    async def _one(self, id_: str, accounts: Sequence[Account]) -> Row[Any]:
        found = await self._these([id_], accounts)
        if not found:
            raise Refused(404, "service_request_id: there is no such request here.")
        return found[0]

    async def _these(self, ids: Sequence[str], accounts: Sequence[Account]) -> Sequence[Row[Any]]:
        async with self._database.begin(_agencies(accounts)) as connection:
            return await reports.these(connection, ids, [one.account for one in accounts])

    def _shown(self, request: Request, rows: Sequence[Row[Any]], accounts: Sequence[Account]) -> Response:
        known = {account.account: account for account in accounts}
        return write(request, "service_requests", [self._view(row, known[row.jurisdiction]) for row in rows])

    def _view(self, row: Row[Any], account: Account) -> dict[str, Any]:
        offered = self._jurisdictions.catalogue(account).services
        notices = {full_code(account, service): service.notice for service in offered}
        return views.request(row, account.name, notices.get(row.service_code))

    def _url(self, request: Request) -> str:
        server = self._about.public_url or f"{request.scope['scheme']}://{request.headers.get('host', '')}"
        return server.rstrip("/") + PREFIX


def _agencies(accounts: Sequence[Account]) -> list[str]:
    """The agencies whose rows a reader may see: those that take part, and no others."""
    return sorted({account.agency for account in accounts})
