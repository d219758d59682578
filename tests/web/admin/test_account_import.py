"""``/admin/accounts/import`` and ``export``: many people by a file, shown first, and all of them or none."""

import base64
import csv
import io
import re
from html import unescape
from typing import Any

import pytest

from dvauth.audit.trail import Wanted

PAGE = "/admin/accounts/import"
TITLES = "username,display_name,roles\r\n"
TWO = TITLES + "dora,Dora Lê,editor\r\nemil,,reader editor\r\n"


def bring(browser: Any, content: str | bytes) -> Any:
    """Choose a file and look at what it would do."""
    file = io.BytesIO(content.encode() if isinstance(content, str) else content), "people.csv"
    return browser.post(PAGE, {"file": file, "step": "check"})


def table_in(page: Any) -> str:
    found = re.search(r'name="table" value="([^"]*)"', page.text)
    assert found
    return unescape(found[1])


def add(browser: Any, table: str) -> Any:
    return browser.post(PAGE, {"table": table, "step": "save"}, content_type="multipart/form-data")


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.proves("AU13")
def test_a_file_is_shown_first_and_its_links_are_handed_out_once(site: Any, charlie: Any, browser: Any) -> None:
    shown = bring(charlie, "\ufeff" + TWO)
    assert shown.status_code == 200
    assert "2 tài khoản" in shown.text
    assert site.parts.accounts.find("dora") is None
    added = add(charlie, table_in(shown))
    emil = site.parts.accounts.find("emil")
    assert (emil.display_name, emil.roles, emil.password_hash) == ("emil", ("editor", "reader"), None)
    download = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]+)" download', added.text)
    assert download
    titles, dora, _emil = rows(base64.b64decode(download[1]))
    assert (titles, dora[:2]) == (["username", "display_name", "setup_link"], ["dora", "Dora Lê"])
    browser.post(dora[2].removeprefix(site.centre), {"new": "một câu do chính chủ chọn"})
    assert browser.log_in("dora", "một câu do chính chủ chọn").status_code == 303


def links_in(page: Any) -> list[list[str]]:
    download = re.search(r'href="data:text/csv;charset=utf-8;base64,([^"]+)" download', page.text)
    assert download
    return rows(base64.b64decode(download[1]))[1:]


def test_a_file_sent_a_second_time_is_known_and_lost_links_are_made_anew(site: Any, charlie: Any, browser: Any) -> None:
    (_dora, old), (_emil, emils) = ((row[0], row[2]) for row in links_in(add(charlie, TWO)))
    browser.post(emils.removeprefix(site.centre), {"new": "một câu do chính chủ chọn"})
    for repeated in (add(charlie, TWO), bring(charlie, TWO)):
        assert repeated.status_code == 409
        assert "Dòng 2" not in repeated.text
    new = charlie.post(PAGE, {"table": table_in(repeated), "step": "invite"}, content_type="multipart/form-data")
    ((username, _name, link),) = links_in(new)  # Emil has a password
    assert username == "dora"
    assert browser.get(old.removeprefix(site.centre)).status_code == 404
    assert browser.get(link.removeprefix(site.centre)).status_code == 200
    site.parts.audit.flush()
    (made,) = site.parts.administration.audit.newest(Wanted(event="user_updated"), most=9)
    assert (made.details, made.actor) == ({"change": "setup link issued"}, site.people["charlie"].id)


def test_new_links_are_for_a_file_all_of_whose_accounts_are_there(site: Any, charlie: Any) -> None:
    add(charlie, TWO)
    more = TWO + "fred,,\r\n"
    for table in (more, TITLES + "fred,,\r\n"):
        asked = charlie.post(PAGE, {"table": table, "step": "invite"}, content_type="multipart/form-data")
        assert "data:text/csv" not in asked.text
    assert "Dòng 2" in add(charlie, more).text
    assert site.parts.accounts.find("fred") is None


@pytest.mark.parametrize(
    ("table", "line", "told"),
    [
        (TITLES + "dora,Dora,reader\r\nBOB,Bình,reader\r\n", 3, "“BOB”"),
        (TITLES + "dora,Dora,reader\r\nDORA,Dora,reader\r\n", 3, "dòng 2"),
        (TITLES + "dora,Dora,reader\r\n\r\nemil,Emil,boss\r\n", 4, "“boss”"),
        (TITLES + "dora,Dora,reader\r\na b,Emil,\r\n", 3, "“a b”"),
        (TITLES + "dora,Dora,reader\r\nemil,Emil\r\n", 3, "2 ô thay vì 3"),
        (TITLES + f"dora,{'x' * 201},reader\r\n", 2, "200"),
        (TITLES, None, "không có tài khoản nào"),
        ("", None, "chọn một tệp"),
        ("username,roles\r\ndora,reader\r\n", None, "thiếu “display_name”"),
        ("username,display_name,roles,password\r\ndora,Dora,reader,x\r\n", None, "“password”"),
        (TITLES + '"dora', None, "CSV"),
        (TITLES.encode("utf-16"), None, "UTF-8"),
        (TITLES + "x" * (14 * 1024), None, "14 kB"),
    ],
)
def test_with_a_mistake_in_any_line_nothing_is_added(
    site: Any, charlie: Any, table: str | bytes, line: int | None, told: str
) -> None:
    refused = bring(charlie, table)
    assert refused.status_code == 422
    assert told in refused.text
    assert "dvauth " not in refused.text
    assert (f"Dòng {line}:" if line else "<p>") in refused.text
    if isinstance(table, str) and table:
        assert add(charlie, table).status_code == 422
    assert site.parts.accounts.find("dora") is None


def test_a_file_of_a_vietnamese_spreadsheet_program_is_read(charlie: Any) -> None:
    assert bring(charlie, TWO.replace(",", ";")).status_code == 200


def test_a_large_file_fits_twice(site: Any, charlie: Any) -> None:
    table = TITLES + "".join(f"người-{number:03},Nguyễn Văn An {number},reader\r\n" for number in range(250))
    shown = bring(charlie, table)
    assert len(table.encode()) > 9 * 1024
    assert add(charlie, table_in(shown)).status_code == 200
    assert site.parts.accounts.find("người-249")


def test_all_accounts_are_taken_along_and_no_cell_is_a_formula(site: Any, charlie: Any) -> None:
    for name, display_name in (("-1", '=HYPERLINK("https://evil.example")'), ("@x", "+84 912"), ("nhà", 'a,"b"')):
        site.parts.accounts.add(name, display_name=display_name)
    site.parts.accounts.disable(site.people["bob"].id)
    answer = charlie.get("/admin/accounts/export")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="accounts.csv"'
    titles, *found = rows(answer.get_data())
    assert titles == ["username", "display_name", "roles", "enabled", "last_login"]
    of = {row[0]: row for row in found}
    assert of["'-1"][1] == '\'=HYPERLINK("https://evil.example")'
    assert of["'@x"][1] == "'+84 912"
    assert of["nhà"][1] == 'a,"b"'
    assert of["bob"][2:4] == ["editor", "no"]
    assert of["charlie"][4].startswith("20")


def test_what_was_made_harmless_is_read_as_it_was_meant(site: Any, charlie: Any) -> None:
    add(charlie, TITLES + "'-1,'=Dora,\r\n'quoted,O'Neill,\r\n")
    assert site.parts.accounts.find("-1").display_name == "=Dora"
    assert site.parts.accounts.find("'quoted").display_name == "O'Neill"
