"""The cookie: nothing but what we signed is a credential, and nothing in Redis is a cookie."""

import hmac
import secrets
import string
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dvauth.sessions import cookie as cookies
from dvauth.sessions.check import Active, Anonymous, Cause
from dvauth.sessions.cookie import CookieSigner, fingerprint, new_ref, new_secret
from dvauth.sessions.keys import bucket_of
from dvauth.sessions.record import CENTRAL, SessionRef

OLD, NEW = "an old key for tests: 0123456789abcdef", "a new key for tests: 0123456789abcdef"
SIGNER = CookieSigner([NEW])
SECRET = "Hk1w1kR4sWw7vVb1rTPnSx2y0b5ZC9o8dG6fJ3qLmNE"
VALID = SIGNER.sign(SessionRef("7f", "p7QxAbCdEfGhIjKl"), SECRET)
SIGNS = string.ascii_letters + string.digits + "-_.=~ \x00\n"


@st.composite
def almost_valid(draw: Any) -> str:
    """A cookie of ours with one thing wrong."""
    at = draw(st.integers(0, len(VALID) - 1))
    sign = draw(st.one_of(st.sampled_from(SIGNS), st.characters()))
    return draw(
        st.sampled_from(
            (
                VALID[:at] + sign + VALID[at + 1 :],
                VALID[:at] + sign + VALID[at:],
                VALID[:at] + VALID[at + 1 :],
                VALID[:at],
                VALID[at + 1 :],
                VALID[at:] + VALID[:at],
                VALID[:at] + VALID[at:].swapcase(),
                VALID + sign,
                VALID + VALID,
                VALID + "." + VALID,
            )
        )
    )


def test_signed_cookie_names_the_session_and_the_digest_of_its_secret() -> None:
    credential = SIGNER.read(VALID)
    assert credential is not None
    assert credential.ref == SessionRef("7f", "p7QxAbCdEfGhIjKl")
    assert credential.digest == fingerprint(SECRET)
    assert len(credential.digest) == 32


@given(st.one_of(st.none(), st.text(), st.text(SIGNS, max_size=200), st.text(min_size=200, max_size=9000)))
@example("a" * 8192)
@example(VALID + "\x00")
@example(VALID + "\n")
@example(VALID.replace(".", "\N{FULLWIDTH FULL STOP}"))
@pytest.mark.proves("SM6", "AT9", "AT17")
def test_any_text_is_no_credential_and_no_error(value: str | None) -> None:
    assert SIGNER.read(value) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_no_credential_and_no_error(raw: bytes) -> None:
    assert SIGNER.read(raw.decode("latin-1")) is None
    assert SIGNER.read(raw.decode("utf-8", "surrogateescape")) is None


@given(almost_valid())
@pytest.mark.proves("SM2", "SM6", "AT17")
def test_changed_cookie_is_no_credential(value: str) -> None:
    assert (SIGNER.read(value) is None) is (value != VALID)


@pytest.mark.proves("SM2")
def test_no_other_last_sign_is_as_good() -> None:
    """The last sign of the signature carries two bits that Base64 ignores."""
    assert [sign for sign in SIGNS if SIGNER.read(VALID[:-1] + sign)] == [VALID[-1]]


@pytest.mark.parametrize("value", ["7f.p7QxAbCdEfGhIjKl", "", f"7F.p7QxAbCdEfGhIjKl.{SECRET}", "a" * 200])
def test_even_what_we_signed_must_have_the_shape(value: str) -> None:
    assert SIGNER.read(SIGNER._signer.sign(value).decode()) is None


def test_signature_is_hmac_sha256_with_a_key_for_cookies_alone() -> None:
    key = hmac.digest(NEW.encode(), b"dvauth.cookie", "sha256")
    value, _, signature = CookieSigner([NEW]).sign(SessionRef("7f", "p7QxAbCdEfGhIjKl"), SECRET).rpartition(".")
    assert urlsafe_b64decode(signature + "=") == hmac.digest(key, value.encode(), "sha256")


def test_longest_cookie_is_longer_than_ours() -> None:
    assert len(VALID) < cookies.LONGEST_COOKIE


@pytest.mark.proves("AT13", "CF2")
def test_old_key_verifies_the_new_one_signs_and_a_dropped_one_does_neither() -> None:
    ref = new_ref("alice0000001")
    by_old, both = CookieSigner([OLD]).sign(ref, SECRET), CookieSigner([NEW, OLD])
    read = both.read(by_old)
    assert read is not None
    assert read.ref == ref
    by_both = both.sign(ref, SECRET)
    assert by_both == CookieSigner([NEW]).sign(ref, SECRET)
    assert CookieSigner([OLD]).read(by_both) is None
    assert CookieSigner([NEW]).read(by_old) is None


@pytest.mark.proves("SM1")
def test_secrets_are_256_random_bits_and_ids_96() -> None:
    drawn = [new_secret() for _ in range(10_000)]
    assert len(set(drawn)) == len(drawn)
    assert {len(urlsafe_b64decode(secret + "=")) for secret in drawn} == {32}
    ids = {new_ref("alice0000001").session_id for _ in range(10_000)}
    assert len(ids) == 10_000
    assert {len(urlsafe_b64decode(session_id)) for session_id in ids} == {12}


@pytest.mark.proves("SM1")
def test_secrets_come_from_the_systems_random_source_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_bytes", lambda size: b"\x00" * size)
    assert new_secret() == "A" * 43
    assert new_ref("alice0000001").session_id == "A" * 16


def test_bucket_is_the_accounts_and_spreads_accounts_evenly() -> None:
    assert new_ref("alice0000001").bucket == new_ref("alice0000001").bucket == bucket_of("alice0000001")
    assert len({bucket_of(f"account{number}") for number in range(5000)}) == 256


def everything(redis: Any) -> bytes:
    """All keys and values of a Redis, as a thief would find them."""
    read = {b"hash": redis.hgetall, b"string": redis.get, b"stream": redis.xrange}
    found = [(key, read.get(redis.type(key), lambda key: redis.zrange(key, 0, -1))(key)) for key in redis.scan_iter()]
    return repr(found).encode() + b"".join(redis.dump(key) for key, _ in found)


@pytest.mark.proves("SM8")
def test_dump_of_redis_holds_no_cookie_and_no_secret(desk: Any) -> None:
    opened = desk.open()
    cookie = desk.keeper.rotate(opened.cookie)
    at_portal = desk.attach(cookie, desk.news)
    stolen = everything(desk.connection.client)
    assert opened.record.ref.session_id.encode() in stolen
    for value in (opened.cookie, cookie, at_portal):
        secret, signature = value.split(".")[2:]
        for part in (value, secret, signature):
            assert part.encode() not in stolen
        assert urlsafe_b64decode(secret + "=") not in stolen


@pytest.mark.proves("SM8", "SM4", "AT1")
def test_nothing_in_redis_opens_anything(desk: Any) -> None:
    opened = desk.open()
    redis, ref = desk.connection.client, opened.record.ref
    digest = redis.hget(f"dvauth:{{{ref.bucket}}}:session:{ref.session_id}", "s").hex()
    for value in (*(key.decode() for key in redis.scan_iter()), ref.session_id, digest, f"{ref.bucket}.{digest}"):
        assert isinstance(desk.keeper.check(value), Anonymous)


@pytest.mark.proves("SM4", "AT1")
def test_well_formed_cookie_of_no_session_is_nobody_and_never_adopted(desk: Any) -> None:
    never_issued = desk.signer.sign(new_ref(desk.alice.account_id), new_secret())
    assert isinstance(desk.keeper.check(never_issued, activity=True), Anonymous)
    assert isinstance(desk.keeper.keep_alive(never_issued, CENTRAL, Cause.PROMPT), Anonymous)
    assert desk.keeper.rotate(never_issued) is None
    assert desk.connection.client.dbsize() == 0


def calls(redis: Any) -> dict[str, int]:
    return {name: stats["calls"] for name, stats in redis.info("commandstats").items() if name != "cmdstat_info"}


@pytest.mark.proves("AT17", "SM6")
def test_forged_cookies_cost_redis_nothing(desk: Any) -> None:
    valid = desk.open().cookie
    redis = desk.connection.client
    before = calls(redis)
    for value in (None, "", "x" * 8192, valid[:-1], valid + "A", valid.lower(), VALID, "Phiên đăng nhập"):
        assert isinstance(desk.keeper.check(value, activity=True), Anonymous)
        assert isinstance(desk.keeper.keep_alive(value, CENTRAL, Cause.INPUT), Anonymous)
        assert desk.keeper.rotate(value) is None
    assert calls(redis) == before


def test_check_of_a_live_session_is_one_command_and_keep_alive_two(desk: Any) -> None:
    cookie = desk.open().cookie
    redis = desk.connection.client
    desk.keeper.keep_alive(cookie, CENTRAL, Cause.INPUT)  # Redis has seen the script
    redis.config_resetstat()
    assert isinstance(desk.keeper.check(cookie, desk.at_bank), Active)
    assert {name for name in calls(redis) if name != "cmdstat_config|resetstat"} == {"cmdstat_hmget"}
    assert calls(redis)["cmdstat_hmget"] == 1
    redis.config_resetstat()
    assert isinstance(desk.keeper.keep_alive(cookie, CENTRAL, Cause.INPUT), Active)
    asked = calls(redis)
    assert asked["cmdstat_evalsha"] == 1
    assert asked["cmdstat_hmget"] == 2  # one of them by the script
