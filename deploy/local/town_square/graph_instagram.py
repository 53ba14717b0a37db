"""Instagram's comments in the Graph API: replies, moderation, reading.

Sources: Meta, "Instagram Platform: IG Comment", "IG Comment Replies", "Comment moderation". There is no edit.
"""

from typing import Any, Final

from starlette.responses import JSONResponse, Response

from .accounts import Account
from .clock import graph_time
from .faults import Faults
from .graph_calls import Call, picked
from .graph_errors import THROTTLED_HEADERS, GraphError, bad, failures, missing
from .instagram_comments import InstagramComment, InstagramComments
from .paging import number

MOST_CHARACTERS: Final = 2200
_USUAL_FIELDS: Final = "timestamp,text,id"
_TRUTH: Final = {"true": True, "1": True, "false": False, "0": False}


def _throttled() -> GraphError:
    words = "(#80002) There have been too many calls to this Instagram account."
    return GraphError(80002, None, words, headers=THROTTLED_HEADERS)


class InstagramRoom:
    """The comments of Instagram accounts."""

    def __init__(self, comments: InstagramComments, faults: Faults) -> None:
        """Serve these comments."""
        self._comments = comments
        self._faults = faults

    async def reply(self, call: Call, comment: str) -> Response:
        """Take a reply to a comment that is neither hidden nor deleted."""
        account, text = call.on("instagram"), _message(call)
        answered = self._comments.find(comment)
        if not comment.isdigit() or (answered is not None and (answered.deleted or answered.hidden)):
            raise missing(comment)

        async def accept() -> Response:
            return JSONResponse({"id": self._comments.reply(account, comment, text).id})

        return await self._faults.meet("instagram", accept, failures(_throttled, lambda: missing(comment)))

    async def replies(self, call: Call, comment: str) -> Response:
        """List the account's own replies to a comment, of which nobody else's are known here."""
        account = call.on("instagram")
        found = self._comments.find(comment)
        if found is not None and found.deleted:
            raise missing(comment)
        listed, wanted = self._comments.under(account, comment), call.wanted(_USUAL_FIELDS)
        after = next((place for place, each in enumerate(listed, 1) if each.id == call.fields.get("after")), 0)
        end = after + max(1, min(number(call.fields.get("limit")) or 25, 50))
        piece = listed[after:end]
        answer: dict[str, Any] = {"data": [picked(_shown(account, each), wanted) for each in piece]}
        if piece:
            answer["paging"] = {"cursors": {"before": piece[0].id, "after": piece[-1].id}}
        if end < len(listed):
            answer["paging"]["next"] = f"https://graph.facebook.com/{comment}/replies?after={piece[-1].id}"
        return JSONResponse(answer)

    async def read(self, call: Call, comment: str) -> Response:
        """Show one of the account's replies; of others' comments only that they stand."""
        account, wanted = call.on("instagram"), call.wanted(_USUAL_FIELDS)
        found = self._comments.find(comment) or InstagramComment(comment, None, None, None, False, 0, False)
        if found.deleted or found.account not in (account.id, None):
            raise missing(comment)
        shown = picked(_shown(account, found), wanted)
        if found.account is None:
            shown = {field: shown[field] for field in [*wanted, "id"] if field in ("id", "hidden")}
        return JSONResponse(shown)

    async def change(self, call: Call, comment: str) -> Response:
        """Hide a comment or show it again."""
        self._touchable(call, comment)
        hide = _TRUTH.get(call.fields.get("hide", "").lower())
        if hide is None:
            raise bad("The parameter hide is required")
        self._comments.mark(comment, hidden=hide)
        return JSONResponse({"success": True})

    async def delete(self, call: Call, comment: str) -> Response:
        """Delete a comment, whoever wrote it."""
        self._touchable(call, comment)
        self._comments.mark(comment, deleted=True)
        return JSONResponse({"success": True})

    def _touchable(self, call: Call, comment: str) -> None:
        account = call.on("instagram")
        found = self._comments.find(comment)
        if found is not None and (found.deleted or found.account not in (account.id, None)):
            raise missing(comment)


def _message(call: Call) -> str:
    text = call.fields.get("message", "")
    if not text.strip():
        raise bad("The parameter message is required")
    if len(text) > MOST_CHARACTERS:
        raise bad(f"Param message must be at most {MOST_CHARACTERS} characters long")
    return text


def _shown(account: Account, comment: InstagramComment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "text": comment.text,
        "timestamp": graph_time(comment.created_at),
        "from": {"id": account.id, "username": account.name},
        "user": {"id": account.id},
        "username": account.name,
        "parent_id": comment.parent,
        "hidden": comment.hidden,
        "like_count": 0,
    }
