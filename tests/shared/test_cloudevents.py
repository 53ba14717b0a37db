"""Events on the wire: what one service writes another reads, and so does anyone who speaks CloudEvents."""

import json
from uuid import UUID

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from shared.cloudevents import read
from shared.errors import Dead
from shared.events import Author, CommentReceived
from tests.shared.builders import NOW, headers_of

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
EVENT_ID = UUID("019aa3f2-c1e4-7c55-a0f3-b2d98e6f1a07")


def comment() -> CommentReceived:
    return CommentReceived(
        agency="water-board",
        platform="mastodon",
        account="42",
        thread="t1",
        comment="cmt_1",
        native_id="n1",
        revision=1,
        author=Author(id="a1", handle="nimal@example.org"),
        text="නළ ජලය නැහැ 😟 – why?",
        sent_at=NOW,
        received_at=NOW,
    )


def written(traceparent: str | None = TRACE) -> list[tuple[str, bytes]]:
    return headers_of(comment(), event_id=EVENT_ID, traceparent=traceparent)


def body() -> bytes:
    return comment().model_dump_json().encode()


def headers(**changed: bytes | None) -> list[tuple[str, bytes]]:
    """The headers of ``written()`` with some replaced, or left out where the value is None."""
    merged: dict[str, bytes | None] = {**dict(written()), **changed}
    return [(name, value) for name, value in merged.items() if value is not None]


def test_what_is_written_is_read_back() -> None:
    received = read(written(), body())
    assert received.event == comment()
    assert received.event_id == EVENT_ID
    assert received.traceparent == TRACE


def test_an_event_without_a_trace_has_none() -> None:
    assert "traceparent" not in dict(written(None))
    assert read(written(None), body()).traceparent is None


def test_a_newer_producers_field_is_passed_over() -> None:
    newer = json.dumps({**comment().model_dump(mode="json"), "mood": "worried"}).encode()
    assert read(headers(), newer).event == comment()


def test_the_cloudevents_library_reads_what_we_write() -> None:
    found = from_binary(KafkaMessage(dict(written()), None, body()), JSONFormat(), CloudEvent)
    assert found.get_id() == str(EVENT_ID)
    assert found.get_type() == "CommentReceived"
    assert found.get_source() == "/parley/test"
    assert found.get_subject() == "cmt_1"
    assert found.get_time() == NOW
    assert found.get_dataschema() == "urn:parley:event:CommentReceived:1"
    assert found.get_datacontenttype() == "application/json"
    assert found.get_extension("agency") == "water-board"
    assert CommentReceived.model_validate(found.get_data()) == comment()


def test_what_the_cloudevents_library_writes_is_read_by_us() -> None:
    theirs = CloudEvent(
        {
            "id": str(EVENT_ID),
            "source": "/elsewhere",
            "type": "CommentReceived",
            "specversion": "1.0",
            "dataschema": "urn:parley:event:CommentReceived:1",
            "datacontenttype": "application/json",
            "time": NOW,
            "agency": "water-board",
        },
        comment().model_dump(mode="json"),
    )
    message = to_binary(theirs, JSONFormat())
    assert isinstance(message.value, bytes | str)
    value = message.value if isinstance(message.value, bytes) else message.value.encode()
    received = read(list(message.headers.items()), value)
    assert received.event == comment()
    assert received.event_id == EVENT_ID


@pytest.mark.parametrize(
    ("code", "changed", "value"),
    [
        ("no_value", {}, None),
        ("invalid_data", {}, b'{"agency": '),
        ("invalid_data", {}, b"\xff\xfe"),
        ("invalid_data", {}, b"[]"),
        ("invalid_data", {}, b'{"agency": "water-board"}'),
        ("wrong_specversion", {"ce_specversion": b"0.3"}, b"{}"),
        ("unknown_type", {"ce_type": b"CommentSung"}, b"{}"),
        ("wrong_version", {"ce_dataschema": b"urn:parley:event:CommentReceived:2"}, b"{}"),
        ("wrong_version", {"ce_dataschema": b"urn:parley:event:CommentDeleted:1"}, b"{}"),
        ("invalid_id", {"ce_id": b"seven"}, b"{}"),
        ("no_attribute", {"ce_id": b"\xff"}, b"{}"),
        ("no_attribute", {"ce_id": None}, b"{}"),
        ("no_attribute", {"ce_type": None}, b"{}"),
        ("no_attribute", {"ce_specversion": None}, b"{}"),
        ("no_attribute", {"ce_dataschema": None}, b"{}"),
    ],
)
def test_a_poison_record_is_dead_with_a_code(code: str, changed: dict[str, bytes | None], value: bytes | None) -> None:
    with pytest.raises(Dead) as dead:
        read(headers(**changed), value)
    assert dead.value.code == code


def test_a_trace_that_is_not_text_is_dead_not_a_crash() -> None:
    with pytest.raises(Dead, match="no CommentReceived"):
        read(headers(traceparent=b"\xff\xfe"), body())


def test_the_reason_never_repeats_what_the_citizen_wrote() -> None:
    broken = json.dumps({**comment().model_dump(mode="json"), "revision": "canary words"}).encode()
    with pytest.raises(Dead) as dead:
        read(headers(), broken)
    assert "canary" not in str(dead.value)
