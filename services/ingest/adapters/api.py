"""``/v1/comments``: other government systems bring comments and ask what became of them.

What they post becomes a comment on the account ``<client>@<agency>`` of the platform ``rest``; publishing an answer
makes it readable here.
"""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from services.ingest.adapters import json_in, paging
from services.ingest.adapters.keeper import GroupKeeper
from services.ingest.adapters.store import comments
from services.ingest.adapters.store.comments import Filter
from services.ingest.adapters.store.submissions import Submission
from services.ingest.domain import language
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import NewComment
from services.ingest.domain.language import Language
from services.ingest.domain.moments import EARLIEST, LATEST
from services.ingest.domain.text import clean, clean_name
from services.ingest.platforms.rest import account_of
from services.ingest.ports import Arrival
from shared import tracing
from shared.auth import Caller, requires
from shared.clock import Clock
from shared.database import Database
from shared.idempotency import claim_of
from shared.ids import CommentId, account_id, new_id, uuid7
from shared.problems import Problem, not_found

MOST_CHARACTERS = 20_000
AGENCY = r"^[^*,\x00]+$"
"""No agency's name opens the rows of others."""

_Id = Annotated[str, Field(min_length=1, max_length=256)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class AuthorIn(_Strict):
    """Who wrote it, as the sender's system knows them."""

    id: _Id
    name: Annotated[str, Field(max_length=256)] | None = None


class CommentIn(_Strict):
    """A comment that another system brings. Times are RFC 3339 with an offset."""

    agency: _Id = Field(description="the agency that is asked", pattern=AGENCY)
    text: str = Field(min_length=1, max_length=MOST_CHARACTERS, description="what the person wrote")
    author: AuthorIn
    native_id: _Id | None = Field(None, description="the sender's own id; one comment for each, for ever")
    thread: _Id | None = Field(None, description="the conversation; by default that of `in_reply_to`, or a new one")
    in_reply_to: _Id | None = Field(None, description="the native_id or id of the comment that this one answers")
    language: str | None = Field(None, max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")
    sent_at: Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST)] | None = None
    public: bool = True
    callback: str | None = Field(
        None, max_length=2048, pattern=r"^https?://[^\s/]+(/\S*)?$", description="where to tell of the reply"
    )


class AuthorOut(BaseModel):
    id: str
    name: str | None
    handle: str | None
    followers: int | None


class MediaOut(BaseModel):
    kind: str
    url: str | None = None
    id: str | None = None
    name: str | None = None
    content_type: str | None = None


class ReplyOut(BaseModel):
    text: str
    language: str | None
    response: str
    published_at: AwareDatetime
    corrected_at: AwareDatetime | None


class CommentOut(BaseModel):
    """A comment at its newest revision. ``case`` is null until it is routed, ``reply`` until it is answered,
    ``subject_line`` but for letters."""

    id: str
    agency: str
    platform: str
    account: str
    native_id: str
    revision: int
    thread: str
    parent: str | None
    author: AuthorOut
    subject_line: str | None
    text: str
    language: str | None
    language_confidence: float | None
    media: list[MediaOut]
    window_ends_at: AwareDatetime | None
    reach: int | None
    public: bool
    hidden: bool
    status: Literal["received", "routed", "answered", "closed", "deleted"]
    case: str | None
    reply: ReplyOut | None
    sent_at: AwareDatetime
    edited_at: AwareDatetime | None
    received_at: AwareDatetime


class CommentPage(BaseModel):
    items: list[CommentOut]
    next: str | None


def comments_api(database: Database, keeper: GroupKeeper, clock: Clock) -> APIRouter:
    """The routes, ready to be taken into an application."""
    router = APIRouter(prefix="/v1/comments", tags=["comments"])

    @router.post(
        "", status_code=202, responses={202: {"model": CommentOut}}, openapi_extra=json_in.described(CommentIn)
    )
    async def post_comment(request: Request, caller: Caller = requires("comments:write")) -> Response:
        """Bring a comment. The same `Idempotency-Key` with the same body gets the same answer for 72 hours.

        Answers 409 `native-id-taken` where the native_id names another text.
        """
        posted = await json_in.read(request, CommentIn)
        if not caller.may_see(posted.agency):
            raise Problem(403, "not-your-agency", "The token does not speak to this agency")
        claim = await claim_of(request, caller.subject, posted.agency)
        trace = tracing.traceparent(request.headers.get("traceparent"))
        arrival = arrival_of(posted, caller, await request.body(), clock(), trace)
        return (await keeper.submit(Submission(claim, arrival))).response()

    @router.get("", responses={200: {"model": CommentPage}})
    async def list_comments(
        request: Request,
        agency: paging.Word = None,
        status: Literal["received", "routed", "answered", "closed", "deleted"] | None = None,
        platform: paging.Word = None,
        limit: Annotated[int, Query(ge=1, le=paging.MOST)] = paging.DEFAULT,
        cursor: paging.Word = None,
        caller: Caller = requires("comments:read"),
    ) -> Response:
        """Comments of the caller's agencies, newest first, each once at its newest revision."""
        wanted = Filter(agency, status, platform, paging.last_id(cursor))
        async with database.begin(caller.scope) as connection:
            found = await comments.page(connection, wanted, limit + 1)
        return paging.page(request, found, limit)

    @router.get("/{comment_id}", responses={200: {"model": CommentOut}})
    async def get_comment(comment_id: str, caller: Caller = requires("comments:read")) -> Response:
        """One comment with its status, and with the reply once there is one."""
        async with database.begin(caller.scope) as connection:
            found = await comments.find(connection, comment_id)
        if found is None:
            raise not_found("comment")
        return JSONResponse(found)

    return router


def arrival_of(
    posted: CommentIn, caller: Caller, body: bytes, now: datetime, trace: str | None, *, derived: str | None = None
) -> Arrival:
    """What ``posted`` becomes; ``derived`` is its native id where it has none of its own."""
    account = _account(caller, posted.agency, now)
    comment = CommentId(new_id("cmt"))
    native_id = posted.native_id or derived or comment
    text = clean(posted.text)
    entry = NewComment(
        account=account.account,
        native_id=native_id,
        author_id=posted.author.id,
        author_name=clean_name(posted.author.name),
        text=text,
        sent_at=posted.sent_at or now,
        thread=posted.thread or (None if posted.in_reply_to else native_id),
        parent=posted.in_reply_to,
        language=Language(posted.language, 1.0) if posted.language else language.identify(text),
        public=posted.public,
        callback=posted.callback,
        comment=comment,
    )
    return Arrival(uuid7(), account, body, now, [(account, entry)], traceparent=trace)


def _account(caller: Caller, agency: str, now: datetime) -> Account:
    name = account_of(caller.subject, agency)
    return Account(account_id("rest", name), agency, "rest", name, caller.subject, now)
