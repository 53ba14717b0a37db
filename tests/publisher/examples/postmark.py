"""Postmark: an answer to a mail. Its log is late, so a mail that is not in it may have been sent all the same."""

import httpx

from services.publisher.domain.publications import Publication
from tests.publisher.builders import a_publication
from tests.publisher.examples import Example


def a_reply(client: httpx.Client, account: str) -> Publication:
    """Mail comes in elsewhere, so any Message-ID will do."""
    return a_publication(
        platform="postmark",
        account=account,
        thread="CAF-root@mail.example",
        reply_to="CAF-second@mail.example",
        mention="nimal@mail.example",
        public=False,
    )


EXAMPLE = Example(
    account={
        "agency": "passports",
        "platform": "postmark",
        "account": "info@passports.example",
        "name": "Passports",
    },
    path="/postmark",
    a_reply=a_reply,
    ends={
        "accept_then_drop": "published",
        "accept_then_500": "published",
        "accept_late": "published",
        "hang": "asked",
        "throttle": "published",
        "down": "published",
        "token_dead": "parked",
        "parent_gone": "failed",
    },
)
