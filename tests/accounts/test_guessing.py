"""Which passwords count as guessed, and by whom: everybody, or those who know the names at hand."""

import pytest

from dvauth.accounts.errors import PasswordIsCommon, PasswordIsKnown
from dvauth.accounts.guessing import refuse_guessable

NAMES = ["bientap", "Đăng nhập dùng chung", "Cổng thông tin điện tử tỉnh Lam Giang"]


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
        refuse_guessable(password, NAMES)


@pytest.mark.proves("AU5")
@pytest.mark.parametrize(
    "password",
    ["bientap@2026bientap", "Lamgiang@12345678", "tinhLamGiang@2026!", "ubnd tỉnh Lam Giang", "Thông tin điện tử 1"],
)
def test_names_and_runs_of_their_words_are_known(password: str) -> None:
    with pytest.raises(PasswordIsKnown):
        refuse_guessable(password, NAMES)


@pytest.mark.proves("AU5")
@pytest.mark.parametrize(
    "password",
    [
        *("mưa rơi trên mái ngói đỏ", "bốn con ngựa xám", "tin vui cho cả tỉnh", "mua lam roi tinh tren"),
        *("mật khẩu dài của nhà Nguyễn", "Hà Nội có cây me già trước ngõ", "cảm ơn bác hàng xóm cho mượn thang"),
    ],
)
def test_a_passphrase_may_contain_them_among_others(password: str) -> None:
    refuse_guessable(password, NAMES)


def test_a_short_name_counts_only_where_it_stands_alone() -> None:
    refuse_guessable("banh lan ngon lanh", ["lan"])
    with pytest.raises(PasswordIsKnown):
        refuse_guessable("lan 2026 Lan 1999", ["lan"])
