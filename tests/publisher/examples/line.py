"""An answer to a message on LINE."""

from uuid import uuid4

import httpx

from services.publisher.domain.publications import Publication
from tests.publisher.builders import a_publication
from tests.publisher.examples import Example

ACCOUNT = "U8189cf6745fc0d808977bdb0b9f22995"
CITIZEN = "U4af4980629d1b1f8e4a6f1a2b3c4d5e6"


def a_reply(square: httpx.Client, account: str) -> Publication:
    """A push has no parent: whoever is named gets the message."""
    return a_publication(
        platform="line",
        account=account,
        thread=CITIZEN,
        reply_to="444573844083572737",
        text=f"Our office opens at 9 a.m. ({uuid4().hex})",
        public=False,
    )


EXAMPLE = Example(
    account={"agency": "passports", "platform": "line", "account": ACCOUNT, "name": "Passports"},
    path="/line",
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
)
