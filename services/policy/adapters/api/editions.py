"""``ETag`` and ``If-Match`` (RFC 9110): an edit names the edition that it was made from.

So that of two people who change one draft, the later does not undo what they never saw.
"""

from typing import Any

from fastapi import Request

from shared.problems import Problem

EDIT: dict[int | str, dict[str, Any]] = {
    412: {"description": "The draft has changed since; the answer has its `edition` and `ETag`."},
    428: {"description": "There is no If-Match."},
}
"""What a route that edits answers besides."""


def etag(edition: int) -> str:
    """The strong entity tag of an edition."""
    return f'"{edition}"'


def check(request: Request, edition: int) -> None:
    """Raise ``Problem`` 428 where ``request`` names no edition, 412 where it names another than ``edition``."""
    given = ",".join(request.headers.getlist("if-match"))
    if not given.strip():
        raise Problem(428, detail="Read it first, and send its ETag as If-Match.")
    if not {tag.strip() for tag in given.split(",")} & {"*", etag(edition)}:
        raise Problem(
            412,
            detail="Read it again, and decide whether your change still holds.",
            headers={"ETag": etag(edition)},
            edition=edition,
        )
