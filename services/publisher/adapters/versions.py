"""``ETag`` and ``If-Match`` (RFC 9110): an edit names the version that it was made from."""

from fastapi import Request

from shared.problems import Problem


def etag(version: int) -> dict[str, str]:
    """The header that names a version."""
    return {"ETag": f'"{version}"'}


def check(request: Request, version: int) -> None:
    """Raise ``Problem`` 428 where ``request`` names no version, 412 where it names another than ``version``."""
    given = ",".join(request.headers.getlist("if-match"))
    if not given.strip():
        raise Problem(428, detail="Read it first, and send its ETag as If-Match.")
    if not {tag.strip() for tag in given.split(",")} & {"*", f'"{version}"'}:
        raise Problem(412, detail="Read it again, and decide whether your change still holds.", headers=etag(version))
