"""What a visitor costs, counted: Redis commands, writes, SQL statements. Speed is ``make bench``'s business."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from dvauth.storage.redis import connect

BESIDES = {"TIME", "INFO", "HGETALL", "HELLO", "CLIENT"}  # asked twice a second, or on connecting, whoever visits
MARK = "nothing after this counts"


@dataclass
class Costs:
    """``commands`` crossed the wire; ``writes`` are theirs and those of the scripts they ran."""

    commands: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)


Count = Callable[[Callable[[], Any]], Costs]


@pytest.fixture
def count(site: Any, redis_url: str) -> Count:
    """Count what an act costs. Redis knows the scripts already: sending them is a cost of its start."""
    client = connect(redis_url)
    for script in Path(str(files("dvauth.sessions") / "scripts")).glob("*.lua"):
        client.script_load(script.read_text("utf-8"))
    writing = {name.upper() for name, about in client.command().items() if "write" in about["flags"]}

    def count(act: Callable[[], Any]) -> Costs:
        costs = Costs()
        event.listen(
            site.parts.database._engine, "before_cursor_execute", lambda *about: costs.statements.append(about[2])
        )
        with client.monitor() as monitor:
            act()
            client.echo(MARK)
            while MARK not in (seen := monitor.next_command())["command"]:
                name = seen["command"].partition(" ")[0].upper()
                costs.commands += [name] if seen["client_type"] != "lua" and name not in BESIDES else []
                costs.writes += [name] if name in writing else []
        return costs

    return count


def test_check_costs_one_redis_command_and_writes_nothing(browser: Any, count: Count) -> None:
    browser.log_in("alice")
    assert count(browser.status) == Costs(commands=["HMGET"])


def test_verify_costs_one_redis_command_and_writes_nothing(site: Any, browser: Any, count: Count) -> None:
    browser.log_in("bob")
    browser.enter(f"{site.desk}/editor")
    costs = count(lambda: browser.verify(**{"Sec-Fetch-Mode": "cors"}))
    assert costs == Costs(commands=["HMGET"])


def test_keep_alive_costs_two_redis_commands_and_no_sql(browser: Any, count: Count) -> None:
    browser.log_in("alice")
    costs = count(browser.keep_alive)
    assert costs.commands == ["HMGET", "EVALSHA"]
    assert costs.writes
    assert not costs.statements


def test_first_check_after_an_end_adds_one_script_and_no_sql(site: Any, browser: Any, count: Count) -> None:
    browser.log_in("alice")
    site.pass_time(minutes=16)
    costs = count(browser.status)
    assert costs.commands == ["HMGET", "EVALSHA"]
    assert not costs.statements


def test_visitor_without_a_session_costs_nothing(browser: Any, count: Count) -> None:
    assert count(browser.status) == Costs()


def test_forged_cookie_costs_nothing(site: Any, browser: Any, count: Count) -> None:
    browser.log_in("alice")
    cookie = browser.client.get_cookie("__Host-dvauth", domain="auth.example.vn").value
    forged = {"Cookie": f"__Host-dvauth={cookie[:-2]}AA"}
    assert count(lambda: site.script().fetch("/session", headers=forged)) == Costs()
