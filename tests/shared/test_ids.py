"""Ids tell what they name and when it was born; accounts have one id everywhere."""

import time
from datetime import UTC, datetime
from uuid import RFC_4122

import pytest

from shared.ids import account_id, birth, new_id, uuid7


def test_an_id_begins_with_its_noun() -> None:
    prefix, _, rest = new_id("cmt").partition("_")
    assert prefix == "cmt"
    assert len(rest) == 32
    assert int(rest, 16)


def test_uuids_are_of_version_7() -> None:
    born = uuid7()
    assert born.version == 7
    assert born.variant == RFC_4122
    assert abs((born.int >> 80) / 1000 - time.time()) < 5


def test_an_id_tells_when_it_was_born() -> None:
    assert birth("pub_019aa3f2c1e47c55a0f3b2d98e6f1a07") == datetime(2025, 11, 21, 1, 6, 26, 916000, UTC)
    assert abs((birth(new_id("pub")) - datetime.now(UTC)).total_seconds()) < 5


@pytest.mark.parametrize("identifier", ["pub_1", "", "pub_3f2504e04f8941d39a0c0305e82c3301"])
def test_what_is_no_id_of_ours_was_never_born(identifier: str) -> None:
    with pytest.raises(ValueError, match=r"id|hexadecimal"):
        birth(identifier)


def test_later_ids_sort_after_earlier_ones() -> None:
    earlier = new_id("case")
    time.sleep(0.002)
    assert earlier < new_id("case")


def test_no_two_ids_are_the_same() -> None:
    assert len({uuid7() for _ in range(10_000)}) == 10_000


def test_an_account_has_the_same_id_in_every_service() -> None:
    assert account_id("facebook", "110") == account_id("facebook", "110")
    assert account_id("facebook", "110").startswith("acc_")


def test_accounts_that_differ_in_anything_have_other_ids() -> None:
    ids = {
        account_id("facebook", "110"),
        account_id("mastodon", "110"),
        account_id("facebook", "111"),
        account_id("facebook", "11", "0"),
        account_id("facebook", "110", "passports"),
        account_id("facebook1", "10"),
    }
    assert len(ids) == 6
