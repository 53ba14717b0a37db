"""Replies to mentions on Mastodon and what speaks its client API.

Source: Mastodon documentation, methods ``statuses`` and ``accounts``. ``Idempotency-Key`` is honoured for an hour and
for one account: the same key brings back the first status, so an unknown outcome is sent again with it. The key is
only known when the status stands (``PostStatusService`` keeps it last), so a first attempt that may still be under way
on the server is looked for, not joined by a second one. After that hour the account's own statuses are read; only the
newest 40 are, so an absence there proves nothing.

An edit keeps the status and its address, and who boosted it is told. A citizen's status can be hidden or removed by
nobody but its own server. Nobody counts how often a status is seen; what is counted is what this server knows of.
"""

import asyncio
import json
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms import mastodon_rights
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.adapters.platforms.deadlines import LOOK_SECONDS
from services.publisher.adapters.platforms.mastodon_answers import GONE, PLATFORM, effect_of, outcome_of, said
from services.publisher.adapters.platforms.times import iso
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import (
    Absent,
    CannotDo,
    CannotSee,
    Captured,
    Effect,
    Found,
    Gone,
    Measure,
    Measured,
    Outcome,
    Probe,
    Sighting,
    Unavailable,
    Unknown,
    Unmeasured,
    View,
)
from services.publisher.domain.publications import Nature, Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials
from shared import wordings

CLOCK_SKEW = timedelta(minutes=2)
PAGE = 10
"""Statuses of a page: few enough that it fits into an answer of 1 MiB, whatever stands in them."""
PAGES = 4
VISIBILITIES = frozenset({"public", "unlisted", "private", "direct"})
NUMBERS = {
    "likes": "favourites_count",
    "shares": "reblogs_count",
    "replies": "replies_count",
    "quotes": "quotes_count",
}


class Mastodon(Sparse):
    """Replies to statuses as the account whose token it holds."""

    nature = Nature(
        idempotent_for=timedelta(hours=1),
        learns_key_late=True,
        can_look=True,
        tasks=frozenset({"edit", "delete"}),
        measures=True,
        chains=True,
    )
    needs_credentials = True

    def __init__(self, http: Http, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._http = http
        self._look_seconds = look_seconds

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``POST /api/v1/statuses`` with the publication's id as ``Idempotency-Key``."""
        assert credentials is not None
        wording = formatting.with_mention(publication)
        refused = formatting.too_long_for(PLATFORM, wording, facts=credentials.facts)
        if refused is not None:
            return refused
        try:
            answer = await self._http.post(
                PLATFORM,
                f"{credentials.base_url}/api/v1/statuses",
                {**_headers(credentials), "idempotency-key": publication.key},
                status_of(publication, wording),
            )
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        return outcome_of(answer)

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        """Read the account's newest own statuses and look for our reply."""
        assert credentials is not None
        try:
            async with asyncio.timeout(self._look_seconds):
                return await self._look(publication, sent_at - CLOCK_SKEW, taken, credentials)
        except (NothingSent, NoAnswer, TimeoutError) as unseen:
            return CannotSee(str(unseen) or "it took too long")

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        """``PUT`` or ``DELETE /api/v1/statuses/:id``."""
        assert credentials is not None
        address, headers = _status(task.native_id, credentials), _headers(credentials)
        try:
            match task.kind:
                case "edit":
                    wording = wordings.with_mention(task.text or "", task.mention)
                    refused = formatting.too_long_for(PLATFORM, wording, facts=credentials.facts)
                    if refused is not None:
                        return refused
                    headers["content-type"] = "application/json"
                    body = json.dumps(_edited(task, wording), ensure_ascii=False).encode()
                    answer = await self._http.request(PLATFORM, "PUT", address, headers, body)
                case "delete":
                    answer = await self._http.request(PLATFORM, "DELETE", address, headers)
                case kind:
                    return CannotDo(f"Mastodon has no way to {kind} this")
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        return effect_of(answer, gone_is_done=task.kind == "delete")

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        """``GET /api/v1/statuses/:id``; a status that we may not see is gone as well, for us."""
        assert credentials is not None
        try:
            answer = await self._read(native_id, credentials)
        except (NothingSent, NoAnswer) as unseen:
            return CannotSee(str(unseen))
        if answer.status in GONE:
            return Gone(said(answer))
        content = answer.object().get("content")
        if answer.status != 200 or not isinstance(content, str):
            return CannotSee(said(answer))
        return Captured(formatting.plain(content).strip(), answer.object())

    async def measure(self, account: str, native_id: str, credentials: Credentials | None) -> Measure:
        """The counts of the status."""
        assert credentials is not None
        try:
            answer = await self._read(native_id, credentials)
        except (NothingSent, NoAnswer) as unanswered:
            return Unmeasured("no_answer", str(unanswered))
        if answer.status != 200:
            return Unmeasured("gone" if answer.status in GONE else "no_answer", said(answer))
        status = answer.object()
        told = {ours: theirs for ours, theirs in NUMBERS.items() if type(status.get(theirs)) is int}
        return Measured(
            {ours: status[theirs] for ours, theirs in told.items()},
            {ours: f"mastodon/1 {theirs}" for ours, theirs in told.items()},
        )

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        """Whose the token is, what its application may do, and how long a status may be."""
        return await mastodon_rights.probe(self._http, account, credentials)

    async def _look(
        self, publication: Publication, since: datetime, taken: Collection[str], credentials: Credentials
    ) -> Sighting:
        address = f"{credentials.base_url}/api/v1/accounts/{quote(publication.account, safe='')}/statuses"
        query = {"exclude_reblogs": "1", "limit": str(PAGE)}
        for _ in range(PAGES):
            answer = await self._http.get(PLATFORM, address, _headers(credentials), query)
            sighting, oldest = sighting_of(answer, publication, since, taken), _oldest(answer)
            if oldest is None or not isinstance(sighting, Absent):
                return sighting
            query["max_id"] = oldest
        return Absent(f"not among the newest {PAGE * PAGES}")

    async def _read(self, native_id: str, credentials: Credentials) -> Answer:
        return await self._http.get(PLATFORM, _status(native_id, credentials), _headers(credentials), {})


def status_of(publication: Publication, wording: str) -> dict[str, Any]:
    """The status to create: never seen by more people than what it answers."""
    status: dict[str, Any] = {
        "status": wording,
        "in_reply_to_id": publication.reply_to,
        "visibility": _visibility(publication),
    }
    if publication.language:
        status["language"] = publication.language
    return status


def _visibility(publication: Publication) -> str:
    if publication.visibility is None:
        return "public" if publication.public else "direct"
    # A word that a fork may have invented is taken as the narrowest that is known.
    return publication.visibility if publication.visibility in VISIBILITIES else "direct"


def sighting_of(answer: Answer, publication: Publication, since: datetime, taken: Collection[str]) -> Sighting:
    """Whether a page of the account's statuses shows our reply."""
    listed = _listed(answer)
    if listed is None:
        return CannotSee(f"status {answer.status}")
    for status in listed:
        if isinstance(status, dict) and _is_ours(status, publication, since) and status["id"] not in taken:
            url = status.get("url")
            return Found(status["id"], url if isinstance(url, str) else None)
    return Absent(f"not among these {len(listed)}")


def _listed(answer: Answer) -> list[Any] | None:
    try:
        listed = answer.json() if answer.status == 200 else None
    except (ValueError, RecursionError):
        return None
    return listed if isinstance(listed, list) else None


def _oldest(answer: Answer) -> str | None:
    """The id below which the next page begins; None behind the last one."""
    listed = _listed(answer) or []
    oldest = listed[-1].get("id") if len(listed) >= PAGE and isinstance(listed[-1], dict) else None
    return oldest if isinstance(oldest, str) else None


def _is_ours(status: dict[str, Any], publication: Publication, since: datetime) -> bool:
    created = iso(status.get("created_at"))
    return (
        isinstance(status.get("id"), str)
        and status.get("in_reply_to_id") == publication.reply_to
        and created is not None
        and created >= since
        and formatting.same_status(formatting.with_mention(publication), str(status.get("content", "")))
    )


def _edited(task: Task, wording: str) -> dict[str, str]:
    """The whole status anew; ours have nothing beside text and language."""
    return {"status": wording} | ({"language": task.language} if task.language else {})


def _status(native_id: str, credentials: Credentials) -> str:
    return f"{credentials.base_url}/api/v1/statuses/{quote(native_id, safe='')}"


def _headers(credentials: Credentials) -> dict[str, str]:
    return {"authorization": f"Bearer {credentials.token}"}
