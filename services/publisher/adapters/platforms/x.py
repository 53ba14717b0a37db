"""Replies to posts on X, and answers to private messages, as the user whose token it holds.

Sources: X developer documentation, "Manage Posts", "Hide replies", "Post lookup", "Timelines", "Direct Messages"
(manage, lookup), "OAuth 2.0 Authorization Code Flow with PKCE", "Rate limits", "Data dictionary". What must stay true:

- X knows no key that makes a repeated post known. It refuses the same words again as "duplicate content": that is
  evidence that the first stands, not proof, so the account's own posts are read.
- X puts the names of those who are answered before the text of a reply, and into no count of ours: no mention is added.
- Apps that serve themselves may answer only who named or quoted the account; anything else is refused for good.
- A private message has the citizen's user id as its thread. It is sent, read and deleted elsewhere than a post.
- A reply to somebody else cannot be edited.
- The refresh token is good once: the new one comes with the new access token, and both are to be kept.
"""

import asyncio
import base64
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms.asking import asked, looked
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.adapters.platforms.x_account import refreshed_of, rights_of
from services.publisher.adapters.platforms.x_answers import effect_of, measure_of, outcome_of, view_of
from services.publisher.adapters.platforms.x_sightings import Look
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import (
    CannotSee,
    Captured,
    CredentialsDead,
    Effect,
    Gone,
    Measure,
    Outcome,
    Probe,
    Refresh,
    Sighting,
    Unknown,
    Unmeasured,
    View,
)
from services.publisher.domain.publications import Nature, Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials

PLATFORM = "x"
CLOCK_SKEW = timedelta(minutes=2)
PAGE = 20
"""Posts of one page: with entities and Sinhala script, more would not surely fit into the longest answer we read."""
MOST_PAGES = 10

POST_FIELDS = "created_at,entities,note_tweet,referenced_tweets"
EVENT_FIELDS = "created_at,entities,event_type,sender_id,text"
EVIDENCE_FIELDS = (
    "author_id,conversation_id,created_at,edit_history_tweet_ids,entities,lang,note_tweet,referenced_tweets"
)


class X(Sparse):
    """Replies in public, and to private messages in private."""

    nature = Nature(
        can_look=True,
        absence_proves=True,
        tasks=frozenset({"delete", "hide", "show"}),
        measures=True,
        refreshes=True,
        chains=True,
    )
    needs_credentials = True

    def __init__(self, http: Http) -> None:
        self._http = http

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``POST /2/tweets``, or ``POST /2/dm_conversations/with/:participant_id/messages``."""
        assert credentials is not None
        refused = formatting.too_long_for(PLATFORM, publication.text, publication.public)
        if refused is not None:
            return refused
        content: dict[str, Any] = {"text": publication.text}
        path = f"/2/dm_conversations/with/{quote(publication.thread, safe='')}/messages"
        if publication.public:
            path = "/2/tweets"
            content["reply"] = {"in_reply_to_tweet_id": publication.reply_to}
        address = f"{credentials.base_url}{path}"
        return await asked(self._http.post(PLATFORM, address, _headers(credentials), content), outcome_of)

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        """Read the account's newest posts, or the conversation's messages, back to ``sent_at``."""
        assert credentials is not None
        look = Look(publication, sent_at - CLOCK_SKEW, taken)
        try:
            async with asyncio.timeout(self._http.total_seconds):
                return await self._leaf_through(look, publication, credentials)
        except (NothingSent, NoAnswer, TimeoutError) as unseen:
            return CannotSee(str(unseen) or "the pages could not be read in time")

    async def _leaf_through(self, look: Look, publication: Publication, credentials: Credentials) -> Sighting:
        path, query = _what_to_read(publication, look.since)
        for _ in range(MOST_PAGES):
            sighting = look.at(await self._get(path, query, credentials))
            if sighting is not None:
                return sighting
            query["pagination_token"] = look.next_token
        return CannotSee("more was posted since than a look can show")

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        """``DELETE /2/tweets/:id`` or ``/2/dm_events/:id``, ``PUT /2/tweets/:id/hidden``."""
        assert credentials is not None
        native_id = quote(task.native_id, safe="")
        if task.kind == "delete":
            # An id does not say what it is of, and how X answers the deletion of a post that is none is not documented.
            post = await self._post(task.native_id, credentials)
            if isinstance(post, CannotSee):
                return Unknown(f"it could not be seen what is to be deleted: {post.detail}")
            path = f"/2/tweets/{native_id}" if isinstance(post, Captured) else f"/2/dm_events/{native_id}"
            return await self._effect(task, "DELETE", path, credentials)
        if task.kind in ("hide", "show"):
            hidden = b'{"hidden": true}' if task.kind == "hide" else b'{"hidden": false}'
            return await self._effect(task, "PUT", f"/2/tweets/{native_id}/hidden", credentials, hidden)
        return await super().change(task, credentials)

    async def _effect(self, task: Task, method: str, path: str, credentials: Credentials, body: bytes = b"") -> Effect:
        headers = _headers(credentials) | ({"content-type": "application/json"} if body else {})
        sent = self._http.request(PLATFORM, method, f"{credentials.base_url}{path}", headers, body)
        return await asked(sent, lambda answer: effect_of(answer, task.kind))

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        """A post, and where X knows no such post a private message: an id does not say which it is of."""
        assert credentials is not None
        post = await self._post(native_id, credentials)
        if not isinstance(post, Gone):
            return post
        path, query = f"/2/dm_events/{quote(native_id, safe='')}", {"dm_event.fields": EVENT_FIELDS}
        message = await looked(self._get(path, query, credentials), view_of)
        return message if isinstance(message, Captured) else post

    async def _post(self, native_id: str, credentials: Credentials) -> View:
        query = {"tweet.fields": EVIDENCE_FIELDS, "expansions": "author_id", "user.fields": "name,username"}
        return await looked(self._get(f"/2/tweets/{quote(native_id, safe='')}", query, credentials), view_of)

    async def measure(self, account: str, native_id: str, credentials: Credentials | None) -> Measure:
        """``public_metrics`` of a post."""
        assert credentials is not None
        path, query = f"/2/tweets/{quote(native_id, safe='')}", {"tweet.fields": "public_metrics"}
        measure = await looked(self._get(path, query, credentials), measure_of)
        return Unmeasured("no_answer", measure.detail) if isinstance(measure, CannotSee) else measure

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        """``GET /2/users/me``."""
        return await asked(self._get("/2/users/me", {}, credentials), lambda answer: rights_of(answer, account))

    async def refresh(self, account: str, credentials: Credentials) -> Refresh:
        """``POST /2/oauth2/token``. Secrets: ``client_id``, ``refresh_token``; ``client_secret`` of a confidential app.

        A lost answer may have used the refresh token up: nothing says that X takes it once more. The next try tells,
        and where it is refused a person has to authorise.
        """
        secrets = credentials.secrets
        if "refresh_token" not in secrets or "client_id" not in secrets:
            return CredentialsDead("there is no refresh token to renew the access with")
        form = {"grant_type": "refresh_token", "refresh_token": secrets["refresh_token"]}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if "client_secret" in secrets:
            headers["authorization"] = _basic(secrets["client_id"], secrets["client_secret"])
        else:
            form["client_id"] = secrets["client_id"]
        address = f"{credentials.base_url}/2/oauth2/token"
        sent = self._http.request(PLATFORM, "POST", address, headers, urlencode(form).encode())
        return await asked(sent, refreshed_of)

    async def _get(self, path: str, query: dict[str, str], credentials: Credentials) -> Answer:
        return await self._http.get(PLATFORM, f"{credentials.base_url}{path}", _headers(credentials), query)


def _what_to_read(publication: Publication, since: datetime) -> tuple[str, dict[str, str]]:
    """Address and query of the first page, newest first."""
    if publication.public:
        return f"/2/users/{quote(publication.account, safe='')}/tweets", {
            "max_results": str(PAGE),
            "start_time": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "tweet.fields": POST_FIELDS,
        }
    return f"/2/dm_conversations/with/{quote(publication.thread, safe='')}/dm_events", {
        "max_results": str(PAGE),
        "event_types": "MessageCreate",
        "dm_event.fields": EVENT_FIELDS,
    }


def _headers(credentials: Credentials) -> dict[str, str]:
    return {"authorization": f"Bearer {credentials.token}"}


def _basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{quote(name, safe='')}:{quote(secret, safe='')}".encode()).decode()
