"""The public record over HTTP: a page, two feeds, and each response by itself. Nobody needs a token for it."""

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.publisher.adapters.record import feeds
from services.publisher.adapters.record.caching import LASTING, kept
from services.publisher.adapters.record.feeds import Links
from services.publisher.adapters.record.page import HEADERS, HTML_TYPE, page_of, page_of_one
from services.publisher.adapters.record.places import cursor_at, place_of
from services.publisher.adapters.record.reading import Readable
from services.publisher.adapters.record.style import STYLE
from services.publisher.adapters.store import record
from services.publisher.domain.record import Page
from shared.auth import public
from shared.database import Database
from shared.problems import not_found

MOST = 100
ON_A_PAGE = 20
AGENCY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Limit = Annotated[int, Query(ge=1, le=MOST)]
Cursor = Annotated[str | None, Query(max_length=300)]


def router(database: Database, public_url: str | None) -> APIRouter:
    """The routes of the record; ``public_url`` is how readers reach this service."""
    routes = APIRouter(prefix="/public/{agency}", tags=["public record"], route_class=Readable)

    @routes.get("", response_class=Response)
    @public("what an agency said in public, for the public to read")
    async def read_record(request: Request, agency: str, cursor: Cursor = None) -> Response:
        """The record as a page for people, the newest first. 404 for an agency that is not here."""
        page = await _page(database, agency, ON_A_PAGE, cursor)
        body = page_of(page, is_first=cursor is None)
        return kept(request, body, HTML_TYPE, headers=HEADERS)

    @routes.get("/feed.json", response_class=Response)
    @public("what an agency said in public, for readers to follow")
    async def read_json_feed(request: Request, agency: str, limit: Limit = 50, cursor: Cursor = None) -> Response:
        """The record as JSON Feed 1.1."""
        page = await _page(database, agency, limit, cursor)
        links = _links(request, public_url, page, "feed.json", limit)
        body = feeds.json_feed(page, links)
        return kept(request, body, feeds.JSON_TYPE, headers=_next(links))

    @routes.get("/feed.atom", response_class=Response)
    @public("what an agency said in public, for readers to follow")
    async def read_atom_feed(request: Request, agency: str, limit: Limit = 50, cursor: Cursor = None) -> Response:
        """The record as an Atom feed."""
        page = await _page(database, agency, limit, cursor)
        links = _links(request, public_url, page, "feed.atom", limit)
        body = feeds.atom_feed(page, links)
        return kept(request, body, feeds.ATOM_TYPE, headers=_next(links))

    @routes.get("/responses/{publication}", response_class=Response)
    @public("what an agency said in public, for the public to read")
    async def read_entry(request: Request, agency: str, publication: str) -> Response:
        """One response with its corrections. 404 where it is not on the record."""
        async with database.begin([known(agency)]) as connection:
            name = await record.name_of(connection, agency)
            entry = await record.entry(connection, agency, publication.replace("\x00", ""))
        if name is None or entry is None:
            raise not_found("response on this record")
        page = Page(agency, name, (entry,))
        body = page_of_one(page, entry)
        return kept(request, body, HTML_TYPE, headers=HEADERS)

    @routes.get("/style.css", response_class=Response)
    @public("how the public record looks")
    async def read_style(request: Request, agency: str) -> Response:
        """The style sheet of the record."""
        return kept(request, STYLE.encode(), "text/css; charset=utf-8", caching=LASTING)

    return routes


def known(agency: str) -> str:
    """An agency's name as it may be asked for. Raises ``Problem`` 404 for what none is called."""
    if AGENCY.fullmatch(agency) is None:
        raise not_found("agency")
    return agency


async def _page(database: Database, agency: str, limit: int, cursor: str | None) -> Page:
    before = place_of(cursor)
    async with database.begin([known(agency)]) as connection:
        name = await record.name_of(connection, agency)
        if name is None:
            raise not_found("agency")
        found = await record.entries(connection, agency, before, limit + 1)
    following = cursor_at(found[limit - 1].published_at, found[limit - 1].publication) if len(found) > limit else None
    return Page(agency, name, tuple(found[:limit]), following)


def _links(request: Request, public_url: str | None, page: Page, feed: str, limit: int) -> Links:
    home = f"{(public_url or str(request.base_url)).rstrip('/')}/public/{page.agency}"
    following = None if page.following is None else f"{home}/{feed}?limit={limit}&cursor={page.following}"
    return Links(home, f"{home}/{feed}", following)


def _next(links: Links) -> dict[str, str]:
    return {} if links.following is None else {"Link": f'<{links.following}>; rel="next"'}
