"""A change of timeouts reaches every worker within two seconds, by whichever door it came, for sessions old and new."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from dvauth.cli.joined import CLI
from dvauth.parts import connected
from tests.chaos.conftest import RunningService

MOST_SECONDS = 2.0
Change = Callable[[RunningService, int], None]


def by_command(service: RunningService, minutes: int) -> None:
    command = [sys.executable, "-m", "dvauth", "timeout", "set", "--idle", f"{minutes}m", "--absolute", "9h"]
    subprocess.run(command, env=os.environ | service.environ, check=True, stdout=subprocess.DEVNULL)


def by_page(service: RunningService, minutes: int) -> None:
    with connected(service.settings) as parts:
        charlie = parts.accounts.find("charlie") or parts.accounts.add("charlie", roles=["admin"])
    cookie = service.log_in(charlie.id, "admin")
    page = "/admin/timeouts/default"
    _, html = service.ask(page, cookie)
    token = re.search(rb'name="csrf_token" value="([0-9a-f]+)"', html)
    assert token
    fields = {"csrf_token": token[1].decode(), "step": "save", "idle_timeout": f"{minutes} phút"}
    fields |= {"absolute_timeout": "9 giờ", "warn_before": "60 giây", "remember_for": "0s", "max_sessions": "10"}
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    headers = {"Host": service.host, "Origin": service.url, "Cookie": f"__Host-dvauth={cookie}"}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request("POST", page, urlencode(fields), headers)
    assert connection.getresponse().status == 303
    connection.close()


def by_api(service: RunningService, minutes: int) -> None:
    with connected(service.settings) as parts:
        charlie = parts.accounts.find("charlie") or parts.accounts.add("charlie", roles=["admin"])
        desk, lasts = parts.administration.api_tokens, timedelta(hours=1)
        token = desk.add(CLI, charlie.username, name="sync", scopes=["timeouts:write"], lasts=lasts).text
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    headers = {"Host": service.host, "Authorization": f"Bearer {token}", "If-Match": "*"}
    headers["Content-Type"] = "application/json"
    limits = {"idle_timeout_seconds": 60 * minutes, "absolute_timeout_seconds": 9 * 3600}
    connection.request("PATCH", "/api/v1/timeouts", json.dumps({"default": limits}), headers)
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.proves("TO1")
@pytest.mark.parametrize("change", [by_command, by_page, by_api])
def test_shortened_and_lengthened_all_workers_judge_by_it(service: RunningService, change: Change) -> None:
    for minutes in (7, 90, 15):
        before = service.log_in("alice0000001")
        change(service, minutes)
        changed_at = last_old = time.monotonic()
        while (now := time.monotonic()) < changed_at + MOST_SECONDS + 1:
            told = json.loads(service.ask("/session", before)[1])
            if abs(told["idle_remaining_seconds"] - 60 * minutes) > 30:
                last_old = now
        assert last_old - changed_at <= MOST_SECONDS
