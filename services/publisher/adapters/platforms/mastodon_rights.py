"""What a token may do on a Mastodon server, and what the server limits.

Sources: Mastodon documentation, methods ``accounts`` and ``apps`` (``verify_credentials``), ``instance``; "OAuth
scopes". A server tells the scopes of the application that a token belongs to (since 4.3), not those of the token: one
that the application lacks is certainly missing, one that it has may in a rare case not have been asked for.
"""

from collections.abc import Collection
from typing import Any

from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms.mastodon_answers import PLATFORM, said
from services.publisher.domain.outcomes import CredentialsDead, Probe, Probed, Unavailable, Unknown
from services.publisher.ports import Credentials

LIMITS = {"most_characters": "max_characters", "characters_per_link": "characters_reserved_per_url"}
RIGHTS = {
    "reply": ("write:statuses",),
    "edit": ("write:statuses",),
    "delete": ("write:statuses",),
    "read": ("read:notifications", "read:statuses"),
    "reach": ("read:statuses",),
}
"""The scopes that each right needs."""


async def probe(http: Http, account: str, credentials: Credentials) -> Probe:
    """Whose the token is, what its application may do, and how long a status may be."""

    async def read(path: str) -> Answer:
        headers = {"authorization": f"Bearer {credentials.token}"}
        return await http.get(PLATFORM, f"{credentials.base_url}{path}", headers, {})

    try:
        own = await read("/api/v1/accounts/verify_credentials")
        if own.status == 401:
            return CredentialsDead(said(own))
        if own.status not in (200, 403):
            return Unknown(said(own))
        # 403: the token may not even ask whose it is.
        if own.status == 200 and own.object().get("id") != account:
            return CredentialsDead("the token is another account's")
        application = await read("/api/v1/apps/verify_credentials")
        instance = await read("/api/v2/instance")
        if instance.status == 429 or instance.status >= 500:
            # Asked again soon; what it told before holds until then.
            return Unknown(said(instance))
    except NothingSent as nothing:
        return Unavailable(str(nothing))
    except NoAnswer as unanswered:
        return Unknown(str(unanswered))
    scopes = _scopes(application)
    return Probed(rights_of(scopes), " ".join(scopes or ()), _facts(instance))


def rights_of(scopes: Collection[str] | None) -> dict[str, bool | None]:
    """What an application with these scopes may do; nothing is known where they are not told."""
    if scopes is None:
        return dict.fromkeys(RIGHTS)
    return {right: all(_covers(scopes, scope) for scope in needed) for right, needed in RIGHTS.items()}


def _covers(scopes: Collection[str], scope: str) -> bool:
    """Whether a scope is there, or the one that holds it (``write`` for ``write:statuses``)."""
    return scope in scopes or scope.partition(":")[0] in scopes


def _scopes(application: Answer) -> list[str] | None:
    scopes = application.object().get("scopes")
    return [scope for scope in scopes if isinstance(scope, str)] if isinstance(scopes, list) else None


def _facts(instance: Answer) -> dict[str, int]:
    limits: Any = instance.object()
    for name in ("configuration", "statuses"):
        limits = limits.get(name) if isinstance(limits, dict) else None
    told = limits if isinstance(limits, dict) else {}
    return {ours: told[theirs] for ours, theirs in LIMITS.items() if type(told.get(theirs)) is int}
