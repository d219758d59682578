"""``dvauth account``, as an administrator at a terminal uses it."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from dvauth.accounts.errors import InvalidCredentials, TooManyAttempts
from dvauth.parts import Parts
from dvauth.sessions.check import Active, Ended
from dvauth.sessions.record import Principal
from dvauth.timeouts.judge import Reason
from tests.cli.conftest import AuditRows, Dvauth

PASSWORD = "correct horse battery staple"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """The file to be imported."""
    return tmp_path / "people.csv"


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_new_account_gets_a_link_that_sets_its_password(dvauth: Dvauth, parts: Parts) -> None:
    added = document(dvauth("account", "add", "alice", "--role", "admin", "--name", "Lê Thu Hà", "--json"))
    assert (added["username"], added["name"], added["roles"]) == ("alice", "Lê Thu Hà", ["admin"])
    assert added["setup_link"].startswith("https://auth.example.vn/setup/")
    assert added["setup_link_seconds"] == 72 * 3600
    parts.setup_links.redeem(added["setup_link"].rpartition("/")[2], PASSWORD)
    assert parts.authenticator.authenticate("alice", PASSWORD, "203.0.113.9").id == added["id"]


def test_people_are_told_what_to_do_with_the_link(dvauth: Dvauth) -> None:
    result = dvauth("account", "add", "alice")
    sentence, url = result.stdout.splitlines()
    assert sentence == "By this link “alice” chooses a password. It works once, within 72 hours:"
    assert url.startswith("https://auth.example.vn/setup/")


def test_a_newer_link_replaces_the_older(dvauth: Dvauth, parts: Parts) -> None:
    links = [document(dvauth("account", *words, "--json"))["setup_link"] for words in (["add", "bob"], ["link", "bob"])]
    peeked = [parts.setup_links.peek(link.rpartition("/")[2]) for link in links]
    assert peeked[0] is None
    assert peeked[1]


def test_an_empty_list_says_what_to_do_next(dvauth: Dvauth) -> None:
    assert "dvauth account add" in dvauth("account", "list").stdout
    assert "dvauth portal add" in dvauth("portal", "list").stdout


def test_accounts_are_listed_for_people_and_for_programs(dvauth: Dvauth) -> None:
    dvauth("account", "add", "alice", "--role", "admin", "--name", "[red]Alice[/red]")
    dvauth("account", "add", "bob", "--role", "reader", "--role", "editor")
    dvauth("account", "disable", "bob")
    listed = document(dvauth("account", "list", "--json"))
    assert [(each["username"], each["roles"], each["enabled"]) for each in listed] == [
        ("alice", ["admin"], True),
        ("bob", ["editor", "reader"], False),
    ]
    table = dvauth("account", "list").stdout
    for text in ("alice", "[red]Alice[/red]", "has no password yet", "bob", "editor reader", "disabled"):
        assert text in table


@pytest.mark.proves("AT5")
@pytest.mark.parametrize(
    ("words", "reason"),
    [(["disable"], Reason.ACCOUNT_DISABLED), (["set-password", "--stdin"], Reason.PASSWORD_CHANGED)],
)
def test_sessions_end_when_the_account_changes(dvauth: Dvauth, parts: Parts, words: list[str], reason: Reason) -> None:
    session = _logged_in(dvauth, parts, "bob")
    result = dvauth("account", *words, "bob", typed=f"{PASSWORD} 2\n")
    assert (result.exit_code, result.stdout.count("bob")) == (0, 1)
    ended = parts.keeper.check(session)
    assert isinstance(ended, Ended)
    assert ended.reason is reason


@pytest.mark.proves("AT5")
def test_new_roles_reach_live_sessions(dvauth: Dvauth, parts: Parts) -> None:
    session = _logged_in(dvauth, parts, "bob")
    changed = document(dvauth("account", "set-roles", "bob", "--role", "reader", "--json"))
    assert changed["roles"] == ["reader"]
    live = parts.keeper.check(session)
    assert isinstance(live, Active)
    assert live.record.roles == ("reader",)


def test_an_enabled_account_logs_in_again(dvauth: Dvauth, parts: Parts) -> None:
    _logged_in(dvauth, parts, "bob")
    dvauth("account", "disable", "bob")
    assert document(dvauth("account", "enable", "bob", "--json"))["enabled"]
    assert parts.authenticator.authenticate("bob", PASSWORD, "203.0.113.9").is_enabled


def test_a_password_is_asked_for_twice_and_not_shown(dvauth: Dvauth, parts: Parts) -> None:
    dvauth("account", "add", "bob")
    result = dvauth("account", "set-password", "bob", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert parts.authenticator.authenticate("bob", PASSWORD, "203.0.113.9").username == "bob"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["disable", "nobody"], "There is no account “nobody”."),
        (["link", "nobody"], "There is no account “nobody”."),
        (["add", "ALICE"], "There is already an account “ALICE”."),
        (["add", "a b"], "“a b” cannot be a username"),
        (["add", "bob", "--role", "Boss"], "“Boss” cannot be a role"),
        (["add", "bob", "--role", "amdin"], "There is no role “amdin”; there are reader, editor, admin."),
        (["set-roles", "alice", "--role", "amdin"], "There is no role “amdin”; there are reader, editor, admin."),
        (["disable", "alice"], "“alice” is the last active administrator"),
        (["set-roles", "alice", "--role", "reader"], "“alice” is the last active administrator"),
        (["set-password", "alice", "--stdin"], "This password has 0 characters; at least 15 are needed."),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence_with_the_value(
    dvauth: Dvauth, words: list[str], sentence: str
) -> None:
    dvauth("account", "add", "alice", "--role", "admin")
    result = dvauth("account", *words)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert result.stdout == ""


def test_sentences_are_vietnamese_in_a_vietnamese_terminal(dvauth: Dvauth, environ: dict[str, str]) -> None:
    environ["LC_ALL"] = "vi_VN.UTF-8"
    assert dvauth("account", "disable", "nobody").stderr == "Lỗi: Không có tài khoản “nobody”.\n"
    assert "Không có lệnh 'abolish'." in dvauth("account", "abolish").stderr
    assert "Thiếu tham số 'USERNAME'" in dvauth("account", "add").stderr
    assert "'/no/such' không có." in dvauth("account", "import", "/no/such").stderr
    assert "Tùy chọn:\n" in dvauth("account", "--help").stdout
    assert "Các lệnh:\n" in dvauth("account", "--help").stdout


def test_wrong_words_are_exit_code_two(dvauth: Dvauth) -> None:
    assert dvauth("account", "add").exit_code == 2
    assert dvauth("account", "abolish").exit_code == 2


def test_what_the_administrator_did_is_recorded_and_not_shown(dvauth: Dvauth, audit_rows: AuditRows) -> None:
    results = [dvauth("account", *words) for words in (["add", "bob"], ["set-roles", "bob", "--role", "editor"])]
    assert [result.stderr for result in results] == ["", ""]
    created, changed = audit_rows()
    assert (created.event, created.actor) == ("user_created", "cli")
    assert (changed.event, changed.account) == ("authz_change", created.account)
    assert changed.details == {"before": "", "after": "editor"}
    assert changed.actor == "cli"


def test_a_role_with_timeouts_of_its_own_can_be_given(dvauth: Dvauth) -> None:
    assert dvauth("account", "add", "bob", "--role", "clerk").exit_code == 1
    dvauth("timeout", "set", "--role", "clerk", "--new-role", "--idle", "10m")
    assert document(dvauth("account", "add", "bob", "--role", "clerk", "--json"))["roles"] == ["clerk"]


def _logged_in(dvauth: Dvauth, parts: Parts, name: str) -> str:
    """A new account's session: the value of its cookie."""
    dvauth("account", "add", name, "--role", "editor")
    found = parts.accounts.find(name)
    assert found
    parts.accounts.set_password(found.id, PASSWORD)
    account = parts.authenticator.authenticate(name, PASSWORD, "203.0.113.9")
    return parts.keeper.open(Principal(account_id=account.id, roles=account.roles)).cookie


def test_without_redis_the_change_stands_and_says_so(dvauth: Dvauth, environ: dict[str, str]) -> None:
    dvauth("account", "add", "bob")
    environ["DVAUTH_REDIS_URL"] = "unix:///no/such/redis.sock"
    result = dvauth("account", "disable", "bob")
    assert result.exit_code == 0
    assert "Redis does not answer. The change is made" in result.stderr
    assert document(dvauth("account", "list", "--json"))[0]["enabled"] is False


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ({"DVAUTH_DATA_DIR": "/no/such/folder"}, "run dvauth db upgrade."),
        ({"DVAUTH_REDIS_URL": ""}, "and DVAUTH_REDIS_URL is not set: start dvauth serve."),
    ],
)
def test_what_is_missing_is_told_in_a_sentence(
    dvauth: Dvauth, environ: dict[str, str], missing: dict[str, str], sentence: str
) -> None:
    environ.update(missing)
    result = dvauth("account", "list")
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_who_mistyped_too_often_is_let_in_again(dvauth: Dvauth, parts: Parts, audit_rows: AuditRows) -> None:
    _logged_in(dvauth, parts, "bob")
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            parts.authenticator.authenticate("bob", "something else entirely", "203.0.113.9")
    with pytest.raises(TooManyAttempts):
        parts.authenticator.authenticate("bob", PASSWORD, "203.0.113.9")
    assert dvauth("account", "unlock", "bob").stdout == "The failed logins of “bob” are forgotten.\n"
    assert parts.authenticator.authenticate("bob", PASSWORD, "203.0.113.9")
    (unlocked,) = (row for row in audit_rows() if row.details.get("change") == "unlocked")
    assert (unlocked.details["before"], unlocked.details["after"]) == ("failures=5", "failures=0")


def test_a_link_is_recorded(dvauth: Dvauth, audit_rows: AuditRows) -> None:
    dvauth("account", "add", "bob")
    dvauth("account", "link", "bob")
    assert [row.details.get("change") for row in audit_rows()] == [None, "setup link issued"]


def test_a_file_is_tried_first_and_then_adds_everybody(
    dvauth: Dvauth, parts: Parts, people: Path, audit_rows: AuditRows
) -> None:
    people.write_text("username,display_name,roles\nalice,Lê Thu Hà,admin\nbob,,reader editor\n", "utf-8")
    tried = dvauth("account", "import", str(people), "--dry-run")
    assert tried.stdout == "Accounts that would be added: 2. There is no mistake.\n"
    assert parts.accounts.find("alice") is None
    drafts = document(dvauth("account", "import", str(people), "--dry-run", "--json"))
    assert drafts[0] == {"username": "alice", "name": "Lê Thu Hà", "roles": ["admin"]}
    added = dvauth("account", "import", str(people))
    assert added.stderr.splitlines()[-1] == "Accounts added: 2"
    titles, alice, bob = csv.reader(added.stdout.splitlines())
    assert titles == ["username", "display_name", "setup_link"]
    assert (alice[:2], bob[:2]) == (["alice", "Lê Thu Hà"], ["bob", "bob"])
    assert parts.setup_links.peek(bob[2].rpartition("/")[2])
    assert [row.event for row in audit_rows()] == ["user_created", "user_created"]


@pytest.mark.parametrize("how", [["--dry-run"], []])
def test_every_mistake_of_a_file_is_told_with_its_line_and_nothing_is_added(
    dvauth: Dvauth, parts: Parts, people: Path, how: list[str]
) -> None:
    people.write_text("username,display_name,roles\nbob,,\na b,,boss\nBOB,,reader\n", "utf-8")
    result = dvauth("account", "import", str(people), *how)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "Error: Nothing was added.",
        "Line 3: “a b” cannot be a username: use 1 to 64 visible characters without spaces.",
        (
            "Line 3: There is no role “boss”; there are reader, editor, admin. A role of your own begins with its "
            "timeouts: dvauth timeout set --role boss --new-role --idle 15m"
        ),
        "Line 4: The username “BOB” stands in line 2 already.",
    ]
    assert parts.accounts.find("bob") is None


def test_a_thousand_people_come_in_with_as_many_events(
    dvauth: Dvauth, parts: Parts, people: Path, audit_rows: AuditRows
) -> None:
    lines = "".join(f"p{number},,reader\n" for number in range(1100))
    people.write_text("username,display_name,roles\n" + lines, "utf-8")
    assert len(document(dvauth("account", "import", str(people), "--json"))) == 1100
    assert len(audit_rows()) == 1100


def test_accounts_are_exported_for_spreadsheets_and_programs(dvauth: Dvauth, audit_rows: AuditRows) -> None:
    dvauth("account", "add", "bob", "--role", "reader", "--name", "=1+1")
    exported = dvauth("account", "export")
    assert list(csv.reader(exported.stdout.splitlines()))[1] == ["bob", "'=1+1", "reader", "yes", ""]
    assert document(dvauth("account", "export", "--json"))[0]["name"] == "=1+1"
    assert [row.details["action"] for row in audit_rows()[1:]] == ["accounts exported"] * 2
