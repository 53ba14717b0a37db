"""What is read of the stream: whatever somebody waits for, and nothing else."""

from dataclasses import dataclass
from typing import Any, cast

import pytest

from services.publisher import calling_back
from services.publisher.adapters.interests import Interests
from services.publisher.record import HEARD
from services.publisher.settings import CallbackSettings
from shared import topics
from shared.database import Database
from shared.events import Event
from shared.secrets import Seal
from shared.service import Service
from shared.topics import TOPIC_OF
from tests.publisher.builders import a_connected_account, a_response
from tests.publisher.telling import Telling, a_comment, a_published_response, a_routed_case, telling
from tests.publisher.test_main import some_settings
from tests.shared.builders import headers_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

URL = "https://subscriber.example/hook"


@dataclass
class Record:
    """As much of a record as is looked at."""

    topic: str
    value: bytes | None
    headers: list[tuple[str, bytes]]


def a_record(event: Event) -> Record:
    return Record(TOPIC_OF[type(event)].name, event.model_dump_json().encode(), headers_of(event))


async def wanted(work: Telling, *events: Event) -> list[bool]:
    records: list[Any] = [a_record(event) for event in events]
    found = await Interests(work.database).wanted(records)
    return [record in found for record in records]


async def test_without_a_subscriber_only_the_publishers_own_duties_are_read() -> None:
    async with telling() as work:
        others = (a_routed_case(), a_comment(), a_published_response(platform="facebook"))
        assert await wanted(work, a_response(), a_connected_account()) == [True, True]
        assert await wanted(work, *others) == [False, False, False]


async def test_what_the_public_record_must_hear_of_is_read_though_nobody_subscribed() -> None:
    async with telling() as work:
        events = (a_routed_case(), a_published_response(platform="facebook"), a_comment())
        records: list[Any] = [a_record(event) for event in events]
        assert await Interests(work.database, HEARD).wanted(records) == records[:2]


async def test_the_publisher_as_it_is_wired_hears_all_that_its_record_needs() -> None:
    service = Service("publisher", await some_settings(), "")
    wired = calling_back.wire(service, CallbackSettings(), Seal(b"k" * 32), 1.0).interests
    for event in HEARD:
        headers = [("ce_type", event.__name__.encode()), ("ce_agency", b"passports")]
        record: Any = Record(TOPIC_OF[event].name, b"{}", headers)
        assert await wired.wanted([record]) == [record], event
    await service.database.close()


async def test_a_comment_with_a_callback_and_what_became_of_a_clients_comment_are_read() -> None:
    async with telling() as work:
        assert await wanted(work, a_comment(callback=URL), a_published_response()) == [True, True]
        # Whatever a citizen writes is no callback.
        assert await wanted(work, a_comment(text='"callback":"https://x.example"')) == [False]


async def test_a_subscription_opens_its_agencys_types_and_no_others() -> None:
    async with telling() as work:
        await work.subscribe(URL, types=["CaseRouted"])
        events = (a_routed_case(), a_comment(), a_routed_case(agency="water-board"))
        assert await wanted(work, *events) == [True, False, False]
        await work.subscribe(URL)
        assert await wanted(work, *events) == [True, True, False]


async def test_a_new_subscription_is_known_at_once_where_it_was_made() -> None:
    async with telling() as work:
        interests, record = Interests(work.database), a_record(a_routed_case())
        assert await interests.wanted([record]) == []
        await work.subscribe(URL)
        interests.forget()
        assert await interests.wanted([record]) == [record]


async def test_a_record_that_cannot_be_read_is_left_to_the_reader() -> None:
    async with telling() as work:
        broken: list[Any] = [Record(topics.CASES.name, None, [])]
        assert await Interests(work.database).wanted(broken) == broken


async def test_a_subscription_that_is_made_while_interests_are_read_is_not_passed_over() -> None:
    class Slow:
        """A database whose first answer is of the moment before a subscription was made."""

        def __init__(self) -> None:
            self.asked = 0

        async def run(self, _: str) -> list[dict[str, object]]:
            self.asked += 1
            if self.asked == 1:
                interests.forget()
                return []
            return [{"agency": "passports", "everything": True, "types": []}]

    interests, routed = Interests(cast(Database, Slow())), a_record(a_routed_case())
    assert await interests.wanted([routed]) == [routed]
