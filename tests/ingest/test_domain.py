"""The small rules of ingest: revisions, statuses, text, language, rotation of secrets."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from services.ingest.domain.accounts import rotated
from services.ingest.domain.entries import (
    ORIGINAL,
    EditedComment,
    HiddenComment,
    NewComment,
    RemovedComment,
    ShownComment,
)
from services.ingest.domain.language import identify, is_tag
from services.ingest.domain.refusals import Unreadable
from services.ingest.domain.revisions import (
    Deleted,
    Edited,
    Known,
    Late,
    Nothing,
    Seen,
    born_revision,
    fold,
)
from services.ingest.domain.statuses import LADDER, Progress, Reply, combined
from services.ingest.domain.text import MOST_CHARACTERS, clean, clean_name, identifier
from services.ingest.platforms.json_body import timestamp, unix_seconds
from tests.ingest.support import NOW


def new(text: str = "first") -> NewComment:
    return NewComment("a", "1", "p", text, NOW)


def edit(text: str = "second", *, minutes: int = 1, key: str | None = None) -> EditedComment:
    at = NOW + timedelta(minutes=minutes)
    return EditedComment("a", "1", "p", text, NOW, revision=key or f"{minutes}:{text}", edited_at=at)


def known(text: str = "first") -> Known:
    return Known(1, ORIGINAL, frozenset({ORIGINAL}), None, text)


def test_an_original_enters_at_one_an_overtaking_edit_at_two() -> None:
    assert born_revision(new()) == 1
    assert born_revision(edit()) == 2
    assert born_revision(RemovedComment("a", "1", NOW)) == 0


def test_each_newer_edit_is_one_more() -> None:
    once = fold(known(), edit(minutes=1))
    assert isinstance(once, Edited)
    assert (once.known.revision, once.known.text) == (2, "second")
    twice = fold(once.known, edit("third", minutes=2))
    assert isinstance(twice, Edited)
    assert (twice.known.revision, twice.known.text) == (3, "third")


def test_a_repeat_is_nothing() -> None:
    assert fold(known(), new()) == Nothing()
    edited = fold(known(), edit())
    assert isinstance(edited, Edited)
    assert fold(edited.known, edit()) == Nothing()


def test_of_two_edits_in_one_second_the_later_to_arrive_wins() -> None:
    first = fold(known(), edit("one"))
    assert isinstance(first, Edited)
    second = fold(first.known, edit("two"))
    assert isinstance(second, Edited)
    assert second.known.text == "two"


def test_an_older_edit_only_enters_the_history() -> None:
    newest = fold(known(), edit("third", minutes=2))
    assert isinstance(newest, Edited)
    late = fold(newest.known, edit("second", minutes=1))
    assert isinstance(late, Late)
    assert late.revision is None
    assert fold(late.known, edit("second", minutes=1)) == Nothing()


def test_a_belated_original_only_enters_the_history_as_revision_one() -> None:
    overtaken = Known(2, "1:second", frozenset({"1:second"}), NOW, "second")
    late = fold(overtaken, new())
    assert isinstance(late, Late)
    assert late.revision == 1
    assert late.known.text == "second"


def test_a_deleted_comment_does_not_wake_up() -> None:
    gone = fold(known(), RemovedComment("a", "1", NOW))
    assert isinstance(gone, Deleted)
    assert fold(gone.known, RemovedComment("a", "1", NOW)) == Nothing()
    assert isinstance(fold(gone.known, edit()), Late)
    assert fold(gone.known, HiddenComment("a", "1", NOW)) == Nothing()


def test_hide_and_unhide_follow_each_other_as_often_as_they_come() -> None:
    state = known()
    for minute in range(4):
        at = NOW + timedelta(minutes=minute)
        change = ShownComment("a", "1", at) if state.hidden else HiddenComment("a", "1", at)
        seen = fold(state, change)
        assert isinstance(seen, Seen)
        assert seen.known.revision == 1
        assert fold(seen.known, change) == Nothing()
        state = seen.known


def test_a_late_repeat_of_a_hide_that_was_taken_back_hides_nothing() -> None:
    state = replace(known(), hidden=False, hidden_at=NOW + timedelta(minutes=1))
    assert fold(state, HiddenComment("a", "1", NOW)) == Nothing()


REPLY = Reply("We open at 8.", "en", "res_1", NOW)


def test_facts_about_a_comment_end_alike_in_every_order() -> None:
    facts = [
        Progress("c", "routed", "case_1"),
        Progress("c", "closed", "case_1"),
        Progress("c", "answered", "case_1", REPLY),
    ]
    for order in permutations(facts):
        assert combined(order) == [Progress("c", "answered", "case_1", REPLY)]


def test_deletion_stands_highest_and_receipt_lowest() -> None:
    assert LADDER[0] == "received"
    assert LADDER[-1] == "deleted"


def test_the_newest_reply_is_the_reply() -> None:
    later = replace(REPLY, text="Corrected", published_at=NOW + timedelta(hours=1))
    for order in permutations([Progress("c", "answered", None, REPLY), Progress("c", "answered", None, later)]):
        assert combined(order)[0].reply == later


def test_facts_are_sorted_by_comment_so_that_locks_are_too() -> None:
    found = combined([Progress("b", "routed"), Progress("a", "routed"), Progress("b", "closed")])
    assert [(fact.comment, fact.status) for fact in found] == [("a", "routed"), ("b", "closed")]


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\u2028b\u2029c\x85d", "a\nb\nc\nd"),
        ("e\u0301", "é"),
        ("ශ්‍රී", "ශ්‍රී"),
        ("nul\x00 here", "nul here"),
        ("half \ud83d pair", "half  pair"),
        ("🙂", "🙂"),
        ("x" * (MOST_CHARACTERS + 5), "x" * MOST_CHARACTERS),
    ],
)
def test_text_has_one_form(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


def test_a_name_is_one_line_of_bearable_length() -> None:
    assert clean_name("  Nimal \n Perera ") == "Nimal Perera"
    assert clean_name("") is None
    assert clean_name(7) is None
    assert len(clean_name("x" * 1000) or "") == 256


def test_an_id_keeps_every_digit() -> None:
    assert identifier(9007199254740993) == "9007199254740993"
    assert identifier("0042") == "0042"
    assert identifier(None) is None
    assert identifier("") is None


@pytest.mark.parametrize("value", [1.5, True, [], {}, "x" * 257, "a\x00", "\ud800"])
def test_what_cannot_be_an_id_is_unreadable(value: object) -> None:
    with pytest.raises(Unreadable):
        identifier(value)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("When do you open?", "en"),
        ("කාර්යාලය විවෘතද?", "si"),
        ("அலுவலகம் திறந்திருக்கிறதா?", "ta"),
        ("passport එක ගන්නේ කොහොමද කියලා කියන්න", "si"),
        ("Когда вы открываетесь?", None),
        ("12:30 !!!", None),
        ("🙂🙂", None),
        ("", None),
    ],
)
def test_the_script_tells_the_language(text: str, tag: str | None) -> None:
    found = identify(text)
    assert (found.tag if found else None) == tag


def test_language_tags_have_a_shape() -> None:
    assert is_tag("si")
    assert is_tag("zh-Hant-TW")
    assert not is_tag("<script>")
    assert not is_tag("")


def test_two_generations_of_secrets_live_at_once() -> None:
    one, two, three = {"secret": "1"}, {"secret": "2"}, {"secret": "3"}
    assert rotated((one,), two) == (two, one)
    assert rotated((two, one), three) == (three, two)
    assert rotated((two, one), two) == (two, one)


def test_marks_piled_on_one_letter_are_cut_where_they_would_take_long() -> None:
    piled = "a" + "\u0316\u0301" * 15_000 + "b"
    assert len(clean(piled)) <= 32
    assert clean(piled).endswith("b")
    assert clean("a" + "\u0301" * 20) == "á" + "\u0301" * 19
    written = "ශ්‍රී ලංකා ජල සම්පාදන මණ්ඩලය " * 100
    assert clean(written) == written


@pytest.mark.parametrize("told", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_nobody_can_have_meant_is_none(told: str) -> None:
    assert timestamp(told) is None
    assert unix_seconds(-1) is None
    assert unix_seconds(253_402_300_799) is None
