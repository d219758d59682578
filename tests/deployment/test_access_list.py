"""All that dvauth asks of Redis is on the list of what its user in docker-compose.yml may do."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from dvauth.accounts.errors import InvalidCredentials
from dvauth.administration.actor import Actor
from dvauth.housekeeping import Housekeeping
from dvauth.parts import Parts, connected
from dvauth.policies.book import Change
from dvauth.sessions.check import Active, Cause, Ended
from dvauth.sessions.record import Place, Principal
from dvauth.sessions.tickets import Ticket, challenge
from dvauth.settings import Settings
from dvauth.storage.sql import Database
from dvauth.timeouts.judge import Reason

CLI = Actor("cli")
PASSWORD = "nước chảy đá mòn 2026"


@dataclass(frozen=True)
class News:
    """A portal."""

    id: int = 1
    slug: str = "news"


@pytest.fixture
def parts(compose_redis_url: str, tmp_path: Path) -> Iterator[Parts]:
    settings = Settings(secret_key=("k" * 40,), data_dir=tmp_path, redis_url=compose_redis_url)
    Database(settings.sql_url).upgrade()
    with connected(settings) as joined:
        yield joined


def test_a_session_from_login_to_end(parts: Parts) -> None:
    keeper, place = parts.keeper, Place(portal=News())
    opened = keeper.open(Principal(account_id="lan", roles=("editor",)))
    credential = parts.signer.read(opened.cookie)
    assert credential
    attached = keeper.attach(credential, News())
    assert isinstance(keeper.check(attached, Place(portal=News(), own_host=True), activity=True), Active)
    assert isinstance(keeper.keep_alive(opened.cookie, place, Cause.PROMPT), Active)
    assert keeper.rotate(opened.cookie)
    keeper.set_roles("lan", ["reader"])
    assert len(keeper.sessions_of("lan")) == 1
    assert keeper.end_all("lan", Reason.REVOKED)
    assert isinstance(keeper.check(opened.cookie), Ended)


def test_a_login_and_its_throttle(parts: Parts) -> None:
    account = parts.accounts.add("lan", roles=["editor"])
    parts.accounts.set_password(account.id, PASSWORD)
    with suppress(InvalidCredentials):
        parts.authenticator.authenticate("lan", "wrong", "192.0.2.7")
    assert parts.authenticator.authenticate("lan", PASSWORD, "192.0.2.7").id == account.id


def test_a_ticket(parts: Parts) -> None:
    credential = parts.signer.read(parts.keeper.open(Principal(account_id="lan")).cookie)
    assert credential
    code = parts.tickets.issue(Ticket(credential=credential, portal_id=1, challenge=challenge("n"), return_to="/"))
    assert parts.tickets.redeem(code, News(), "n")


def test_prompts_are_counted(parts: Parts) -> None:
    live = parts.keeper.check(parts.keeper.open(Principal(account_id="lan")).cookie)
    assert isinstance(live, Active)
    parts.prompts.note(replace(live, verdict=replace(live.verdict, idle_remaining=timedelta(0))), News())
    parts.prompts.hand_in()
    assert parts.prompts.shown(parts.clock.now() - live.verdict.policy.warn_before, [None, "news"]) == [1, 1]


def test_housekeeping_after_a_change_of_policy(parts: Parts, caplog: pytest.LogCaptureFixture) -> None:
    housekeeping = Housekeeping(parts)
    cookie = parts.keeper.open(Principal(account_id="lan")).cookie
    housekeeping.round()
    parts.policy_book.change_default(idle_timeout=timedelta(minutes=5))
    parts.watch.beat()
    housekeeping.round()
    parts.keeper.end_all("lan", Reason.REVOKED)
    housekeeping.round()
    assert isinstance(parts.keeper.check(cookie), Ended)
    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == []


def test_pauses_are_counted(parts: Parts) -> None:
    parts.pauses.note(timedelta(minutes=2))
    parts.pauses.hand_in()
    assert parts.pauses.counts().total == 1


def test_what_administrators_ask_and_order(parts: Parts) -> None:
    cookie = parts.keeper.open(Principal(account_id="lan")).cookie
    account, desk = parts.accounts.add("lan"), parts.administration
    assert desk.timeouts.impact(Change(default={"idle_timeout": timedelta(minutes=5)})).sessions == 1
    assert desk.timeouts.swept() == 0
    assert desk.accounts.unlock(CLI, account) == 0
    assert desk.sessions.end_everybody(CLI) == 1
    Housekeeping(parts).round()
    assert isinstance(ended := parts.keeper.check(cookie), Ended)
    assert parts.keeper.is_first_replay(ended)
