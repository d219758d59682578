"""Which passwords count as guessed, and by whom: everybody, or those who know the names at hand."""

import pytest

from dvauth.accounts.errors import PasswordIsCommon, PasswordIsKnown
from dvauth.accounts.guessing import refuse_guessable

OWN = ["bientap", "Trần Văn Minh"]
NAMES = ["Đăng nhập dùng chung", "Cổng thông tin điện tử tỉnh Lam Giang"]


@pytest.mark.proves("AU5")
@pytest.mark.parametrize(
    "password",
    [
        *("matkhau123456789", "matkhaucuatoi123", "Matkhau@123456!", "Mật khẩu mới 2026"),
        *("anhyeuem12345678", "anh yêu em nhiều lắm", "Anh-Yêu-Em-1999-", "toiyeuvietnam1975"),
        *("vietnam2026!vietnam", "Vietnam@2026!!!", "hanoi hanoi hanoi", "Sài Gòn 123456789"),
        *("mộthaibabốnnămsáu", "motconvitxoeracanh", "Con mèo mà trèo cây cau"),
        *("Không có gì quý hơn độc lập tự do", "Cong hoa xa hoi chu nghia Viet Nam", "UBND 2026 UBND 2026"),
    ],
)
def test_phrases_that_come_to_everybodys_mind_are_common_with_marks_or_without(password: str) -> None:
    with pytest.raises(PasswordIsCommon):
        refuse_guessable(password, NAMES, OWN)


@pytest.mark.proves("AU5")
@pytest.mark.parametrize(
    "password",
    ["bientap@2026bientap", "Lamgiang@12345678", "tinhLamGiang@2026!", "ubnd tỉnh Lam Giang", "Thông tin điện tử 1"],
)
def test_names_and_runs_of_their_words_are_known(password: str) -> None:
    with pytest.raises(PasswordIsKnown):
        refuse_guessable(password, NAMES, OWN)


@pytest.mark.proves("AU5")
@pytest.mark.parametrize(
    "password",
    [
        *("Trần Văn Minh 1985", "tranvanminh19850312", "TranVanMinh@2026!", "minh.tran.van.1985", "tranminh@12031985"),
        *("Minh-Tran-1985-Minh", "Văn Minh 12/03/1985", "bientap Minh 1985", "minhtranbientap1985"),
    ],
)
def test_the_persons_own_name_in_any_order_and_with_dates_is_known(password: str) -> None:
    with pytest.raises(PasswordIsKnown):
        refuse_guessable(password, NAMES, OWN)


def test_a_name_that_can_be_divided_in_many_ways_costs_no_time() -> None:
    refuse_guessable("mưa rơi trên mái ngói đỏ, " + "an" * 100 + "x", [], ["An Anan Ananan"])


@pytest.mark.proves("AU5")
@pytest.mark.parametrize(
    "password",
    [
        *("chị Minh cho mượn cái thang", "văn hay chữ tốt như ai", "tran ngap anh nang buoi som"),
        *("mưa rơi trên mái ngói đỏ", "bốn con ngựa xám", "tin vui cho cả tỉnh", "mua lam roi tinh tren"),
        *("mật khẩu dài của nhà Nguyễn", "Hà Nội có cây me già trước ngõ", "cảm ơn bác hàng xóm cho mượn thang"),
    ],
)
def test_a_passphrase_may_contain_them_among_others(password: str) -> None:
    refuse_guessable(password, NAMES, OWN)


def test_a_short_name_counts_only_where_it_stands_alone() -> None:
    refuse_guessable("banh lan ngon lanh", ["lan"], [])
    with pytest.raises(PasswordIsKnown):
        refuse_guessable("lan 2026 Lan 1999", ["lan"], [])
