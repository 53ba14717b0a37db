"""What X says of an account's access: what it allows, and the new one in place of the old.

Sources: X developer documentation, "OAuth 2.0 Authorization Code Flow with PKCE" (refresh tokens), "User lookup me";
"App permissions" for the header ``x-access-level``, which v2 still sends (``read``, ``read-write``,
``read-write-directmessages``) without promising it.
"""

from services.publisher.adapters.http import Answer
from services.publisher.adapters.platforms.x_answers import data_of, refusal_of
from services.publisher.domain.outcomes import (
    CredentialsDead,
    Probe,
    Probed,
    Refresh,
    Refreshed,
    Unavailable,
    Unknown,
)

LEVELS = {"read": False, "read-write": True, "read-write-directmessages": True}
RIGHTS = ("reply", "delete", "hide")


def rights_of(answer: Answer, account: str) -> Probe:
    """What the answer to "who am I" says of the token."""
    if answer.status != 200:
        refusal = refusal_of(answer)
        return refusal if isinstance(refusal, CredentialsDead | Unknown) else Unavailable(refusal.detail)
    speaks_for = data_of(answer).get("id")
    if speaks_for != account:
        return Probed(dict.fromkeys((*RIGHTS, "read", "reach"), False), f"the token is that of user {speaks_for}")
    level = answer.headers.get("x-access-level", "")
    writes = LEVELS.get(level)
    return Probed({**dict.fromkeys(RIGHTS, writes), "read": True, "reach": True}, level)


def refreshed_of(answer: Answer) -> Refresh:
    """The new access token and the new refresh token; the old one is used up from now on. X's documentation promises
    no time in which it would be taken once more."""
    body = answer.object()
    access, refresh = body.get("access_token"), body.get("refresh_token")
    if answer.status == 200 and isinstance(access, str):
        lives_for = body.get("expires_in")
        # Without a new refresh token the old one stays (RFC 6749, section 6).
        secrets = {"token": access} | ({"refresh_token": refresh} if isinstance(refresh, str) else {})
        return Refreshed(secrets, float(lives_for) if isinstance(lives_for, int) else None)
    said = f"status {answer.status}: {str(body.get('error', ''))[:100]}"
    match answer.status:
        case 400 | 401 | 403:
            return CredentialsDead(said)
        case 429:
            return Unavailable(said)
        case _:
            return Unknown(said)
