"""Signatures against the standard's own vector and against openssl, and everything that is none."""

from __future__ import annotations

import base64
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.core import signed
from amends.core.signed import Envelope, NotASecret

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PUBLISHED = Envelope(
    "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)
"""The vector that the standard's own libraries are tested with."""
BODY = b'{"test": 2432232314}'
THEN = datetime.fromtimestamp(1614265330, UTC)
KEY = signed.key_of(SECRET)


def test_the_published_vector() -> None:
    assert signed.is_signed([KEY], PUBLISHED, BODY)
    assert signed.sign(KEY, PUBLISHED.id, THEN, BODY) == PUBLISHED


# Made by `openssl dgst -sha256 -mac HMAC -macopt hexkey:… -binary | base64`, with nothing of ours.
BY_OPENSSL = [
    ("00" * 24, "a", 0, b"", "bgTtLRZwJ7Vl4qiHkyGQ/EK5IJ9kqBwQsfukbZGFDAQ="),
    (
        "ff" * 64,
        "msg.with.dots",
        1772625600,
        b"Gr\xc3\xbc\xc3\x9fe",
        "EvJa87efenqXUB4pU64+JaW3/7vpZO4cVS7u8FnCQug=",
    ),
]


@pytest.mark.parametrize(("key", "message_id", "at", "body", "expected"), BY_OPENSSL)
def test_vectors_that_openssl_made(key: str, message_id: str, at: int, body: bytes, expected: str) -> None:
    made = signed.sign(bytes.fromhex(key), message_id, datetime.fromtimestamp(at, UTC), body)
    assert made.signatures == f"v1,{expected}"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("body", [b"", b"{}", bytes(range(256)), b"x" * 100_000])
def test_openssl_makes_the_same_of_any_bytes(body: bytes) -> None:
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{KEY.hex()}", "-binary"]
    made = subprocess.run(command, input=b"m-1.1614265330." + body, capture_output=True, check=True).stdout
    assert signed.sign(KEY, "m-1", THEN, body).signatures == "v1," + base64.b64encode(made).decode()


WRONG = [
    replace(PUBLISHED, id="msg_other"),
    replace(PUBLISHED, timestamp="1614265331"),
    replace(PUBLISHED, signatures=PUBLISHED.signatures.replace("v1,", "v1a,")),
    replace(PUBLISHED, signatures=PUBLISHED.signatures.removeprefix("v1,")),
    replace(PUBLISHED, signatures=PUBLISHED.signatures[:-1]),
    replace(PUBLISHED, signatures="v1,"),
    replace(PUBLISHED, signatures="v1,\udcff\u00e9"),
    replace(PUBLISHED, signatures=""),
]


@pytest.mark.parametrize("envelope", WRONG)
def test_one_thing_wrong_is_enough(envelope: Envelope) -> None:
    assert not signed.is_signed([KEY], envelope, BODY)


def test_another_body_another_key_and_no_key_are_not_signed() -> None:
    assert not signed.is_signed([KEY], PUBLISHED, BODY + b" ")
    assert not signed.is_signed([b"x" * 24], PUBLISHED, BODY)
    assert not signed.is_signed([], PUBLISHED, BODY)


def test_one_of_several_signatures_and_of_several_keys_is_enough() -> None:
    others = "v1,AAAA v2,BBBB " + PUBLISHED.signatures + " v1,CCCC"
    assert signed.is_signed([b"y" * 24, KEY], replace(PUBLISHED, signatures=others), BODY)


def test_of_endless_signatures_only_the_first_are_looked_at() -> None:
    many = "v1,AAAA " * signed.MOST_SIGNATURES + PUBLISHED.signatures
    assert not signed.is_signed([KEY], replace(PUBLISHED, signatures=many), BODY)


@pytest.mark.parametrize(
    ("off", "timely"), [(0, True), (300, True), (-300, True), (301, False), (-301, False), (10**9, False)]
)
def test_the_time_may_be_five_minutes_off(off: int, timely: bool) -> None:
    assert signed.is_timely(PUBLISHED, THEN + timedelta(seconds=off)) is timely


@pytest.mark.parametrize(
    "spelled", ["", " ", "x", "-1614265330", "1614265330.0", "1614265330 ", "١٦١٤٢٦٥٣٣٠", "9" * 5000, "1e9"]
)
def test_a_time_that_is_none_is_not_timely(spelled: str) -> None:
    assert not signed.is_timely(replace(PUBLISHED, timestamp=spelled), THEN)


def test_without_id_or_signature_nothing_is_timely() -> None:
    for broken in (replace(PUBLISHED, id=""), replace(PUBLISHED, id="x" * 257), WRONG[-1]):
        assert not signed.is_timely(broken, THEN)


def test_the_repr_shows_no_signature() -> None:
    assert "g0hM9" not in repr(PUBLISHED)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "whsec_!", "whsec_" + "A" * 200, "whsec_é"])
def test_secrets_that_are_none(secret: str) -> None:
    with pytest.raises(NotASecret) as caught:
        signed.key_of(secret)
    assert secret.removeprefix("whsec_") not in str(caught.value) or len(secret) < 8


@given(key=st.binary(min_size=24, max_size=64), body=st.binary(max_size=200), message_id=st.text(max_size=20))
def test_what_is_signed_holds_and_what_is_changed_does_not(key: bytes, body: bytes, message_id: str) -> None:
    assert signed.key_of(signed.spelled(key)) == key
    made = signed.sign(key, message_id, THEN, body)
    assert signed.is_signed([key], made, body)
    assert not signed.is_signed([key], made, body + b"\0")


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=80), st.binary(max_size=40))
def test_any_headers_are_looked_at_without_a_fault(a: str, b: str, c: str, body: bytes) -> None:
    envelope = Envelope(a, b, c)
    assert signed.is_timely(envelope, THEN) in (True, False)
    assert not signed.is_signed([KEY], envelope, body)
