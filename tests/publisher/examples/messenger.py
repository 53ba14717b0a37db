"""An answer to a private message to a Page."""

import httpx

from services.publisher.domain.publications import Publication
from tests.publisher.builders import PAGE, a_publication
from tests.publisher.examples import Example

PERSON = "7254899741216339"


def a_reply(square: httpx.Client, account: str) -> Publication:
    """Somebody writes, and is answered."""
    asked = {"platform": "messenger", "account": account, "person": PERSON, "text": "When do you open?"}
    message = square.post("/citizens/messages", json=asked).raise_for_status().json()["id"]
    return a_publication(platform="messenger", account=account, thread=PERSON, reply_to=message, public=False)


EXAMPLE = Example(
    account={"agency": "passports", "platform": "messenger", "account": PAGE, "name": "Passports"},
    path="/graph",
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
