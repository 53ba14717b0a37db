"""Open311: an update to a service request in a city's back end, which knows the same update again."""

import httpx

from services.publisher.domain.publications import Publication
from tests.publisher.builders import a_publication
from tests.publisher.examples import Example


def a_reply(client: httpx.Client, account: str) -> Publication:
    """Requests are made elsewhere, so any id will do."""
    return a_publication(platform="open311", account=account, thread="R-638344", reply_to="R-638344")


EXAMPLE = Example(
    account={"agency": "passports", "platform": "open311", "account": "city.example", "name": "City"},
    path="/open311",
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
