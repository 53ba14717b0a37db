"""A piece of the YouTube Data API: the comments related to a channel, and replies to them.

Sources: YouTube Data API, "CommentThreads: list", "Comments: list", "Comments: insert" and "Errors". Reading takes an
API key or a token, writing a token; here an account's one token is both. A thread shows at most five of its replies.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from fastapi import APIRouter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .accounts import Account
from .faults import Failures, Faults
from .paging import number
from .youtube_comments import Author, Comment, Comments, video_of
from .youtube_entities import MOST_CHARACTERS, comment_entity, page_entity, text_of, thread_entity
from .youtube_errors import YouTubeError, bad_request, missing, quota_exceeded, service_failed, unauthorised
from .youtube_fields import selected
from .youtube_keys import Keys

_MOST: Final = 100
_MOST_IDS: Final = 50
_USUAL: Final = 20


async def answer_youtube_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error in Google's shape."""
    assert isinstance(error, YouTubeError)
    return error.answer()


class YouTubeRoutes:
    """`/youtube/v3` for agencies' channels."""

    def __init__(self, keys: Keys, comments: Comments, faults: Faults) -> None:
        """Serve these comments to whoever has one of these keys."""
        self._keys = keys
        self._comments = comments
        self._faults = faults

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/youtube/v3", include_in_schema=False)
        routes: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
            ("GET", "/commentThreads", self.threads),
            ("GET", "/comments", self.comments),
            ("POST", "/comments", self.insert),
            ("PUT", "/comments", self.update),
            ("DELETE", "/comments", self.delete),
        ]
        for method, path, route in routes:
            router.add_api_route(path, route, methods=[method])
        return router

    async def threads(self, request: Request) -> Response:
        """List threads: of a channel, of a video, or by their ids."""
        self._keys.reader(request, units=1)
        query = request.query_params
        filters = ("allThreadsRelatedToChannelId", "videoId", "id")
        match _only_filter(query, filters):
            case "id", ids:
                found = [each for each in self._these(ids) if each.parent is None]
                return JSONResponse(page_entity("commentThread", self._threads(found, query), None, len(found)))
            case "videoId", video:
                channel = next((each.id for each in self._keys.channels() if video_of(each.id) == video), None)
                if channel is None:
                    raise missing("videoNotFound", "The video identified by the videoId parameter could not be found.")
            case _, channel:
                if all(each.id != channel for each in self._keys.channels()):
                    raise missing("channelNotFound", "The channel could not be found.")
        found, token = _piece(self._comments.under_channel(channel), query)
        return JSONResponse(page_entity("commentThread", self._threads(found, query), token, _limit(query)))

    async def comments(self, request: Request) -> Response:
        """List comments by their ids, or the replies under one."""
        self._keys.reader(request, units=1)
        query = request.query_params
        match _only_filter(query, ("id", "parentId")):
            case "id", ids:
                found, token = self._these(ids), None
            case _, parent:
                if self._comments.find(parent) is None:
                    raise missing("commentNotFound", "The specified comment could not be found.")
                found, token = _piece(self._comments.replies_to(parent), query)
        items = [comment_entity(each, text_of(query)) for each in found]
        return JSONResponse(selected(page_entity("comment", items, token, _limit(query)), query.get("fields")))

    async def insert(self, request: Request) -> Response:
        """Take a reply to a comment."""
        account = self._keys.writer(request, units=50)
        snippet = await _snippet(request)
        parent = snippet.get("parentId")
        if not parent:
            raise bad_request("parentIdMissing", "The parentId property has not been set.")
        text = _text(snippet)

        async def accept() -> Response:
            # Replies to what came in another way are taken too; they stand under an id that nobody knows here.
            above = self._comments.find(parent) or _unknown(account, parent)
            made = self._comments.add(Author.of(account), account.id, text, above)
            return JSONResponse(comment_entity(made, "plainText"))

        return await self._faults.meet("youtube", accept, _failures())

    async def update(self, request: Request) -> Response:
        """Replace the text of one's own comment."""
        account = self._keys.writer(request, units=50)
        content = await _content(request)
        own = self._own(account, content.get("id"))
        made = self._comments.edit(own, _text(content.get("snippet") or {}))
        return JSONResponse(comment_entity(made, "plainText"))

    async def delete(self, request: Request) -> Response:
        """Take one's own comment away."""
        account = self._keys.writer(request, units=50)
        self._comments.delete(self._own(account, request.query_params.get("id")))
        return Response(status_code=204)

    def _threads(self, found: Sequence[Comment], query: QueryParams) -> list[dict[str, object]]:
        parts = (query.get("part") or "").split(",")
        replies = ((each, self._comments.replies_to(each.id)) for each in found)
        return [thread_entity(each, below, parts, text_of(query)) for each, below in replies]

    def _these(self, ids: str) -> list[Comment]:
        wanted = list(dict.fromkeys(ids.split(",")))
        if len(wanted) > _MOST_IDS:
            raise bad_request("invalidFilters", "The request specifies too many ids.")
        return [found for each in wanted if (found := self._comments.find(each))]

    def _own(self, account: Account, comment: object) -> Comment:
        found = self._comments.find(str(comment))
        if found is None:
            raise missing("commentNotFound", "The specified comment could not be found.")
        if found.author != account.id:
            raise YouTubeError(403, "forbidden", "The comment cannot be changed due to insufficient permissions.")
        return found


def _failures() -> Failures:
    return {
        "accept_then_500": lambda: service_failed(500, "Internal error encountered.").answer(),
        "throttle": lambda: quota_exceeded("rateLimitExceeded", 429).answer(),
        "down": lambda: service_failed(503, "The service is currently unavailable.").answer(),
        "token_dead": lambda: unauthorised("Invalid Credentials").answer(),
        "parent_gone": lambda: missing("parentCommentNotFound", "The parent comment could not be found.").answer(),
    }


def _only_filter(query: QueryParams, names: Sequence[str]) -> tuple[str, str]:
    given = [(name, query[name]) for name in names if query.get(name)]
    if not query.get("part"):
        raise bad_request("missingRequiredParameter", "No part parameter was given.")
    if len(given) != 1:
        raise bad_request("missingRequiredParameter", "No filter selected. Expected one of: " + ", ".join(names))
    if query.get("order", "time") not in ("time", "relevance"):
        raise bad_request("invalidParameter", "Invalid value for the parameter order.")
    return given[0]


def _limit(query: QueryParams) -> int:
    limit = number(query.get("maxResults", str(_USUAL)))
    if not limit or limit > _MOST:
        raise bad_request("invalidParameter", "Acceptable values of maxResults are 1 to 100, inclusive.")
    return limit


def _piece(found: list[Comment], query: QueryParams) -> tuple[list[Comment], str | None]:
    """Give the page asked for and the token of the next one; a token names the last comment of the page before."""
    limit, token = _limit(query), query.get("pageToken")
    if token and number(token) is None:
        raise bad_request("invalidPageToken", "The request specifies an invalid page token.")
    below = [each for each in found if not token or each.number < int(token)]
    return below[:limit], str(below[limit - 1].number) if len(below) > limit else None


async def _content(request: Request) -> dict[str, object]:
    try:
        content = await request.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise bad_request("parseError", "Parse Error")
    return content


async def _snippet(request: Request) -> dict[str, str]:
    if request.query_params.get("part") != "snippet":
        raise bad_request("missingRequiredParameter", "The part parameter must be snippet.")
    snippet = (await _content(request)).get("snippet")
    return snippet if isinstance(snippet, dict) else {}


def _text(snippet: object) -> str:
    text = snippet.get("textOriginal") if isinstance(snippet, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise bad_request("commentTextRequired", "The text of the comment has not been set.")
    if len(text) > MOST_CHARACTERS:
        raise bad_request("commentTextTooLong", "The comment text is too long.")
    return text


def _unknown(account: Account, parent: str) -> Comment:
    return Comment(0, parent, account.id, "", "", False, None, "", 0, 0, False)
