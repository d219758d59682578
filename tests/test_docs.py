"""What the docs say about options, commands and defaults is what the code does."""

import re
import shlex
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from dvauth.api_tokens.token import Scope
from dvauth.audit.events import Event
from dvauth.cli import main
from dvauth.settings import PREFIX, Settings
from dvauth.timeouts.policy import PolicySet
from dvauth.web.api.openapi import NOUNS

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ROOT = Path(__file__).parent.parent
EMBEDDING = (ROOT / "docs" / "embedding.md").read_text("utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
API = (ROOT / "docs" / "api.md").read_text("utf-8")
GUIDES = "\n".join(path.read_text("utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))))
COMMANDS = sorted(set(re.findall(r"^[$#] dvauth (.*)$|`dvauth ([a-z]+ [a-z][^`|…]*)`", GUIDES, re.MULTILINE)))


def _settings_table() -> str:
    rows = []
    for option in fields(Settings):
        default = option.default
        plain = int(default) if isinstance(default, bool) else default
        shown = "" if default in (None, (), "") else f"`{plain}`"
        rows.append(f"| `{PREFIX}{option.name.upper()}` | {shown} | {option.metadata['reason']} |")
    return "\n".join(rows)


def test_operations_lists_every_setting_with_its_default() -> None:
    (listed,) = re.findall(
        r"<!-- settings: .*?\|---\|---\|---\|\n(.*?)\n\n<!-- end of settings -->", OPERATIONS, re.DOTALL
    )
    assert listed.strip() == _settings_table()


@pytest.mark.proves("TO14")
def test_documented_default_timeouts_are_those_of_the_code() -> None:
    policies = PolicySet()
    default, admin = policies.default, policies.strictest(["admin"]).policy
    told = (
        f"Defaults: idle {default.idle_timeout // MINUTE} minutes, prompt {default.warn_before.seconds} seconds before "
        f"the end, absolute {default.absolute_timeout // HOUR} hours, {default.max_sessions} sessions an account, "
        f"nobody is remembered; administrators: idle {admin.idle_timeout // MINUTE} minutes, "
        f"absolute {admin.absolute_timeout // HOUR} hours."
    )
    assert told in " ".join(OPERATIONS.split())


@pytest.mark.parametrize("words", [shown or inline for shown, inline in COMMANDS])
def test_documented_commands_can_be_typed(words: str) -> None:
    typed = CliRunner().invoke(main, [*shlex.split(words, comments=True), "--help"])
    assert typed.exit_code == 0, typed.output


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", EMBEDDING, re.DOTALL | re.MULTILINE)


def _lines(text: str) -> list[str]:
    """Without indentation and comments."""
    return [line for line in (line.partition("#")[0].strip() for line in text.splitlines()) if line]


def test_embedding_shows_the_proxies_files_as_they_are_shipped() -> None:
    (nginx,) = _blocks("nginx")
    shipped = _lines((ROOT / "deploy/nginx/sites-available/news.example.vn.conf").read_text())
    assert [line for line in _lines(nginx) if line not in shipped] == []
    assert [block for block in _blocks("") if block in (ROOT / "deploy/caddy/Caddyfile").read_text()]


def test_files_that_the_docs_name_are_there() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        for path in re.findall(r"`((?:deploy|src|scripts|tests|docs)/[\w./-]+)`", page.read_text("utf-8")):
            assert (ROOT / path).exists(), (page.name, path)
    for name in re.findall(r"`([\w.-]+\.conf)`", EMBEDDING):
        assert list((ROOT / "deploy/nginx").rglob(name)), name


def test_embedding_explains_what_the_script_says_on_the_console() -> None:
    said = re.findall(r'"(dvauth: [^"]+)"', (ROOT / "static" / "dvauth.js").read_text("utf-8"))
    assert said
    assert [message for message in said if message not in EMBEDDING] == []


@pytest.mark.proves("LG6")
def test_every_event_is_explained_as_the_code_does() -> None:
    table = (ROOT / "docs" / "events.md").read_text("utf-8").partition("|---|---|---|\n")[2]
    assert table.splitlines() == [f"| `{event}` | {event.level} | {event.meaning} |" for event in Event]


def test_api_page_lists_every_scope() -> None:
    assert re.findall(r"^\| `([a-z]+:[a-z]+)` \|", API, re.MULTILINE) == list(Scope)


def test_api_page_names_operations_that_there_are() -> None:
    app = Flask("docs")
    for noun in NOUNS:
        app.register_blueprint(noun.blueprint)
    there = {re.sub(r"<.*?>", "<>", rule.rule).removeprefix("/api/v1/") for rule in app.url_map.iter_rules()}
    named = set(re.findall(r"\$API/([a-z/-]+)|`(?:GET|PUT|POST|PATCH|DELETE) /([a-z/{}-]+)", API))
    assert len(named) > 8
    for path in (shell or text for shell, text in named):
        assert re.sub(r"\{.*?\}", "<>", path) in there, path
