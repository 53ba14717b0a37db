"""A public reply on X."""

from uuid import uuid4

import httpx

from services.publisher.domain.publications import Publication
from tests.publisher.builders import a_publication
from tests.publisher.examples import Example

ACCOUNT = "1471190036205195265"
CITIZENS_POST = "2124420049912463873"


def a_reply(square: httpx.Client, account: str) -> Publication:
    """Anything may be answered there that was not deleted."""
    return a_publication(
        platform="x",
        account=account,
        thread=CITIZENS_POST,
        reply_to=CITIZENS_POST,
        mention="nimal_p",
        text=f"Our office opens at 9 a.m. ({uuid4().hex})",
    )


EXAMPLE = Example(
    account={"agency": "passports", "platform": "x", "account": ACCOUNT, "name": "Passports"},
    path="/x",
    a_reply=a_reply,
    ends={
        "accept_then_drop": "published",
        "accept_then_500": "published",
        "accept_late": "published",
        "hang": "published",
        "throttle": "published",
        "down": "published",
        "token_dead": "parked",
        "parent_gone": "failed",
    },
    secrets={
        "refresh_token": "a-token-of-the-account.refresh",
        "client_id": "a-client",
        "client_secret": "a-secret-of-the-client",
    },
)
