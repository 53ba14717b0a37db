"""X: posts that answer or name an agency, and private messages.

Sources: X developer documentation, "Webhooks" (introduction, quickstart), "X Activity API", "Account Activity API".
What must stay true:

- X asks at registration, and then again and again, whether we know the app's consumer secret: a wrong answer ends
  the webhook at once. The answer is made with the newest secret, while bodies signed with the previous one are good.
- The key is the app's consumer secret (API secret key), never a token. No time is signed and there is no event id
  common to both families: a post is known by its id, so that what comes twice is one comment.
- Two payload families come through the one door: ``x_activity`` (``data``) and ``x_account_activity``
  (``for_user_id``). What a post becomes is one rule for both, in ``x_posts``.
- One webhook serves all the agencies of an app: an entry is for the user that the body names.
- X gives no end to the time in which a message can be answered.
"""

import base64
import hmac
import json
from collections.abc import Sequence
from datetime import datetime

from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.domain.entries import Reading, Unused
from services.ingest.domain.refusals import BadHandshake, BadSignature, Unreadable
from services.ingest.platforms.base import TOKEN, Answer, Headers, Platform, Query, Says, Webhook
from services.ingest.platforms.json_body import parse_object
from services.ingest.platforms.x_account_activity import read_activity, read_user_event
from services.ingest.platforms.x_activity import read_event

_SIGNATURE_HEADER = "x-twitter-webhooks-signature"


def authenticate(body: bytes, headers: Headers, secrets: Sequence[SecretSet], now: datetime) -> None:
    """Check ``sha256=<base64>``, an HMAC-SHA256 of the body under the text of the consumer secret."""
    given = headers.get(_SIGNATURE_HEADER, "")
    if not given.isascii():
        raise BadSignature
    # Every live secret is tried, so that the time taken does not tell which one it was.
    matches = [hmac.compare_digest(_signed(body, generation["consumer_secret"]), given) for generation in secrets]
    if not any(matches):
        raise BadSignature


def handshake(query: Query, account: Account) -> Answer:
    """The Challenge-Response Check: ``crc_token``, signed as a body would be."""
    # A plus that came unencoded reads as a space; a token of base64 has none.
    token = query.get("crc_token", "").replace(" ", "+")
    if not token:
        raise BadHandshake
    answer = {"response_token": _signed(token.encode(), account.every("consumer_secret")[0])}
    return Answer(json.dumps(answer), "application/json")


def read(body: bytes, headers: Headers, account: Account, now: datetime) -> Reading:
    """Everything that a body of either family says; raises ``Unreadable`` where it is of neither."""
    envelope = parse_object(body)
    if "data" in envelope:
        return tuple(read_event(envelope["data"], account, now))
    if "user_event" in envelope:
        return (read_user_event(envelope["user_event"], account.account),)
    if "for_user_id" in envelope:
        return tuple(read_activity(envelope, now))
    if "replay_job_status" in envelope:
        return (Unused(account.account, "replay"),)
    raise Unreadable("The body is of neither of X's families.")


def _signed(message: bytes, secret: str) -> str:
    return "sha256=" + base64.b64encode(hmac.digest(secret.encode(), message, "sha256")).decode()


PLATFORM = Platform(
    name="x",
    says=Says(
        "post or message id; for an edit the id of the newer post",
        edit=True,
        delete=True,
        message=True,
        health=("signatures", "silence", "permission"),
    ),
    secrets={"consumer_secret": TOKEN},
    optional_secrets={"bearer_token": TOKEN},
    base_url="optional",
    webhook=Webhook(authenticate, read, handshake),
)
