"""An answer to a message in a group on Telegram."""

from uuid import uuid4

import httpx

from services.publisher.domain.publications import Publication
from tests.publisher.builders import a_publication
from tests.publisher.examples import Example

BOT = "7012345678"
CHAT = "-1001234567890"


def a_reply(square: httpx.Client, account: str) -> Publication:
    """Anything may be answered there that was not deleted."""
    message = f"{CHAT}:512"
    return a_publication(
        platform="telegram",
        account=account,
        thread=message,
        reply_to=message,
        text=f"Our office opens at 9 a.m. ({uuid4().hex})",
    )


EXAMPLE = Example(
    account={"agency": "passports", "platform": "telegram", "account": BOT, "name": "Passports"},
    path="/telegram",
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
    token=f"{BOT}:AAH-a-token-of-the-bot",
)
