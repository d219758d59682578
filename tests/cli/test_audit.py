"""``dvauth audit``, as an administrator at a terminal uses it."""

import csv
import json
from io import StringIO

from dvauth.cli.audit import audit
from tests.cli.conftest import AuditRows, Dvauth


def test_the_latest_events_are_shown_with_names(dvauth: Dvauth) -> None:
    dvauth("account", "add", "lan")
    dvauth("portal", "add", "news", "--name", "Báo", "--origin", "https://news.example.vn")
    table = dvauth("audit", "tail").stdout
    assert table.index("user_created") < table.index("authz_admin")
    for text in ("lan", "cli", "news", "action=portal"):
        assert text in table
    (latest,) = json.loads(dvauth("audit", "tail", "-n", "1", "--json").stdout)
    assert (latest["event"], latest["level"], latest["portal"]) == ("authz_admin", "WARN", "news")
    assert latest["details"]["action"] == "portal added"


def test_events_are_filtered(dvauth: Dvauth) -> None:
    for name in ("lan", "an"):
        dvauth("account", "add", name)

    def found(*filters: str) -> int:
        return len(json.loads(dvauth("audit", "tail", "--json", *filters).stdout))

    assert found("--account", "LAN") == 1
    assert found("--actor", "cli") == 2
    assert found("--event", "authz_admin") == 0
    assert found("--last", "1h") == 2
    assert found("--portal", "news") == found("--address", "203.0.113.9") == found("--session", "x") == 0
    assert dvauth("audit", "tail", "--event", "what").exit_code == 2
    assert "no such events" in dvauth("audit", "tail", "--account", "nobody").stdout
    assert "“foo” is no IP address" in dvauth("audit", "tail", "--address", "foo").stderr


def test_everything_is_exported_for_programs_and_for_spreadsheets(dvauth: Dvauth, audit_rows: AuditRows) -> None:
    dvauth("account", "add", "lan")
    lines = [json.loads(line) for line in dvauth("audit", "export").stdout.splitlines()]
    assert [line["event"] for line in lines] == ["user_created"]
    made = audit_rows()[-1]
    assert (made.actor, made.details) == ("cli", {"action": "audit exported", "form": "jsonl", "rows": "all"})
    rows = list(csv.DictReader(StringIO(dvauth("audit", "export", "--csv", "--event", "user_created").stdout)))
    assert [(row["event"], row["actor"]) for row in rows] == [("user_created", "cli")]
    assert audit_rows()[-1].details["rows"] == "event=user_created"


def test_an_export_has_one_form(dvauth: Dvauth) -> None:
    answer = dvauth("audit", "export", "--csv", "--json")
    assert (answer.exit_code, answer.stdout) == (2, "")


def test_no_command_changes_the_log() -> None:
    assert sorted(audit.commands) == ["export", "tail"]
