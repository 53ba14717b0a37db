"""Signatures: what the public library of Standard Webhooks makes of ours, and keys that are written as it says."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from services.publisher.domain.signing import SECRET_BYTES, Key, NoKey, algorithms, headers


@given(st.binary(max_size=500), st.integers(1, 6))
def test_every_live_secret_verifies_with_the_public_library(body: bytes, number: int) -> None:
    keys = [Key.new("hmac-sha256") for _ in range(number)]
    text = b'{"x": "' + body.hex().encode() + b'"}'
    signed = headers(keys, "evt_1", datetime.now(UTC), text)
    assert len(signed["webhook-signature"].split(" ")) == number
    for key in keys:
        assert Webhook(key.text).verify(text, signed) == {"x": body.hex()}


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of the specification's reference libraries: a secret of theirs is 24 bytes, ours are 32.
    key = Key.read("whsec_" + base64.b64encode(b"0" * 32).decode())
    signed = headers([key], "msg_1", datetime(2026, 1, 1, tzinfo=UTC), b'{"test": 2432232314}')
    theirs = Webhook(key.text).sign("msg_1", datetime(2026, 1, 1, tzinfo=UTC), '{"test": 2432232314}')
    assert signed == {"webhook-id": "msg_1", "webhook-timestamp": "1767225600", "webhook-signature": theirs}


def test_an_ed25519_signature_verifies_with_the_public_half_alone() -> None:
    key = Key.new("ed25519")
    signed = headers([key], "evt_1", datetime(2026, 1, 1, tzinfo=UTC), b"{}")
    version, _, encoded = signed["webhook-signature"].partition(",")
    assert (version, key.text[:5], (key.public or "")[:5]) == ("v1a", "whsk_", "whpk_")
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode((key.public or "")[5:]))
    public.verify(base64.b64decode(encoded), b"evt_1.1767225600.{}")
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(encoded), b"evt_2.1767225600.{}")


def test_both_kinds_stand_side_by_side_and_the_symmetric_one_verifies() -> None:
    keys = [Key.new(algorithm) for algorithm in algorithms("both")]
    signed = headers(keys, "evt_1", datetime.now(UTC), b"{}")
    assert [entry.partition(",")[0] for entry in signed["webhook-signature"].split(" ")] == ["v1", "v1a"]
    assert Webhook(keys[0].text).verify(b"{}", signed) == {}


def test_a_new_attempt_has_the_same_id_and_another_time() -> None:
    key, at = Key.new("hmac-sha256"), datetime.now(UTC)
    first, second = (headers([key], "evt_1", moment, b"{}") for moment in (at, at + timedelta(minutes=5)))
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-timestamp"] != second["webhook-timestamp"]
    assert first["webhook-signature"] != second["webhook-signature"]


def test_a_secret_is_32_random_bytes_and_hides_itself() -> None:
    texts = {Key.new("hmac-sha256").text for _ in range(50)}
    assert len(texts) == 50
    assert {len(base64.b64decode(text[6:])) for text in texts} == {SECRET_BYTES}
    key = Key.new("hmac-sha256")
    assert key.text not in repr(key)
    assert key.text[6:] not in repr(key)


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_!!", "whsec_AAAA", "whpk_" + "A" * 43 + "=", "A" * 44])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(NoKey):
        Key.read(text)


def test_nothing_goes_out_unsigned() -> None:
    with pytest.raises(NoKey):
        headers([], "evt_1", datetime.now(UTC), b"{}")
