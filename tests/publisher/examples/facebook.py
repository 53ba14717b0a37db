"""A reply under a comment on a Page."""

import httpx

from services.publisher.domain.publications import Publication
from tests.publisher.builders import PAGE, a_publication
from tests.publisher.examples import Example


def a_reply(square: httpx.Client, account: str) -> Publication:
    """A citizen's comment arrives elsewhere: the square takes replies to any."""
    return a_publication(account=account)


EXAMPLE = Example(
    account={"agency": "passports", "platform": "facebook", "account": PAGE, "name": "Passports"},
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
