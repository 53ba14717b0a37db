"""Ids tell what they name and when it was born; accounts have one id everywhere."""

import time
from uuid import RFC_4122

from shared.ids import account_id, new_id, uuid7


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
