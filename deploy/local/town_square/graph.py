"""A piece of Meta's Graph API: what a Page needs to answer comments, to look for its answers, and to
moderate.

Graph has no idempotent posts. Whoever is unsure whether a reply was taken has to look for it; posting
the same again within a minute is refused with 506, which is as good as an answer.
"""

import base64
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .accounts import Account, Accounts
from .clock import graph_time
from .faults import Failures, Faults
from .fields import Unreadable, read_fields
from .page_comments import PageComment, PageComments
from .paging import number

_USUAL_FIELDS: Final = "created_time,from,message,id"
_MOST_CHARACTERS: Final = 8000


class GraphError(Exception):
    """A call that Graph would refuse; callers branch on code and subcode, never on the words."""

    def __init__(
        self,
        code: int,
        subcode: int | None,
        message: str,
        *,
        status: int = 400,
        kind: str = "OAuthException",
        headers: Mapping[str, str] | None = None,
        transient: bool = False,
    ) -> None:
        """Keep what to answer."""
        super().__init__(message)
        self._status = status
        self._headers = headers
        self._error: dict[str, object] = {"message": message, "type": kind, "code": code}
        if subcode is not None:
            self._error["error_subcode"] = subcode
        if transient:
            self._error["is_transient"] = True

    def answer(self) -> JSONResponse:
        """Write the error as Graph does, with a fresh trace id."""
        error = self._error | {"fbtrace_id": "A" + secrets.token_urlsafe(16)}
        return JSONResponse({"error": error}, self._status, self._headers)


async def answer_graph_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error in Graph's shape."""
    assert isinstance(error, GraphError)
    return error.answer()


def _token_dead() -> GraphError:
    return GraphError(190, 467, "Error validating access token: The session is invalid.")


def _missing(comment: str) -> GraphError:
    words = (
        f"Unsupported request. Object with ID '{comment}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation."
    )
    return GraphError(100, 33, words, kind="GraphMethodException")


def _said_twice() -> GraphError:
    return GraphError(506, None, "Duplicate status message")


def _bad(words: str) -> GraphError:
    return GraphError(100, None, f"(#100) {words}")


def _failures(comment: str) -> Failures:
    def throttled() -> GraphError:
        words = "(#32) Page request limit reached"
        return GraphError(32, None, words, status=429, headers={"Retry-After": "1"})

    def unknown(status: int, code: int) -> GraphError:
        return GraphError(code, None, "An unexpected error has occurred.", status=status, transient=True)

    return {
        "accept_then_500": lambda: unknown(500, 1).answer(),
        "throttle": lambda: throttled().answer(),
        "down": lambda: unknown(503, 2).answer(),
        "token_dead": lambda: _token_dead().answer(),
        "parent_gone": lambda: _missing(comment).answer(),
    }


class GraphRoutes:
    """`/graph/{version}` for Pages."""

    def __init__(self, accounts: Accounts, comments: PageComments, faults: Faults) -> None:
        """Serve these comments to the Pages among these accounts."""
        self._accounts = accounts
        self._comments = comments
        self._faults = faults

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/graph/{version}", include_in_schema=False)
        routes: list[tuple[str, str, Callable[..., object]]] = [
            ("GET", "/me", self.me),
            ("POST", "/{comment}/comments", self.reply),
            ("GET", "/{comment}/comments", self.replies),
            ("GET", "/{comment}", self.read),
            ("POST", "/{comment}", self.change),
            ("DELETE", "/{comment}", self.delete),
        ]
        for method, path, route in routes:
            router.add_api_route(path, route, methods=[method])
        return router

    async def me(self, request: Request) -> Response:
        """Say which Page the token speaks for."""
        page, _ = await self._call(request)
        return JSONResponse({"id": page.id, "name": page.name})

    async def reply(self, request: Request, comment: str) -> Response:
        """Take a reply to any comment."""
        page, fields = await self._call(request)
        text = _message(fields)

        async def accept() -> Response:
            if self._comments.said_just_now(page, comment, text):
                raise _said_twice()
            return JSONResponse({"id": self._comments.reply(page, comment, text).id})

        return await self._faults.meet("facebook", accept, _failures(comment))

    async def replies(self, request: Request, comment: str) -> Response:
        """List the Page's own replies to a comment, of which nobody else's are known here."""
        page, fields = await self._call(request)
        wanted = _wanted_fields(fields)
        found = self._comments.under(page, comment)
        if fields.get("order") == "reverse_chronological":
            found.reverse()
        piece, paging = _piece(found, fields)
        return JSONResponse({"data": [self._shown(page, each, wanted) for each in piece]} | paging)

    async def read(self, request: Request, comment: str) -> Response:
        """Show one of the Page's replies, or what is known of a comment it has hidden."""
        page, fields = await self._call(request)
        found = self._comments.find(comment)
        if found is None or found.page not in (page.id, None):
            raise _missing(comment)
        return JSONResponse(self._shown(page, found, _wanted_fields(fields)))

    async def change(self, request: Request, comment: str) -> Response:
        """Edit one of the Page's replies, or hide a comment, known or not."""
        page, fields = await self._call(request)
        if "message" in fields:
            self._comments.edit(self._own(page, comment), _message(fields))
        elif fields.get("is_hidden", "").lower() in ("true", "false", "1", "0"):
            self._comments.hide(comment, fields["is_hidden"].lower() in ("true", "1"))
        else:
            raise _bad("One of message, is_hidden is required")
        return JSONResponse({"success": True})

    async def delete(self, request: Request, comment: str) -> Response:
        """Delete one of the Page's replies."""
        page, _ = await self._call(request)
        self._comments.delete(self._own(page, comment))
        return JSONResponse({"success": True})

    async def _call(self, request: Request) -> tuple[Account, dict[str, str]]:
        try:
            fields = dict(request.query_params) | await read_fields(request)
        except Unreadable as unreadable:
            raise _bad(str(unreadable)) from unreadable
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        token = fields.get("access_token") or (bearer.strip() if scheme.lower() == "bearer" else "")
        page = self._accounts.with_token("facebook", token)
        if page is None:
            raise _token_dead()
        return page, fields

    def _own(self, page: Account, comment: str) -> PageComment:
        found = self._comments.find(comment)
        if found is None or found.page != page.id:
            raise _missing(comment)
        return found

    def _shown(self, page: Account, comment: PageComment, wanted: list[str]) -> dict[str, Any]:
        known: dict[str, Any] = {
            "id": comment.id,
            "from": {"id": page.id, "name": page.name},
            "message": comment.text,
            "created_time": graph_time(comment.created_at),
            "parent": {"id": comment.parent},
            "is_hidden": comment.hidden,
            "can_reply_privately": False,
            "permalink_url": f"https://www.facebook.com/{comment.id}",
            "like_count": 0,
            "comment_count": self._comments.count_under(comment.id),
        }
        for field in wanted:
            if field not in known:
                _no_such_field(field)
        if comment.page is None:
            known = {"id": comment.id, "is_hidden": comment.hidden}
        return {field: known[field] for field in [*wanted, "id"] if field in known}


def _message(fields: Mapping[str, str]) -> str:
    text = fields.get("message", "")
    if not text.strip():
        raise _bad("Missing message or attachment")
    if len(text) > _MOST_CHARACTERS:
        raise _bad(f"Param message must be at most {_MOST_CHARACTERS} characters long")
    return text


def _wanted_fields(fields: Mapping[str, str]) -> list[str]:
    return [field.strip() for field in (fields.get("fields") or _USUAL_FIELDS).split(",")]


def _no_such_field(field: str) -> NoReturn:
    raise _bad(f"Tried accessing nonexisting field ({field})")


def _piece(found: list[PageComment], fields: Mapping[str, str]) -> tuple[list[PageComment], dict[str, Any]]:
    after = next((place for place, each in enumerate(found, 1) if _cursor(each) == fields.get("after")), 0)
    end = after + max(1, min(number(fields.get("limit")) or 25, 100))
    piece = found[after:end]
    if not piece:
        return [], {}
    paging: dict[str, Any] = {"cursors": {"before": _cursor(piece[0]), "after": _cursor(piece[-1])}}
    return piece, {"paging": paging}


def _cursor(comment: PageComment) -> str:
    return base64.urlsafe_b64encode(str(comment.number).encode()).decode().rstrip("=")
