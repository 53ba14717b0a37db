"""Secrets at rest open only with their key and only for their owner."""

import base64

import pytest

from shared.secrets import Seal, WrongKey

KEY = bytes(range(32))


def test_a_sealed_secret_opens_for_its_owner() -> None:
    sealed = Seal(KEY).seal(b"page-token", "acc_1")
    assert Seal(KEY).open(sealed, "acc_1") == b"page-token"


def test_the_plaintext_is_not_in_the_sealed_bytes() -> None:
    assert b"page-token" not in Seal(KEY).seal(b"page-token", "acc_1")


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    seal = Seal(KEY)
    assert seal.seal(b"page-token", "acc_1") != seal.seal(b"page-token", "acc_1")


def test_a_secret_copied_to_another_account_does_not_open() -> None:
    sealed = Seal(KEY).seal(b"page-token", "acc_1")
    with pytest.raises(WrongKey, match="another key or for another owner"):
        Seal(KEY).open(sealed, "acc_2")


def test_another_key_does_not_open() -> None:
    sealed = Seal(KEY).seal(b"page-token", "acc_1")
    with pytest.raises(WrongKey):
        Seal(bytes(32)).open(sealed, "acc_1")


@pytest.mark.parametrize("damaged", [b"", b"short", bytes(40)])
def test_damaged_bytes_do_not_open(damaged: bytes) -> None:
    with pytest.raises(WrongKey):
        Seal(KEY).open(damaged, "acc_1")


def test_every_flipped_bit_is_noticed() -> None:
    sealed = Seal(KEY).seal(b"x", "acc_1")
    for at in range(len(sealed)):
        flipped = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(WrongKey):
            Seal(KEY).open(flipped, "acc_1")


def test_a_key_comes_in_base64() -> None:
    sealed = Seal.from_base64(base64.b64encode(KEY).decode()).seal(b"x", "acc_1")
    assert Seal(KEY).open(sealed, "acc_1") == b"x"


@pytest.mark.parametrize("key", ["", "not base64!", base64.b64encode(b"short").decode()])
def test_a_wrong_key_is_refused_at_once_without_being_repeated(key: str) -> None:
    with pytest.raises(ValueError, match="the key that seals secrets must be") as refused:
        Seal.from_base64(key)
    assert not key or key not in str(refused.value)


def test_what_an_older_key_sealed_opens_and_the_newest_seals() -> None:
    newest = bytes(range(32, 64))
    rotated = Seal(newest, KEY)
    assert rotated.open(Seal(KEY).seal(b"page-token", "acc_1"), "acc_1") == b"page-token"
    assert Seal(newest).open(rotated.seal(b"page-token", "acc_1"), "acc_1") == b"page-token"
    with pytest.raises(WrongKey):
        rotated.open(Seal(bytes(32)).seal(b"page-token", "acc_1"), "acc_1")


def test_an_older_secret_is_sealed_anew_for_its_owner_once() -> None:
    newest = bytes(range(32, 64))
    rotated = Seal(newest, KEY)
    anew = rotated.anew(Seal(KEY).seal(b"page-token", "acc_1"), "acc_1")
    assert anew is not None
    assert Seal(newest).open(anew, "acc_1") == b"page-token"
    assert rotated.anew(anew, "acc_1") is None
    with pytest.raises(WrongKey):
        rotated.anew(Seal(KEY).seal(b"page-token", "acc_1"), "acc_2")


@pytest.mark.parametrize(("older", "rotated"), [((), False), ((KEY,), False), ((bytes(32),), True)])
def test_a_seal_knows_whether_there_is_anything_to_seal_anew(older: tuple[bytes, ...], rotated: bool) -> None:
    assert Seal(KEY, *older).is_being_rotated is rotated


def test_a_wrong_older_key_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="must be 32 bytes"):
        Seal.from_base64(base64.b64encode(KEY).decode(), base64.b64encode(b"short").decode())
