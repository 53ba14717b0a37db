"""A reply on Bluesky to a post that mentions the account."""

import httpx

from services.publisher.domain.publications import Publication
from tests.publisher.builders import a_publication
from tests.publisher.examples import Example

ACCOUNT = "did:plc:passportsofthesquare2345"


def a_reply(square: httpx.Client, account: str) -> Publication:
    """A citizen's post, and what answers it."""
    asked = {"name": "Nimal Perera", "account": account, "text": "No water since morning"}
    post = square.post("/citizens/posts", json=asked).raise_for_status().json()["id"]
    return a_publication(
        platform="bluesky",
        account=account,
        thread=post,
        reply_to=post,
        mention="nimal-perera.square.test",
        language="en",
        text="The supply returns at 6 p.m.",
    )


EXAMPLE = Example(
    account={"agency": "passports", "platform": "bluesky", "account": ACCOUNT, "name": "Passports"},
    path="",
    a_reply=a_reply,
    ends={
        # The same record under the same key: whatever was left open is simply written again.
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
