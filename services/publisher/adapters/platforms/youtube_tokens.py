"""The tokens that open a YouTube channel: renewing one, and what it allows.

Sources: Google Identity, "Using OAuth 2.0 for Web Server Applications" (refreshing an access token, its errors); the
discovery document of Google's OAuth2 API (``tokeninfo``). An access token is good for about an hour. It is renewed
with ``refresh_token``, ``client_id`` and ``client_secret``, which the account's secrets hold beside it; a refresh token
can be used again and again. Everything secret travels in bodies, which no log of addresses holds.

Tokens are Google's own business at ``oauth2.googleapis.com``; where an account's API is anywhere else than at
``*.googleapis.com``, so are its tokens: at ``{base_url}/token`` and ``{base_url}/tokeninfo``.
"""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms.youtube_answers import PLATFORM
from services.publisher.domain.outcomes import CredentialsDead, Refresh, Refreshed, Unavailable, Unknown
from services.publisher.ports import Credentials

GOOGLES = "https://oauth2.googleapis.com"
NEEDED = ("refresh_token", "client_id", "client_secret")
DEAD = frozenset({"invalid_grant", "invalid_client", "unauthorized_client", "deleted_client", "admin_policy_enforced"})
"""The refresh token was revoked or ran out, or the application may not use it (any more)."""
MANAGES_COMMENTS = "https://www.googleapis.com/auth/youtube.force-ssl"
READS = frozenset(
    {
        MANAGES_COMMENTS,
        "https://www.googleapis.com/auth/youtube",
        "https://www.googleapis.com/auth/youtube.readonly",
    }
)


async def renewed(http: Http, credentials: Credentials) -> Refresh:
    """A new access token for the one that runs out."""
    missing = [name for name in NEEDED if not credentials.secrets.get(name)]
    if missing:
        return Unknown(f"nothing to renew with: {', '.join(missing)}")
    form = {"grant_type": "refresh_token", **{name: credentials.secrets[name] for name in NEEDED}}
    try:
        answer = await _post(http, credentials, "token", form)
    except NothingSent as nothing:
        return Unavailable(str(nothing))
    except NoAnswer as unanswered:
        return Unknown(str(unanswered))
    return refresh_of(answer)


def refresh_of(answer: Answer) -> Refresh:
    """What the answer to a renewal means."""
    content = answer.object()
    token, lives_for = content.get("access_token"), content.get("expires_in")
    if answer.status == 200 and isinstance(token, str) and token:
        again = content.get("refresh_token")
        secrets = {"token": token} | ({"refresh_token": again} if isinstance(again, str) and again else {})
        return Refreshed(secrets, float(lives_for) if isinstance(lives_for, int | float) else None)
    error = content.get("error")
    words = f"status {answer.status}, {error if isinstance(error, str) else 'no error named'}"
    return CredentialsDead(words) if isinstance(error, str) and error in DEAD else Unknown(words)


async def scopes(http: Http, credentials: Credentials) -> frozenset[str] | None:
    """What the token may do; None if Google does not tell. Raises ``NothingSent`` and ``NoAnswer``."""
    answer = await _post(http, credentials, "tokeninfo", {"access_token": credentials.token})
    said = answer.object().get("scope")
    return frozenset(said.split()) if answer.status == 200 and isinstance(said, str) else None


def address(base_url: str) -> str:
    """Where the tokens of an account come from whose API is at ``base_url``."""
    host = urlsplit(base_url).hostname or ""
    return GOOGLES if host == "googleapis.com" or host.endswith(".googleapis.com") else base_url


async def _post(http: Http, credentials: Credentials, name: str, form: Mapping[str, str]) -> Answer:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return await http.request(
        PLATFORM, "POST", f"{address(credentials.base_url)}/{name}", headers, urlencode(form).encode()
    )
