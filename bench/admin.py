"""``make bench-admin``: what every page for administrators takes with a thousand live sessions, and with a million.

The pages are those of the URL map that are asked without further values, and what a change of timeouts would do. The
events of the sessions go where housekeeping brings them, so that whatever searches in SQL has as many rows.
"""

import re
import statistics
import time
from collections.abc import Callable

import click
from costs import BATCH, Bulk
from flask import Flask
from flask.testing import FlaskClient
from stage import BASE_URL, Stage
from subjects import SEEN_FROM, new_principal

from dvauth.accounts.account import Account
from dvauth.app import create_app
from dvauth.housekeeping import Housekeeping
from dvauth.parts import Parts
from dvauth.sessions.keeper import SessionKeeper
from dvauth.sessions.record import Principal
from dvauth.sessions.schedule import Schedule
from dvauth.sessions.store import SessionStore
from dvauth.timeouts.policy import ADMIN_ROLE

ROUNDS = 11
MOST_TIMES = 2.0
FEW = 1000
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1", "Sec-Fetch-Dest": "document", "Origin": BASE_URL}
TIMES = {"idle_timeout": "10m", "warn_before": "60s", "absolute_timeout": "24h", "remember_for": "0s"}
CHANGE = "/admin/timeouts/default"
OVERVIEW = "/admin?range=30d"

Ask = Callable[[], object]


@click.command()
@click.option("--sessions", default=1_000_000, show_default=True)
def main(sessions: int) -> None:
    with Stage() as stage:
        app = create_app(stage.parts)
        administrator = stage.parts.accounts.add("admin", roles=[ADMIN_ROLE])
        open_sessions(stage.parts, FEW)
        few = _measured(app, stage.parts, administrator)
        print(f"Opening {sessions:,} sessions …", flush=True)
        open_sessions(stage.parts, sessions - FEW)
        many = _measured(app, stage.parts, administrator)
    print(f"\n{'Page':44} {FEW:>10,} {sessions:>12,}  times")
    for name in few:
        print(f"{name:44} {few[name]:7.1f} ms {many[name]:9.1f} ms  {many[name] / few[name]:.2f}")
    slower = [name for name in few if many[name] > MOST_TIMES * few[name]]
    print(f"\nAt most {MOST_TIMES:g} times as long: {'no: ' + ', '.join(slower) if slower else 'yes'}.")


def open_sessions(parts: Parts, count: int) -> None:
    """One an account, opened by the real keeper and script, and their events brought to SQL."""
    bulk, housekeeping = Bulk(parts.connection.client), Housekeeping(parts)
    keeper = SessionKeeper(SessionStore(bulk), parts.signer, parts.clock, parts.policies, journal=lambda _: None)
    for number in range(1, count + 1):
        keeper.open(new_principal(), origin=SEEN_FROM)
        if number % BATCH == 0:
            bulk.pipeline.execute()
            while Schedule(parts.connection).waiting_events():
                housekeeping.keep_books()


def _measured(app: Flask, parts: Parts, administrator: Account) -> dict[str, float]:
    """Milliseconds by page, for an administrator who has just logged in: others may be opened for hours before."""
    cookie = parts.keeper.open(Principal(account_id=administrator.id, roles=(ADMIN_ROLE,))).cookie
    return {name: _milliseconds(ask) for name, ask in _pages(app, cookie).items()}


def _pages(app: Flask, cookie: str) -> dict[str, Ask]:
    browser = app.test_client(use_cookies=False)
    headers = NAVIGATION | {"Cookie": f"__Host-dvauth={cookie}"}
    paths = sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/admin") and not rule.arguments and "GET" in (rule.methods or ())
    )
    pages: dict[str, Ask] = {path: _asker(browser, headers, path) for path in paths}
    pages[OVERVIEW] = _asker(browser, headers, OVERVIEW)
    form = browser.get(CHANGE, base_url=BASE_URL, headers=headers).text
    token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', form)
    assert token
    fields = TIMES | {"max_sessions": "10", "step": "preview", "csrf_token": token[1]}
    pages[f"{CHANGE}, what it would do"] = _asker(browser, headers, CHANGE, fields)
    return pages


def _asker(browser: FlaskClient, headers: dict[str, str], path: str, fields: dict[str, str] | None = None) -> Ask:
    def ask() -> object:
        method = "POST" if fields else "GET"
        answer = browser.open(path, method=method, base_url=BASE_URL, headers=headers, data=fields)
        assert answer.status_code in {200, 303, 404, 422}, (path, answer.status)  # 422: asked for without its value
        assert not answer.headers.get("Location", "").startswith(("/login", "/confirm")), (path, answer.location)
        return answer.get_data()

    return ask


def _milliseconds(ask: Ask) -> float:
    """The median of some rounds; the first, which warms up, is forgotten."""
    ask()
    return statistics.median(_timed(ask) for _ in range(ROUNDS)) * 1000


def _timed(ask: Ask) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
