"""Answers to Open311 service requests: readable at our own server, or told to a city's back end as updates.

Sources: GeoReport v2 (wiki.open311.org/GeoReport_v2); mySociety's extension ``servicerequestupdates`` (FixMyStreet's
open311-adapter, ``Open311/Endpoint/Role/mySociety.pm`` and ``Open311/Endpoint.pm``). What must stay true:

- Without credentials the request was made to us: publishing makes the answer readable as ``status_notes``, and nothing
  is sent. With credentials the request lives in the back end at their address, and the answer goes there as an update.
- ``update_id`` is the client's own id, by which a back end knows an update again: the same update may be sent twice.
- Errors are ``[{"code": …, "description": …}]``. 400 is also said when what lies behind the back end fails; only input
  that does not fit the schema is refused for good. The rest is tried for as long as an answer is worth anything.
- Ids come as text or as numbers, also as numbers with leading zeros, which is no JSON; a list may be a single object.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from services.publisher.adapters import metrics
from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.adapters.platforms.rest import Rest
from services.publisher.adapters.platforms.times import iso
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    Absent,
    CannotSee,
    CredentialsDead,
    Found,
    Outcome,
    Published,
    Refused,
    Sighting,
    Throttled,
    Unavailable,
    Unknown,
)
from services.publisher.domain.publications import Nature, Publication
from services.publisher.ports import Credentials

PLATFORM = "open311"
STATUS = "OPEN"
"""An answer does not close a request: that is for whoever works on it."""
CLOCK_SKEW = timedelta(minutes=2)

_UNFIT = "Error in input"
_UPDATE_ID = re.compile(rb"""update_id(?:"\s*:\s*"?|>\s*)([^"<,}\s]+)""")
"""Where JSON cannot be read: ``"update_id": 0017``, or ``<update_id>17</update_id>`` of a server that has only XML."""


class Open311(Sparse):
    """Updates to service requests where the account has credentials, and what ``Rest`` does where it has none."""

    # By update_id; and what is only made readable can be made so twice.
    nature = Nature(idempotent_for=timedelta(days=36_500), can_look=True)
    needs_credentials = False

    def __init__(self, http: Http, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._http = http
        self._clock = clock
        self._here = Rest()

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``POST /servicerequestupdates.json``, as a form."""
        if credentials is None:
            return await self._here.send(publication, None)
        refused = formatting.too_long_for(PLATFORM, publication.text)
        if refused is not None:
            return refused
        body = urlencode(update_of(publication, credentials, self._clock())).encode()
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8", "accept": "application/json"}
        try:
            answer = await self._http.request(PLATFORM, "POST", _address(credentials), headers, body)
        except NothingSent as nothing:
            return Unavailable(str(nothing))
        except NoAnswer as unanswered:
            return Unknown(str(unanswered))
        return outcome_of(answer, publication.key)

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        """``GET /servicerequestupdates.json``; many back ends list only what the city itself wrote."""
        if credentials is None:
            return await self._here.find(publication, sent_at, taken, None)
        since, until = sent_at - CLOCK_SKEW, self._clock() + CLOCK_SKEW
        query = {**_who(publication, credentials), "start_date": w3c(since), "end_date": w3c(until)}
        try:
            answer = await self._http.get(PLATFORM, _address(credentials), {"accept": "application/json"}, query)
        except (NothingSent, NoAnswer) as unseen:
            return CannotSee(str(unseen))
        return sighting_of(answer, publication, since, taken)


def update_of(publication: Publication, credentials: Credentials, now: datetime) -> dict[str, str]:
    """The update as a form."""
    return {
        **_who(publication, credentials),
        "service_request_id": publication.reply_to,
        "update_id": publication.key,
        "status": STATUS,
        "updated_datetime": w3c(now),
        "description": publication.text,
    }


def outcome_of(answer: Answer, update_id: str) -> Outcome:
    """What the answer to an update means."""
    if 200 <= answer.status < 300:
        return _accepted(answer, update_id)
    said = f"status {answer.status}: {_description(answer)}"
    match answer.status:
        case 401 | 403:
            return CredentialsDead(said)
        case 404 | 410:
            return Refused(NOT_POSSIBLE, said)
        case 400 if _UNFIT in said:
            return Refused("rejected", said)
        case 400:
            return Unavailable(f"{said}: not accepted, perhaps for now")
        case 405 | 501:
            return Refused("not_permitted", f"{said}: the back end takes no updates")
        case 413 | 422:
            return Refused("rejected", said)
        case 429:
            return Throttled(answer.retry_after(), said)
        case _:
            return Unknown(said)


def _accepted(answer: Answer, update_id: str) -> Outcome:
    listed = _listed(answer)
    native_id = next((known for one in listed or () if (known := _id(one.get("update_id")))), None)
    if native_id is not None:
        return Published(native_id)
    if listed is None:
        loose = _UPDATE_ID.search(answer.body)
        if loose is not None:
            return Published(loose.group(1).decode(errors="replace"))
    elif not _description(answer):
        # Whether it says so or not, the update has the id that we gave it.
        return Published(update_id)
    metrics.UNREADABLE.labels(PLATFORM).inc()
    return Unknown("an answer without an update_id")


def sighting_of(answer: Answer, publication: Publication, since: datetime, taken: Collection[str]) -> Sighting:
    """Whether the back end lists the update: under our id, or under its own with our words to the same request.

    Not every back end keeps to ``start_date``, so words that are dated before ``since`` are not ours.
    """
    listed = _listed(answer)
    if answer.status != 200 or listed is None:
        return CannotSee(f"status {answer.status}")
    for one in listed:
        native_id = _id(one.get("update_id"))
        if native_id is None or native_id in taken:
            continue
        same_request = _id(one.get("service_request_id")) == publication.reply_to
        same_words = formatting.same_text(publication.text, str(one.get("description", "")))
        written = iso(one.get("updated_datetime"))
        is_new = written is None or written >= since
        if native_id == publication.key or (same_request and same_words and is_new):
            return Found(native_id)
    return Absent("not among the updates that the back end lists")


def w3c(moment: datetime) -> str:
    """A moment as Open311 writes it: whole seconds, with its zone."""
    return moment.replace(microsecond=0).isoformat()


def _who(publication: Publication, credentials: Credentials) -> dict[str, str]:
    """The key, and the jurisdiction as the back end calls it, if it serves several."""
    return {
        "api_key": credentials.token,
        "jurisdiction_id": credentials.secrets.get("jurisdiction_id") or publication.account,
    }


def _listed(answer: Answer) -> list[Mapping[str, Any]] | None:
    """The objects of an answer; None for what is no JSON."""
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict):
        inner = next((value for value in found.values() if isinstance(value, list)), None)
        found = [found] if inner is None else inner
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else None


def _description(answer: Answer) -> str:
    """What an answer says of errors."""
    told = (str(one["description"]) for one in _listed(answer) or () if "description" in one)
    return "; ".join(told)[:300]


def _id(said: object) -> str | None:
    is_one = isinstance(said, str | int) and not isinstance(said, bool)
    return str(said) if is_one and str(said) else None


def _address(credentials: Credentials) -> str:
    return f"{credentials.base_url}/servicerequestupdates.json"
