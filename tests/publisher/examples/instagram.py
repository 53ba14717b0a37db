"""A reply to a comment on Instagram."""

import httpx

from services.publisher.domain.publications import Publication
from tests.publisher.builders import a_publication
from tests.publisher.examples import Example

ACCOUNT = "17841405793187219"
COMMENT = "17921234567890123"


def a_reply(square: httpx.Client, account: str) -> Publication:
    """A citizen's comment arrives elsewhere: the square takes replies to any."""
    return a_publication(
        platform="instagram", account=account, thread=COMMENT, reply_to=COMMENT, mention="kamala", public=True
    )


EXAMPLE = Example(
    account={"agency": "passports", "platform": "instagram", "account": ACCOUNT, "name": "passports"},
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
