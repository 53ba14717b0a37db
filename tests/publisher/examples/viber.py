"""An answer to a message on Viber."""

from uuid import uuid4

import httpx

from services.publisher.domain.publications import Publication
from tests.publisher.builders import a_publication
from tests.publisher.examples import Example

BOT = "pa:5346594275468546724"
CITIZEN = "01234567890A4fKz+Q/b=="


def a_reply(square: httpx.Client, account: str) -> Publication:
    """Viber knows no parent: whoever is named gets the message."""
    return a_publication(
        platform="viber",
        account=account,
        thread=CITIZEN,
        reply_to="4912661846655238145",
        text=f"Our office opens at 9 a.m. ({uuid4().hex})",
        public=False,
    )


EXAMPLE = Example(
    account={"agency": "passports", "platform": "viber", "account": BOT, "name": "Passports"},
    path="/viber",
    a_reply=a_reply,
    ends={
        "accept_then_drop": "asked",
        "accept_then_500": "asked",
        "accept_late": "asked",
        "hang": "asked",
        "throttle": "published",
        # The 503 comes from whatever stands before the API, and may have been too late.
        "down": "asked",
        "token_dead": "parked",
        "parent_gone": "failed",
    },
)
