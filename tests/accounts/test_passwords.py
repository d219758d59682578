"""Passwords: what may be chosen, what opens, and what a hash costs."""

import re
import threading
import time
import unicodedata
from collections.abc import Callable
from datetime import timedelta

import pytest
from argon2 import extract_parameters

from dvauth.accounts.errors import (
    HashingBusy,
    PasswordIsCommon,
    PasswordIsKnown,
    PasswordRefused,
    PasswordTooLong,
    PasswordTooShort,
)
from dvauth.accounts.hashing_slots import HashingSlots
from dvauth.accounts.passwords import LONGEST, SHORTEST, Passwords

SITE = "Cổng thông tin điện tử"
ROW = "".join(chr(ord("a") + 7 * i % 26) for i in range(128))


@pytest.mark.proves("AU8")
def test_a_hash_is_argon2id_at_an_owasp_setting_with_a_salt_of_its_own() -> None:
    passwords = Passwords(site_name=SITE)
    one, two = (passwords.choose("correct horse battery", own_names=["bob"]) for _ in range(2))
    assert re.match(r"\$argon2id\$v=19\$m=19456,t=2,p=1\$", one)
    assert one != two
    assert extract_parameters(one).salt_len * 8 >= 32


@pytest.mark.proves("AU8")
def test_a_cheaper_hash_is_replaced_when_its_password_is_seen(passwords: Passwords) -> None:
    cheap = passwords.choose("correct horse battery", own_names=["bob"])
    dearer = Passwords(site_name=SITE, memory_cost=128, time_cost=1)
    renewed = dearer.verify(cheap, "correct horse battery")
    assert renewed
    assert "m=128" in renewed
    assert dearer.verify(renewed, "correct horse battery") == renewed
    assert dearer.verify(cheap, "wrong horse battery") is None


@pytest.mark.proves("AU1")
@pytest.mark.parametrize(
    ("password", "refusal"),
    [("a" * 14, PasswordTooShort), ("a" * (LONGEST + 1), PasswordTooLong), ("😀" * 14, PasswordTooShort)],
)
def test_a_password_of_the_wrong_length_is_refused(
    passwords: Passwords, password: str, refusal: type[PasswordRefused]
) -> None:
    with pytest.raises(refusal, match=str(len(password))):
        passwords.choose(password, own_names=["bob"])


@pytest.mark.proves("AU1", "AU3")
@pytest.mark.parametrize(
    "password",
    [
        "kfuwmxplqoznvhe",
        ROW * 2,
        "😀🐘🌾🎈🚲🍋🪁🧭🎻🐢🥁🌻🛶🎃🦜",
        "bốn con ngựa xám",
        "fifteen\x00signs\x00!",
        "$%^&*()_+{}|:<>?",
    ],
)
def test_any_signs_will_do(passwords: Passwords, password: str) -> None:
    kept = passwords.choose(password, own_names=["bob"])
    assert passwords.verify(kept, password) == kept


@pytest.mark.proves("AU2")
def test_every_sign_of_a_long_password_counts(passwords: Passwords) -> None:
    password = ROW
    kept = passwords.choose(password, own_names=["bob"])
    assert passwords.verify(kept, password[:72] + "#" + password[73:]) is None
    assert passwords.verify(kept, password.swapcase()) is None
    assert passwords.verify(kept, password[:-1]) is None


@pytest.mark.proves("AU3")
def test_letters_open_however_the_keyboard_composed_them(passwords: Passwords) -> None:
    password = "mật ngọt của Nguyễn"
    kept = passwords.choose(unicodedata.normalize("NFD", password), own_names=["bob"])
    assert passwords.verify(kept, unicodedata.normalize("NFC", password)) == kept
    assert passwords.verify(kept, "mat ngot cua Nguyen") is None


@pytest.mark.proves("AU1", "AU3")
def test_letters_are_counted_as_they_are_read_not_as_they_were_composed(passwords: Passwords) -> None:
    decomposed = unicodedata.normalize("NFD", "mật khẩu ngắn!")
    assert len(decomposed) > SHORTEST
    with pytest.raises(PasswordTooShort, match="14"):
        passwords.choose(decomposed, own_names=["bob"])


@pytest.mark.proves("AU5")
@pytest.mark.parametrize(
    "password",
    [
        *("123456789012345", "aaaaaaaaaaaaaaa", "passwordpassword", "Password1234567!", "password password", " " * 20),
        *(
            "ｐａｓｓｗｏｒｄ１２３４５６７",
            "qwertyuiopasdfgh",
            "qwertyuiop[]asdf",
            "iloveyou12345678",
            "matkhaumatkhau1",
        ),
        *("1q2w3e4r5t6y7u8i", "abcdefghijklmnop", "01012000010120000", "a" * LONGEST, "ệ" * SHORTEST),
    ],
)
def test_what_is_tried_first_is_refused_with_a_reason_and_advice(passwords: Passwords, password: str) -> None:
    with pytest.raises(PasswordIsCommon, match=r"soon be guessed: it is common, .*\. Choose several words"):
        passwords.choose(password, own_names=["bob"])


@pytest.mark.proves("AU5")
@pytest.mark.parametrize(
    "password",
    [
        *("nguyen.van.an@so.gov.vn", "NGUYEN.VAN.AN@so.gov.vn!", "Nguyễn Văn An 2026", "123nguyenvanan123"),
        *(SITE, SITE.upper(), f"{SITE} {SITE}", f"**{SITE}** 2026", "cong-thong-tin-dien-tu-1"),
        *("!!! Báo tỉnh 2026 !!!", "Baotinh@123456789", "baotinhbaotinh2026"),
    ],
)
def test_names_that_everybody_knows_are_no_passwords_however_padded(password: str) -> None:
    passwords = Passwords(site_name=SITE, portal_names=lambda: ["Báo tỉnh"], memory_cost=64, time_cost=1)
    with pytest.raises(PasswordIsKnown, match=r"little more than your own name.*\. Choose several words"):
        passwords.choose(password, own_names=["nguyen.van.an@so.gov.vn"])


@pytest.mark.proves("AU5")
@pytest.mark.parametrize(
    "password",
    [
        "correct horse password",
        "password is a password",
        "cổng thông tin của làng tôi rất đẹp",
        "mật khẩu dài của nhà Nguyễn",
    ],
)
def test_a_long_passphrase_may_contain_a_listed_word_or_a_name(passwords: Passwords, password: str) -> None:
    assert passwords.choose(password, own_names=["nguyen.van.an@so.gov.vn"])


def test_digits_and_signs_that_stand_for_letters_are_judged_by_their_beginning(passwords: Passwords) -> None:
    leet = "4@8({[<369!1|70$5+%2" * 12
    short = cpu_time(lambda: passwords.choose(leet[:32], own_names=["bob"]))
    assert cpu_time(lambda: passwords.choose(leet, own_names=["bob"])) < 3 * short


def test_no_stored_password_is_never_right(passwords: Passwords) -> None:
    assert passwords.verify(None, "") is None
    assert passwords.verify("not a hash", "anything at all") is None


def test_a_lone_surrogate_is_a_wrong_password_not_an_error(passwords: Passwords) -> None:
    assert passwords.verify(None, "\udcff" * 15) is None


def test_so_many_hash_at_once_and_the_rest_wait_or_are_sent_away() -> None:
    slots = HashingSlots(1, line=1, wait=timedelta(seconds=30))
    inside, leave = threading.Event(), threading.Event()

    def hash_slowly() -> None:
        with slots.taken():
            inside.set()
            leave.wait()

    hashing, waiting = threading.Thread(target=hash_slowly), threading.Thread(target=hash_slowly)
    hashing.start()
    inside.wait()
    inside.clear()
    waiting.start()
    while slots._line._value:  # until the second one stands in line
        pass
    with pytest.raises(HashingBusy) as refused, slots.taken():
        pass
    assert refused.value.retry_after == 30
    assert not inside.is_set()
    leave.set()
    hashing.join()
    waiting.join()
    with slots.taken():
        pass


def test_whoever_waits_too_long_is_sent_away() -> None:
    slots = HashingSlots(1, line=1, wait=timedelta(milliseconds=1))
    with slots.taken(), pytest.raises(HashingBusy), slots.taken():
        pass


MARKS = "\u0345\u0300\u0316\u0327"  # each sorts before those in front of it, which is the dearest to normalise


def test_a_longer_password_costs_no_more_than_its_hash(passwords: Passwords) -> None:
    passwords.verify(None, MARKS)
    assert cpu_time(lambda: passwords.verify(None, MARKS * 2000)) < 20 * cpu_time(lambda: passwords.verify(None, MARKS))
    with pytest.raises(PasswordTooLong, match="8000"):
        passwords.choose(MARKS * 2000, own_names=["bob"])


def test_the_longest_password_opens_in_any_unicode_form(passwords: Passwords) -> None:
    password = "".join(chr(ord("Ạ") + 7 * i % 90) for i in range(LONGEST))
    kept = passwords.choose(unicodedata.normalize("NFD", password), own_names=["bob"])
    assert passwords.verify(kept, password) == kept


def cpu_time(work: Callable[[], object]) -> float:
    """The least of several turns, in seconds."""

    def turn() -> float:
        before = time.thread_time()
        work()
        return time.thread_time() - before

    return min(turn() for _ in range(5))
