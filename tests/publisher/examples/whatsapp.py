"""An answer to a message to a business number."""

import httpx

from services.publisher.domain.publications import Publication
from tests.publisher.builders import a_publication
from tests.publisher.examples import Example

NUMBER = "106540352242923"
PERSON = "LK.13491208655302741919"


def a_reply(square: httpx.Client, account: str) -> Publication:
    """Somebody writes, and is answered."""
    asked = {"platform": "whatsapp", "account": account, "person": PERSON, "text": "When do you open?"}
    message = square.post("/citizens/messages", json=asked).raise_for_status().json()["id"]
    return a_publication(platform="whatsapp", account=account, thread=PERSON, reply_to=message, public=False)


EXAMPLE = Example(
    account={"agency": "passports", "platform": "whatsapp", "account": NUMBER, "name": "Passports"},
    path="/graph",
    a_reply=a_reply,
    ends={
        "accept_then_drop": "asked",
        "accept_then_500": "asked",
        "accept_late": "asked",
        "hang": "asked",
        "throttle": "published",
        "down": "asked",
        "token_dead": "parked",
        "parent_gone": "failed",
    },
)
