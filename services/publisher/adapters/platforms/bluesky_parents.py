"""What a reply on Bluesky stands under, looked up before it is written: a server takes every reply, seen or not.

Sources: lexicons ``app.bsky.feed.defs`` (``viewerState``), ``app.bsky.actor.defs``, ``app.bsky.feed.getPosts``,
``com.atproto.repo.getRecord`` and ``com.atproto.identity.resolveHandle``. What must stay true:

- A thread that is closed to us, or an author who blocks us, does not stop the write: it only makes sure that nobody
  sees the reply. So it is not written.
- ``getPosts`` leaves out what is deleted, what a block hides, and for seconds what is new. The record tells the first
  from the others, the author's profile the second from the third.
- Our own posts stand in our own repository at once: a part of a thread finds the part before it there.
- Nothing is written here, so whatever goes wrong may be tried again.
"""

from collections.abc import Mapping
from typing import Any

from services.publisher.adapters.http import Answer, Http
from services.publisher.adapters.platforms.bluesky_answers import PLATFORM, error_of, refusal_of
from services.publisher.adapters.platforms.bluesky_facets import handles
from services.publisher.adapters.platforms.bluesky_records import Answered, place_of, ref_of, root_of
from services.publisher.adapters.platforms.bluesky_sessions import Sessions
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    CredentialsDead,
    Refused,
    Throttled,
    Unavailable,
)
from services.publisher.domain.publications import Publication
from services.publisher.ports import Credentials

GONE = frozenset({"RecordNotFound", "RepoNotFound", "RepoTakendown", "RepoSuspended", "RepoDeactivated"})
"""The errors of a record that is not there (any more), or whose whole repository is not."""

Obstacle = Refused | Throttled | CredentialsDead | Unavailable


class Parents:
    """Finds what replies stand under. Everything here may raise ``NothingSent`` and ``NoAnswer``."""

    def __init__(self, http: Http, sessions: Sessions) -> None:
        self._http = http
        self._sessions = sessions

    async def answered(self, publication: Publication, credentials: Credentials) -> Answered | Obstacle:
        """The posts that a reply refers to, and whom it mentions; or what stands in its way."""
        above = await self._above(publication, credentials)
        if not isinstance(above, Answered):
            return above
        dids = dict(above.dids)
        for handle in handles(publication.text):
            if handle not in dids:
                did = await self._did_of(handle, publication.account, credentials)
                if isinstance(did, Throttled | CredentialsDead | Unavailable):
                    return did
                if did is not None:
                    dids[handle] = did
        return Answered(above.root, above.parent, dids)

    async def record(self, address: str, credentials: Credentials) -> Answer | None:
        """The answer to ``getRecord``, for which nobody needs a session; None if it is the address of no post."""
        place = place_of(address)
        if place is None:
            return None
        return await self._http.get(PLATFORM, f"{credentials.base_url}/xrpc/com.atproto.repo.getRecord", {}, place)

    async def _above(self, publication: Publication, credentials: Credentials) -> Answered | Obstacle:
        if publication.reply_to.startswith(f"at://{publication.account}/"):
            return await self._by_record(publication, credentials)
        answer = await self._sessions.query(
            publication.account, credentials, "app.bsky.feed.getPosts", {"uris": publication.reply_to}
        )
        if not isinstance(answer, Answer):
            return answer
        if answer.status != 200:
            return refusal_of(answer)
        view = shown(answer, publication.reply_to)
        if view is None:
            return await self._why_not_shown(publication, credentials)
        return _blocked(view) or _answered(view, publication)

    async def _by_record(self, publication: Publication, credentials: Credentials) -> Answered | Obstacle:
        answer = await self.record(publication.reply_to, credentials)
        if answer is None or error_of(answer) in GONE:
            return Refused(NOT_POSSIBLE, "what is answered is gone")
        if answer.status != 200:
            return refusal_of(answer)
        content = answer.object()
        parent = ref_of(publication.reply_to, content.get("cid"))
        if parent is None:
            return Unavailable("a record without a version")
        return Answered(root_of(content.get("value")) or parent, parent)

    async def _why_not_shown(self, publication: Publication, credentials: Credentials) -> Obstacle:
        record = await self.record(publication.reply_to, credentials)
        if record is None or error_of(record) in GONE:
            return Refused(NOT_POSSIBLE, "what is answered is gone")
        if record.status != 200:
            return refusal_of(record)
        author = publication.reply_to.removeprefix("at://").partition("/")[0]
        profile = await self._sessions.query(
            publication.account, credentials, "app.bsky.actor.getProfile", {"actor": author}
        )
        if not isinstance(profile, Answer):
            return profile
        return _block(profile.object()) or Unavailable("the post is there, but not shown to the account yet")

    async def _did_of(
        self, handle: str, account: str, credentials: Credentials
    ) -> str | Throttled | CredentialsDead | Unavailable | None:
        """Whom a handle means; None if nobody."""
        answer = await self._sessions.query(
            account, credentials, "com.atproto.identity.resolveHandle", {"handle": handle}
        )
        if not isinstance(answer, Answer):
            return answer
        did = answer.object().get("did")
        if answer.status == 200 and isinstance(did, str) and did.startswith("did:"):
            return did
        refused = refusal_of(answer)
        return None if answer.status == 200 or isinstance(refused, Refused) else refused


def shown(answer: Answer, address: str) -> dict[str, Any] | None:
    """The post with this address in the answer to ``getPosts``; None if it is left out."""
    posts = answer.object().get("posts")
    views = [view for view in posts if isinstance(view, dict)] if isinstance(posts, list) else []
    return next((view for view in views if view.get("uri") == address), None)


def _answered(view: Mapping[str, Any], publication: Publication) -> Answered | Obstacle:
    parent = ref_of(view.get("uri"), view.get("cid"))
    if parent is None:
        return Unavailable("a post without a version")
    author = view.get("author")
    did, handle = (author.get("did"), author.get("handle")) if isinstance(author, dict) else (None, None)
    # The handle that the author had when the comment was written still means the author.
    names = [name.removeprefix("@").lower() for name in (handle, publication.mention) if isinstance(name, str)]
    dids = {name: did for name in names} if isinstance(did, str) else {}
    return Answered(root_of(view.get("record")) or parent, parent, dids)


def _blocked(view: Mapping[str, Any]) -> Refused | None:
    viewer = view.get("viewer")
    if isinstance(viewer, dict) and viewer.get("replyDisabled") is True:
        return Refused("blocked", "the conversation is closed to the account")
    author = view.get("author")
    return _block(author) if isinstance(author, dict) else None


def _block(profile: Mapping[str, Any]) -> Refused | None:
    """Whether author and account block each other; ``blocking`` is the address of our own block."""
    viewer = profile.get("viewer")
    if isinstance(viewer, dict) and (viewer.get("blockedBy") is True or viewer.get("blocking")):
        return Refused("blocked", "the author and the account block each other")
    return None
