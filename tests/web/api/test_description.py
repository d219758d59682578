"""The API does what its own description says: asked whatever that allows, and what it forbids."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dvauth.administration.actor import Actor
from dvauth.api_tokens.token import Scope
from dvauth.parts import connected
from tests.chaos.conftest import RunningService

# What is right by the schema may be refused all the same: NUL, a role that there is not, a timeout out of bounds.
CONFIGURATION = """
[parameters]
"header.If-Match" = "*"
"query.account" = "charlie"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "403", "404", "409", "412", "422", "428"]
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "404", "409", "412", "413", "415", "422", "428"]
[checks.missing_required_header]
expected-statuses = ["401", "428"]
"""


@pytest.fixture(scope="module")
def throwaway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that nobody minds: it is left without portals, and with whatever accounts."""
    running = RunningService(tmp_path_factory.mktemp("throwaway"))
    yield running
    running.stop()


@pytest.mark.proves("HP6", "AZ3")
def test_every_operation_answers_as_described(throwaway: RunningService, tmp_path: Path) -> None:
    with connected(throwaway.settings) as parts:
        parts.accounts.add("charlie", roles=["admin"])
        parts.portals.add("news", name="Báo tỉnh", origins=["https://news.example.vn"])
        desk = parts.administration.api_tokens
        token = desk.add(Actor("cli"), "charlie", name="all", scopes=Scope, lasts=timedelta(hours=1)).text
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    address = f"http://127.0.0.1:{throwaway.port}"
    options = {
        "--url": address,
        "--header": f"Authorization: Bearer {token}",
        "--checks": "all",
        "--max-examples": "10",
        "--seed": "1",
    }
    told = [word for pair in options.items() for word in pair]
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/api/openapi.json", *told]
    run = subprocess.run(
        [*command, "--header", f"Host: {throwaway.host}", "--continue-on-failure", "--no-color"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "SCHEMATHESIS_HOOKS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
