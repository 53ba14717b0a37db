"""Discourse: a reply to a post, which the forum is asked for first."""

import httpx

from services.publisher.domain.publications import Publication
from tests.publisher.builders import a_publication
from tests.publisher.examples import Example


def a_reply(client: httpx.Client, account: str) -> Publication:
    """Posts of citizens are told elsewhere, so any id will do."""
    return a_publication(
        platform="discourse",
        account=account,
        thread="t310",
        reply_to="4711",
        text="Our office opens at 9 a.m. on every working day.",
    )


EXAMPLE = Example(
    account={"agency": "passports", "platform": "discourse", "account": "passport-office", "name": "Passports"},
    path="/discourse",
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
    secrets={"username": "passport-office"},
)
