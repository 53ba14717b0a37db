"""The comments of a Page in the Graph API: what it needs to answer them, to look for its answers, and to moderate.

Graph has no idempotent posts. Whoever is unsure whether a reply was taken has to look for it; posting
the same again within a minute is refused with 506, which is as good as an answer.
"""

import base64
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from .accounts import Account
from .clock import graph_time
from .faults import Faults
from .graph_calls import Call
from .graph_errors import THROTTLED_HEADERS, GraphError, bad, failures, missing, no_such_field
from .page_comments import PageComment, PageComments
from .paging import number

_USUAL_FIELDS: Final = "created_time,from,message,id"
_MOST_CHARACTERS: Final = 8000


def _said_twice() -> GraphError:
    return GraphError(506, None, "Duplicate status message")


def _throttled() -> GraphError:
    return GraphError(32, None, "(#32) Page request limit reached", status=429, headers=THROTTLED_HEADERS)


class PageRoom:
    """The comments of Pages."""

    def __init__(self, comments: PageComments, faults: Faults) -> None:
        """Serve these comments."""
        self._comments = comments
        self._faults = faults

    async def reply(self, call: Call, comment: str) -> Response:
        """Take a reply to any comment that the Page has not deleted."""
        page, text = call.on("facebook"), _message(call.fields)
        if self._comments.is_deleted(comment):
            raise missing(comment)

        async def accept() -> Response:
            if self._comments.said_just_now(page, comment, text):
                raise _said_twice()
            return JSONResponse({"id": self._comments.reply(page, comment, text).id})

        return await self._faults.meet("facebook", accept, failures(_throttled, lambda: missing(comment)))

    async def replies(self, call: Call, comment: str) -> Response:
        """List the Page's own replies to a comment, of which nobody else's are known here."""
        page, wanted = call.on("facebook"), call.wanted(_USUAL_FIELDS)
        found = self._comments.under(page, comment)
        if call.fields.get("order") == "reverse_chronological":
            found.reverse()
        piece, paging = _piece(found, call.fields)
        return JSONResponse({"data": [self._shown(page, each, wanted) for each in piece]} | paging)

    async def read(self, call: Call, comment: str) -> Response:
        """Show one of the Page's replies, none of which has an attachment; of others' comments only that they stand."""
        page = call.on("facebook")
        found = self._comments.find(comment) or PageComment(0, comment, None, None, None, False, 0, None)
        if found.page not in (page.id, None) or self._comments.is_deleted(comment):
            raise missing(comment)
        return JSONResponse(self._shown(page, found, call.wanted(_USUAL_FIELDS)))

    async def change(self, call: Call, comment: str) -> Response:
        """Edit one of the Page's replies, or hide a comment, known or not."""
        page, fields = call.on("facebook"), call.fields
        if "message" in fields:
            self._comments.edit(self._own(page, comment), _message(fields))
        elif fields.get("is_hidden", "").lower() in ("true", "false", "1", "0"):
            if self._comments.is_deleted(comment):
                raise missing(comment)
            self._comments.hide(comment, fields["is_hidden"].lower() in ("true", "1"))
        else:
            raise bad("One of message, is_hidden is required")
        return JSONResponse({"success": True})

    async def delete(self, call: Call, comment: str) -> Response:
        """Delete one of the Page's replies or somebody's comment under its posts, known or not, but once."""
        page = call.on("facebook")
        found = self._comments.find(comment)
        is_others = found is not None and found.page not in (page.id, None)
        if is_others or self._comments.is_deleted(comment):
            raise missing(comment)
        self._comments.delete(comment)
        return JSONResponse({"success": True})

    def _own(self, page: Account, comment: str) -> PageComment:
        found = self._comments.find(comment)
        if found is None or found.page != page.id:
            raise missing(comment)
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
            if field not in known and field != "attachment":
                raise no_such_field(field)
        if comment.page is None:
            known = {"id": comment.id, "is_hidden": comment.hidden}
        return {field: known[field] for field in [*wanted, "id"] if field in known}


def _message(fields: Mapping[str, str]) -> str:
    text = fields.get("message", "")
    if not text.strip():
        raise bad("Missing message or attachment")
    if len(text) > _MOST_CHARACTERS:
        raise bad(f"Param message must be at most {_MOST_CHARACTERS} characters long")
    return text


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
