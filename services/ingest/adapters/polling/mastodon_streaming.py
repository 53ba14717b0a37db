"""A Mastodon account's stream: what happens is heard at once, and fetched by the poll.

Source: Mastodon documentation, "streaming" and "instance". What must stay true:

- The stream may live on another host, which the server's description names with a WebSocket's scheme.
- There is no cursor: what happened while nobody listened is not repeated.
- ``delete`` carries a bare status id, of whatever stood in the account's timeline; ``status.update`` a whole status.
- A line ``:thump`` comes every 15 seconds, so a connection that is silent for much longer is dead.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import httpx

from services.ingest.adapters import http as way_out
from services.ingest.adapters.polling.answers import Asker, Gone, Refused, Unavailable, bearer, meaning
from services.ingest.adapters.polling.feed import Heard, NoStream, NotNow, Outside, Page, Stream, Woken, found
from services.ingest.adapters.polling.server_sent_events import Event, events
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import RemovedComment
from services.ingest.domain.refusals import Unreadable
from services.ingest.domain.text import identifier
from services.ingest.platforms import mastodon
from services.ingest.platforms.json_body import as_object, parse_json

_SCHEMES: Final[Mapping[str, str]] = {"wss": "https", "https": "https", "ws": "http", "http": "http"}
_NONE_HERE: Final = frozenset({404, 405, 501})


async def listen(outside: Outside, asker: Asker, account: Account) -> Stream:
    """What the stream of ``account`` says; see ``Feed.listen``."""
    proof = bearer(account.every("token")[0])
    url = f"{await _host(asker, account, proof)}/api/v1/streaming/user"
    try:
        async with way_out.stream(outside.streams, url, headers=proof) as answer:
            if isinstance(answer, httpx.Response):
                raise _refusal(answer, outside.clock())
            yield Woken()
            async for event in events(answer):
                with suppress(Unreadable):  # the poll reads it again
                    if heard := _heard(event, account, outside.clock()):
                        yield heard
    except (httpx.HTTPError, OSError) as error:
        raise NotNow(Unavailable(type(error).__name__)) from error


async def _host(asker: Asker, account: Account, proof: Mapping[str, str]) -> str:
    """Where the stream is: as the server says (``configuration.urls.streaming``), else on the server itself."""
    answer = await asker.get(f"{account.base_url}/api/v2/instance", headers=proof)
    if isinstance(answer, Gone | Refused):
        return str(account.base_url)
    named = _named_host(found(answer).value)
    # The token goes there: never in the clear where the server itself is not.
    if named is None or (named.startswith("http:") and not str(account.base_url).startswith("http:")):
        return str(account.base_url)
    return named


def _named_host(instance: object) -> str | None:
    place = instance
    for name in ("configuration", "urls", "streaming"):
        place = place.get(name) if isinstance(place, dict) else None
    try:
        named = urlsplit(place if isinstance(place, str) else "")
        host = f"{named.hostname}:{named.port}" if named.port else named.hostname
    except ValueError:
        return None
    scheme = _SCHEMES.get(named.scheme)
    return f"{scheme}://{host}" if scheme and host else None


def _refusal(answer: httpx.Response, now: datetime) -> Exception:
    """What it means that no stream came."""
    # A good answer that is no stream (a page for people, say) is no better than none.
    if answer.status_code in _NONE_HERE or answer.status_code < 300:
        return NoStream(NoStream.__doc__)
    return NotNow(meaning(answer, now))


def _heard(event: Event, account: Account, now: datetime) -> Heard | None:
    match event.kind:
        case "notification":
            return Woken()
        case "delete":
            status = identifier(event.data.strip())
            return Page((RemovedComment(account.account, status, now),), event.data.encode()) if status else None
        case "status.update":
            body = event.data.encode()
            return Page((mastodon.read_status(as_object(parse_json(body), "A status"), account, now),), body)
    return None
