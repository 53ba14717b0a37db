"""Replies to posts on Bluesky, and whatever else speaks atproto.

Sources: atproto lexicons ``com.atproto.repo.*`` and ``app.bsky.feed.*``, the PDS that implements them, Bluesky
documentation. What must stay true:

- A reply is a record under a key of our own choosing, written with ``putRecord``: the same record under the same key
  changes nothing and succeeds, however often and late it is written again. ``swapRecord`` null makes that creating
  only: whatever else stands there stays, and is told as ``InvalidSwap``.
- So a look is the reading of one record, and its absence is proof.
- Answering an author notifies them: no mention is put before the text.
- Editing is not offered. A server takes a record that is written again, but likes and answers keep pointing to the
  version before, and the official apps show no edits: the words would change under those who agreed to them.
- The token is an app password. An account is its DID, its posts are known by their addresses (``at://…``).
- Nobody counts how often a post is seen.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta

from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.adapters.platforms.bluesky_answers import (
    NOT_THERE,
    OTHERWISE_THERE,
    PLATFORM,
    error_of,
    outcome_of,
    refusal_of,
    said,
)
from services.publisher.adapters.platforms.bluesky_parents import GONE, Parents, shown
from services.publisher.adapters.platforms.bluesky_records import (
    COLLECTION,
    Answered,
    address_of,
    is_this,
    page_of,
    place_of,
    record_key,
    record_of,
)
from services.publisher.adapters.platforms.bluesky_sessions import Barred, Sessions
from services.publisher.adapters.platforms.deadlines import FIRST_SECONDS
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import (
    Absent,
    CannotDo,
    CannotSee,
    Captured,
    CredentialsDead,
    Done,
    Effect,
    Found,
    Gone,
    Measure,
    Measured,
    Outcome,
    Probe,
    Probed,
    Published,
    Refused,
    Sighting,
    Unavailable,
    Unknown,
    Unmeasured,
    View,
)
from services.publisher.domain.publications import Nature, Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials
from shared import lengths

MOST_GRAPHEMES = lengths.limits(PLATFORM)[0].most
ANOTHER = "another record stands under its key"
NUMBERS = {
    "likes": "likeCount",
    "shares": "repostCount",
    "replies": "replyCount",
    "quotes": "quoteCount",
    "saves": "bookmarkCount",
}


class Bluesky(Sparse):
    """Replies as the account whose app password it holds."""

    nature = Nature(
        idempotent_for=timedelta(days=36_500),
        can_look=True,
        absence_proves=True,
        tasks=frozenset({"delete"}),
        measures=True,
        chains=True,
    )
    needs_credentials = True

    def __init__(self, http: Http, *, first_seconds: float = FIRST_SECONDS) -> None:
        self._first_seconds = first_seconds
        self._sessions = Sessions(http)
        self._parents = Parents(http, self._sessions)

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """Look up what is answered, then ``putRecord`` under the reply's own key."""
        assert credentials is not None
        refused = too_long(publication.text)
        if refused is not None:
            return refused
        try:
            async with asyncio.timeout(self._first_seconds):
                answered = await self._parents.answered(publication, credentials)
        except (NothingSent, NoAnswer, TimeoutError) as unread:
            return Unavailable(f"what is answered could not be read: {str(unread) or 'it took too long'}")
        if not isinstance(answered, Answered):
            return answered
        try:
            answer = await self._put(publication, answered, credentials)
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        if not isinstance(answer, Answer):
            return answer
        if error_of(answer) == OTHERWISE_THERE:
            return _standing(await self._sight(publication, credentials))
        return outcome_of(answer)

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        """Read the record under the reply's own key, which no other reply can have."""
        assert credentials is not None
        return await self._sight(publication, credentials)

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        """``deleteRecord``; what is gone already is deleted just as well."""
        assert credentials is not None
        place = place_of(task.native_id)
        if task.kind != "delete":
            return CannotDo(f"Bluesky has no way to {task.kind} this")
        if place is None or place["repo"] != task.account:
            return CannotDo("not a post of the account")
        try:
            answer = await self._sessions.procedure(
                task.account, credentials, "com.atproto.repo.deleteRecord", dict(place)
            )
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        if not isinstance(answer, Answer):
            return answer
        if answer.status == 200:
            return Done()
        return Unknown(said(answer)) if answer.status >= 500 else refusal_of(answer)

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        """``getRecord``: the record as its author wrote it, with its version."""
        assert credentials is not None
        try:
            answer = await self._parents.record(native_id, credentials)
        except (NothingSent, NoAnswer) as unseen:
            return CannotSee(str(unseen))
        if answer is None:
            return CannotSee("not the address of a post", never=True)
        if error_of(answer) in GONE:
            return Gone(said(answer))
        record = answer.object().get("value")
        text = record.get("text") if isinstance(record, dict) else None
        if answer.status != 200 or not isinstance(text, str):
            return CannotSee(said(answer))
        return Captured(text, answer.object())

    async def measure(self, account: str, native_id: str, credentials: Credentials | None) -> Measure:
        """The counts of ``getPosts``."""
        assert credentials is not None
        try:
            answer = await self._sessions.query(account, credentials, "app.bsky.feed.getPosts", {"uris": native_id})
        except (NothingSent, NoAnswer) as unanswered:
            return Unmeasured("no_answer", str(unanswered))
        if not isinstance(answer, Answer) or answer.status != 200:
            return Unmeasured("no_answer", said(answer) if isinstance(answer, Answer) else answer.detail)
        view = shown(answer, native_id)
        if view is None:
            return Unmeasured("gone", "not shown")
        told = {ours: theirs for ours, theirs in NUMBERS.items() if type(view.get(theirs)) is int}
        return Measured(
            {ours: view[theirs] for ours, theirs in told.items()},
            {ours: f"bluesky/1 {theirs}" for ours, theirs in told.items()},
        )

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        """``getSession``: an app password may do all that is needed here, as long as the account is active."""
        try:
            answer = await self._sessions.query(account, credentials, "com.atproto.server.getSession", {})
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        if not isinstance(answer, Answer):
            return answer if isinstance(answer, CredentialsDead) else Unavailable(answer.detail)
        if answer.status != 200:
            refused = refusal_of(answer)
            return refused if isinstance(refused, CredentialsDead | Unavailable) else Unknown(said(answer))
        session = answer.object()
        is_active = session.get("active") is not False
        detail = f"{session.get('handle')}, {'active' if is_active else session.get('status')}"
        rights = dict.fromkeys(("reply", "delete", "read", "reach"), is_active)
        return Probed(rights, detail, {"most_characters": MOST_GRAPHEMES})

    async def _put(self, publication: Publication, answered: Answered, credentials: Credentials) -> Answer | Barred:
        content = {
            "repo": publication.account,
            "collection": COLLECTION,
            "rkey": record_key(publication),
            "record": record_of(publication, answered),
            "swapRecord": None,
        }
        return await self._sessions.procedure(publication.account, credentials, "com.atproto.repo.putRecord", content)

    async def _sight(self, publication: Publication, credentials: Credentials) -> Sighting:
        address = address_of(publication.account, record_key(publication))
        try:
            answer = await self._parents.record(address, credentials)
        except (NothingSent, NoAnswer) as unseen:
            return CannotSee(str(unseen))
        if answer is None:
            return CannotSee("the account is no DID")
        if error_of(answer) == NOT_THERE:
            return Absent()
        if answer.status != 200:
            return CannotSee(said(answer))
        if not is_this(answer.object().get("value"), publication):
            return Absent(ANOTHER)
        return Found(address, page_of(address))


def too_long(text: str) -> Refused | None:
    """The refusal of a text that is longer than a record may hold, in what readers count or in bytes."""
    misfit = lengths.excess(PLATFORM, text)
    return None if misfit is None else formatting.too_long(misfit.length, misfit.most)


def _standing(sighting: Sighting) -> Outcome:
    """What became of a reply whose key is taken: by itself, under a post that was edited since; or by another one."""
    match sighting:
        case Found(address, url):
            return Published(address, url)
        case Absent(detail) if detail == ANOTHER:
            return Refused("rejected", detail)
        case Absent(detail) | CannotSee(detail):
            return Unknown(detail)
