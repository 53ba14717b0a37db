"""The letter that answers a mail: from whom, to whom, in which thread, and when there is none."""

from typing import Any

import pytest

from services.publisher.adapters.platforms.email import SUBJECTS, Letter, letter_of, subject_of
from services.publisher.domain.outcomes import Refused
from services.publisher.domain.publications import Publication
from services.publisher.ports import Credentials
from tests.publisher.builders import a_publication

PLAIN = Credentials("token", "http://127.0.0.1:1")
COMMENT = "cmt_" + "0a" * 16


def an_answer(**changes: Any) -> Publication:
    return a_publication(
        **{
            "platform": "postmark",
            "account": "Info@Passports.example",
            "thread": "root@mail.example",
            "reply_to": "second@mail.example",
            "mention": "nimal@mail.example",
            "comments": ("cmt_1", COMMENT),
            "public": False,
            **changes,
        }
    )


def the_letter(publication: Publication, credentials: Credentials = PLAIN) -> Letter:
    letter = letter_of(publication, credentials)
    assert isinstance(letter, Letter)
    return letter


def test_a_letter_goes_from_the_account_to_the_author_in_their_thread() -> None:
    publication = an_answer()
    letter = the_letter(publication)
    assert (letter.sender, letter.recipient) == ("Info@Passports.example", "nimal@mail.example")
    assert letter.message_id == f"{publication.publication}@passports.example"
    assert dict(letter.headers) == {
        "Message-ID": f"<{publication.publication}@passports.example>",
        "In-Reply-To": "<second@mail.example>",
        "References": "<root@mail.example> <second@mail.example>",
    }


def test_each_part_has_a_message_id_of_its_own_and_each_attempt_the_same() -> None:
    publication = an_answer()
    second = an_answer(publication=publication.publication, part=2)
    assert the_letter(publication).message_id == the_letter(publication).message_id
    assert the_letter(second).message_id == f"{publication.publication}.2@passports.example"


def test_an_answer_to_the_first_mail_names_it_once() -> None:
    headers = dict(the_letter(an_answer(reply_to="root@mail.example")).headers)
    assert headers["References"] == "<root@mail.example>"


@pytest.mark.parametrize("no_message_id", ["7f3c0f7e-8f2b-4b8e-9d8a-1f2e3d4c5b6a", "a b@c", "a@b>\r\nBcc: x@y", ""])
def test_what_is_no_message_id_stands_in_no_header(no_message_id: str) -> None:
    headers = dict(the_letter(an_answer(thread=no_message_id, reply_to=no_message_id)).headers)
    assert set(headers) == {"Message-ID"}


@pytest.mark.parametrize(
    ("purpose", "automatic"), [("acknowledgement", True), ("holding", True), ("answer", False), ("closing", False)]
)
def test_only_what_goes_out_by_itself_says_that_it_does(purpose: str, automatic: bool) -> None:
    headers = dict(the_letter(an_answer(purpose=purpose)).headers)
    assert headers.get("Auto-Submitted") == ("auto-replied" if automatic else None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mention": None}, "not_possible"),
        ({"mention": "unknown"}, "not_possible"),
        ({"mention": "nimal@mail.example, all@mail.example"}, "not_possible"),
        ({"mention": "nimal@mail.example\r\nBcc: x@y.example"}, "not_possible"),
        ({"mention": "info@passports.example"}, "rejected"),
        ({"mention": "info+cmt_1@passports.example"}, "rejected"),
        ({"mention": "noreply@mail.example"}, "rejected"),
        ({"mention": "no-reply+7@mail.example"}, "rejected"),
        ({"mention": "MAILER-DAEMON@mail.example"}, "rejected"),
        ({"mention": "bounces+12=x@mail.example"}, "rejected"),
        ({"account": "a-server"}, "not_permitted"),
    ],
)
def test_no_letter_goes_to_nobody_to_a_machine_or_to_ourselves(changes: dict[str, Any], reason: str) -> None:
    refused = letter_of(an_answer(**changes), PLAIN)
    assert isinstance(refused, Refused)
    assert refused.reason == reason


def test_people_whose_address_begins_like_a_machines_are_answered() -> None:
    assert the_letter(an_answer(mention="bouncer@mail.example")).recipient == "bouncer@mail.example"


def test_a_letter_has_the_subject_of_the_mail_that_it_answers() -> None:
    assert the_letter(an_answer(subject_line="Passport PA-1183 තවම නැහැ")).subject == "Re: Passport PA-1183 තවම නැහැ"
    assert the_letter(an_answer(subject_line="RE: Passport")).subject == "Re: Passport"


def test_nothing_in_a_subject_becomes_a_header_of_its_own() -> None:
    letter = the_letter(an_answer(subject_line="Passport\r\nBcc: all@mail.example\u2028X: y"))
    assert letter.subject == "Re: Passport Bcc: all@mail.example X: y"


@pytest.mark.parametrize("nothing", [None, "", "Re: ", "\r\n"])
def test_a_mail_without_a_subject_is_answered_by_a_neutral_one(nothing: str | None) -> None:
    assert the_letter(an_answer(subject_line=nothing, language="si")).subject == SUBJECTS["si"]


@pytest.mark.parametrize(
    ("language", "word"), [("si-LK", "පණිවිඩය"), ("ta", "செய்தி"), ("en", "message"), (None, "message")]
)
def test_a_neutral_subject_is_in_the_replys_language(language: str | None, word: str) -> None:
    assert word in subject_of(None, language)
    assert subject_of(None, language).startswith("Re: ")


def test_a_language_without_a_subject_gets_the_english_one() -> None:
    assert subject_of(None, "fr") == subject_of(None, "en")


def test_an_account_may_name_an_address_for_answers_that_keeps_the_thread() -> None:
    named = Credentials("token", "http://127.0.0.1:1", secrets={"reply_to": "box@inbound.example"})
    assert the_letter(an_answer(), named).reply_to == f"box+{COMMENT}@inbound.example"
    assert the_letter(an_answer()).reply_to is None
    assert the_letter(an_answer(comments=("something-else",)), named).reply_to is None
