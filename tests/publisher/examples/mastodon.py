"""A reply on Mastodon to a status that mentions the account."""

import httpx

from services.publisher.domain.publications import Publication
from tests.publisher.builders import a_publication
from tests.publisher.examples import Example

ACCOUNT = "109000000000000009"


def a_reply(square: httpx.Client, account: str) -> Publication:
    """A citizen's status, and what answers it."""
    asked = {"name": "Nimal Perera", "account": account, "text": "No water since morning"}
    status = square.post("/citizens/posts", json=asked).raise_for_status().json()["id"]
    return a_publication(
        platform="mastodon",
        account=account,
        thread=status,
        reply_to=status,
        mention="nimal_perera",
        visibility="public",
        language="en",
        text="The supply returns at 6 p.m.",
    )


EXAMPLE = Example(
    account={"agency": "passports", "platform": "mastodon", "account": ACCOUNT, "name": "Passports"},
    path="",
    a_reply=a_reply,
    ends={
        # The key is known again for an hour.
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
