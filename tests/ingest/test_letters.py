"""The subject of a letter, over the whole service: in its row, in its event and for those who read comments."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.ingest.support import PAYLOADS, Ingest, running_ingest
from tests.support.senders import SENDERS

pytestmark = pytest.mark.asyncio

POSTMARK = SENDERS["postmark"]
BODY: dict[str, Any] = json.loads((PAYLOADS / "postmark" / "new.json").read_text())


async def write(ingest: Ingest, **changes: Any) -> None:
    """A citizen's mail, as Postmark hands it over."""
    body, headers = POSTMARK.send(json.dumps({**BODY, **changes}).encode())
    answer = await ingest.http.post(f"/webhooks/postmark/{quote(POSTMARK.account)}", content=body, headers=headers)
    assert answer.status_code == 200, answer.text


async def read(ingest: Ingest) -> list[Any]:
    """The subject lines of all comments, the newest first."""
    answer = await ingest.http.get("/v1/comments", headers=ingest.bearer())
    return [one["subject_line"] for one in answer.json()["items"]]


async def test_the_subject_of_a_letter_is_told_kept_and_shown() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("postmark", POSTMARK.account)
        await write(ingest, Subject="Water\r\nin Galle")
        (told,) = [told for kind, told in await ingest.events() if kind == "CommentReceived"]
        assert told["subject_line"] == "Water in Galle"
        assert told["text"].startswith("Water in Galle\n")
        assert await ingest.rows("SELECT subject_line FROM comment") == [("Water in Galle",)]
        assert await read(ingest) == ["Water in Galle"]


async def test_a_letter_without_a_subject_has_none() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("postmark", POSTMARK.account)
        await write(ingest, Subject="")
        assert await read(ingest) == [None]


async def test_the_largest_letter_that_can_be_written_is_a_comment() -> None:
    hostile = "\x01" * 60_000
    person = "\U0001f6c2" * 240
    attached = {"Name": "\U0001f6c2" * 200, "ContentType": "x/" + "y" * 98}
    worded = {"Name": hostile[:200], "ContentType": hostile[:200]}
    ids = {
        "Message-ID": f"<1{person}@x>",
        "References": f"<2{person}@x> <3{person}@x>",
        "In-Reply-To": f"<4{person}@x>",
    }
    async with running_ingest() as ingest:
        await ingest.connect("postmark", POSTMARK.account)
        for number, attachment in enumerate((attached, worded)):
            await write(
                ingest,
                FromFull={"Email": f"{person}@x", "Name": hostile},
                Subject='"' * 2_000,
                TextBody=f"{number}{hostile}",
                Attachments=[attachment] * 30,
                Headers=[{"Name": name, "Value": value.replace("@", f"{number}@")} for name, value in ids.items()],
            )
        assert await ingest.count("comment") == 2
        assert await ingest.count("dead_letter") == 0


async def test_what_comes_over_the_api_has_no_subject() -> None:
    async with running_ingest() as ingest:
        comment = {
            "agency": "passports",
            "text": "When do you open?",
            "author": {"id": "p1"},
            "callback": "https://x.lk/",
        }
        assert (await ingest.post_comment(comment)).json()["subject_line"] is None
        assert (await ingest.events())[-1][1]["subject_line"] is None
