"""The subject of a letter on its way through a case: kept with its turn, shown to officers, given to the answer."""

from typing import Any

import pytest

from tests.policy.adapters.office import COMMS, COMPLAINT, DESK, DESK_2, DIVISION, Office, an_office
from tests.policy.adapters.test_transfers_api import WATER, opened, transferred
from tests.policy.builders import LATER, edited, received

pytestmark = pytest.mark.asyncio

SUBJECT = "Passport PA-1183"


async def shown(office: Office, case: str, who: str = DESK) -> list[Any]:
    """The subject line of each turn."""
    return [turn["subject_line"] for turn in (await office.policy.get(f"/v1/cases/{case}", who)).json()["turns"]]


async def released(office: Office) -> list[Any]:
    """The subject line that each released response goes out under."""
    rows = await office.policy.rows("SELECT payload FROM outbox WHERE type = 'ResponseApproved' ORDER BY seq")
    return [row.payload["subject_line"] for row in rows]


async def approved(office: Office, case: str, *officers: str) -> None:
    """Let these officers approve, of whom the last one releases the answer."""
    answers = [await office.approve(case, officer) for officer in officers or (DESK_2,)]
    assert answers[-1].json().get("state") == "released", answers[-1].text


async def test_the_answer_to_a_letter_is_given_its_subject() -> None:
    async with an_office() as office:
        case = await office.case(subject_line=SUBJECT)
        assert await shown(office, case) == [SUBJECT]
        await approved(office, case)
        assert await released(office) == [SUBJECT]


async def test_a_cleared_line_answers_under_the_subject_too() -> None:
    async with an_office() as office:
        await office.policy.receive(received("Good morning, when are you open?", subject_line=SUBJECT))
        assert await released(office) == [SUBJECT]


async def test_of_several_letters_the_one_that_is_answered_gives_the_subject() -> None:
    async with an_office() as office:
        await office.policy.receive(received(COMPLAINT, subject_line=SUBJECT))
        case = await office.case(subject_line="Re: Saturdays")
        assert await shown(office, case) == [SUBJECT, "Re: Saturdays"]
        await approved(office, case, COMMS, DIVISION)
        assert await released(office) == ["Re: Saturdays"]


async def test_what_has_no_subject_is_answered_without_one() -> None:
    async with an_office() as office:
        case = await office.case()
        assert await shown(office, case) == [None]
        await approved(office, case)
        assert await released(office) == [None]


async def test_personal_data_in_a_subject_is_masked_as_in_the_text() -> None:
    async with an_office() as office:
        case = await office.case(subject_line="Call 077 123 4567 about my passport")
        (line,) = await shown(office, case)
        assert "4567" not in line
        assert "about my passport" in line


async def test_a_subject_outlasts_an_edit_and_goes_along_to_another_agency() -> None:
    async with an_office() as office:
        case = await opened(office, COMPLAINT, subject_line=SUBJECT)
        await office.policy.receive(edited(f"{COMPLAINT}!", subject_line=SUBJECT), moment=LATER)
        assert set(await shown(office, case)) == {SUBJECT}
        there = await transferred(office, case)
        assert SUBJECT in await shown(office, there, WATER)
