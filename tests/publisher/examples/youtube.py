"""A reply on YouTube to a comment under the channel's video."""

import httpx

from services.publisher.domain.publications import Publication
from tests.publisher.builders import a_publication
from tests.publisher.examples import Example

CHANNEL = "UCpassportsofthesquare22"
TOKEN = "a-token-of-the-channel"


def a_reply(square: httpx.Client, account: str) -> Publication:
    """A citizen's comment, and what answers it."""
    asked = {"name": "Nimal Perera", "account": account, "text": "No water since morning"}
    comment = square.post("/citizens/posts", json=asked).raise_for_status().json()["id"]
    return a_publication(
        platform="youtube",
        account=account,
        thread=comment,
        reply_to=comment,
        mention="nimal_perera",
        language="en",
        text="The supply returns at 6 p.m.",
    )


EXAMPLE = Example(
    account={"agency": "passports", "platform": "youtube", "account": CHANNEL, "name": "Passports"},
    path="",
    a_reply=a_reply,
    ends={
        # No key, but the whole thread can be read: what it does not show is sent again once it has settled.
        "accept_then_drop": "published",
        "accept_then_500": "published",
        "accept_late": "published",
        "hang": "published",
        "throttle": "published",
        "down": "published",
        "token_dead": "parked",
        "parent_gone": "failed",
    },
    token=TOKEN,
    secrets={"refresh_token": f"1//{TOKEN}", "client_id": "parley.apps.googleusercontent.com", "client_secret": "any"},
)
