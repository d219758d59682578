"""``dvauth demo``: the service and a portal beside it, on this machine only, with accounts to try."""

import os
import secrets
import shlex
import sys
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, TextIO

import click

from dvauth.accounts.account import Account
from dvauth.cli.serve import DEMO_MARK, tell
from dvauth.cli.texts import gettext as _
from dvauth.demo.people import People
from dvauth.explained import N_
from dvauth.parts import Parts, connected
from dvauth.policies.book import Change
from dvauth.processes.service import FolderUnwritable, Service
from dvauth.processes.supervisor import CannotStart, Supervisor
from dvauth.processes.web_server import WebServer
from dvauth.settings import PREFIX, Settings

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
PORTAL = "lam-giang"
KEY_FILE = "secret-key"
SITE_NAME = "Đăng nhập dùng chung tỉnh Lam Giang"


class FolderTaken(CannotStart):
    sentence = N_("The folder {folder} is not empty and not a demo's; choose another with --data-dir.")


# The prompt comes 30 s after the last activity; administrators, who have more to read, get it after 4 minutes.
SHORT_IDLE, ADMIN_IDLE, WARN_BEFORE = timedelta(seconds=90), timedelta(minutes=5), timedelta(seconds=60)


class Person(NamedTuple):
    """Somebody to log in as, and the idle timeout of the one role."""

    username: str
    display_name: str
    role: str
    idle: timedelta
    means: str


PEOPLE = (
    Person("nguoidoc", "Nguyễn Thị Lan", "reader", SHORT_IDLE, "người đọc, reader"),
    Person("bientap", "Trần Văn Minh", "editor", SHORT_IDLE, "biên tập viên, editor"),
    Person("quantri", "Lê Thu Hà", "admin", ADMIN_IDLE, "quản trị viên, administrator"),
)

WELCOME = """
  Cổng thông tin (portal)        {portal}
  Đăng nhập (accounts, login)    {service}

{people}

  Mỗi lần chạy lại, mật khẩu đều đổi mới.    The passwords are new at each start.
  Không thao tác 30 giây (quản trị viên: 4 phút), lời nhắc sẽ hiện.
  After 30 seconds without activity (administrator: 4 minutes) the prompt appears.
  Quản trị viên xem trước lời nhắc (preview of the prompt, for the administrator):
  {preview}

  Dùng lệnh, ở một cửa sổ dòng lệnh khác (the command, in another terminal):
  export {exports}
  {command} session list

  Dữ liệu (data): {folder}
  Nhật ký (log): {log}
  Ctrl-C để dừng.    Ctrl-C stops it.
"""


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port of the service.")
@click.option(
    "--portal-port", type=click.IntRange(1, 65535), default=8001, show_default=True, help="Port of the portal."
)
@click.option(
    "--data-dir", "folder", type=click.Path(path_type=Path), default=Path("demo-data"), show_default=True,
    help="Folder for the demo alone.",
)  # fmt: skip
def demo(port: int, portal_port: int, folder: Path) -> None:
    """Run the service and a news portal on this machine only, with fresh passwords each time."""
    if port == portal_port:
        raise click.UsageError(_("Give two ports: one for the service and another for the portal."))
    folder = folder.absolute()
    key, log = _open_folder(folder), folder / "audit.log"
    terminal = _apart_from_children(log)
    service_url, portal_url = f"http://auth.dvauth.localhost:{port}", f"http://portal.dvauth.localhost:{portal_port}"
    environ = _service_environ(service_url, port, folder, key)
    with Supervisor(tell) as supervisor:
        portal = WebServer("portal", "dvauth.demo.wsgi:app", f"127.0.0.1:{portal_port}")
        service = Service(Settings.from_environment(environ), environ, supervisor)
        service.prepare()
        service.start()
        portal.start(supervisor, _portal_environ(portal_url, service_url, port, folder, key), workers=1, threads=8)
        passwords = _furnish(service.settings, portal_url)
        service.wait_until_ready()
        portal.wait_until_ready()
        people = "\n".join(f"  {p.username:10} {passwords[p.username]:18} {p.means}" for p in PEOPLE)
        preview = f"{service_url}/admin/portals/{PORTAL}/prompt"
        told = {"portal": portal_url, "service": service_url, "preview": preview, "folder": folder, "log": log}
        told |= {"exports": _exports(service_url, folder), "command": f"{shlex.quote(sys.executable)} -m dvauth"}
        click.echo(WELCOME.format(people=people, **told), file=terminal)
        supervisor.watch()


def _apart_from_children(log: Path) -> TextIO:
    """The terminal, for us alone: what our children print, which is the audit log, would push the passwords away."""
    terminal = os.fdopen(os.dup(1), "w", encoding=sys.stdout.encoding)
    with log.open("ab") as kept:
        os.dup2(kept.fileno(), 1)
    return terminal


def _service_environ(url: str, port: int, folder: Path, key: str) -> dict[str, str]:
    return _outside() | {
        "DVAUTH_BASE_URL": url,
        "DVAUTH_BIND": f"127.0.0.1:{port}",
        "DVAUTH_DATA_DIR": str(folder),
        "DVAUTH_SECRET_KEY": key,
        "DVAUTH_SITE_NAME": SITE_NAME,
        "DVAUTH_TRUSTED_PROXIES": "127.0.0.1",  # the portal passes /dvauth/ on
    }


def _portal_environ(url: str, auth_url: str, auth_port: int, folder: Path, key: str) -> dict[str, str]:
    return _outside() | {
        "PORTAL_ORIGIN": url,
        "PORTAL_AUTH_URL": auth_url,
        "PORTAL_VERIFY_URL": f"http://127.0.0.1:{auth_port}",
        "PORTAL_DATA_DIR": str(folder),
        "PORTAL_SECRET_KEY": key,
    }


def _exports(url: str, folder: Path) -> str:
    """What a terminal must set, so that the command finds the demo."""
    needed = {
        "DVAUTH_BASE_URL": url,
        "DVAUTH_DATA_DIR": str(folder),
        "DVAUTH_SECRET_KEY_FILE": str(folder / KEY_FILE),
    }
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in needed.items())


def _outside() -> dict[str, str]:
    """The environment without options of dvauth: the demo has its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}


def _open_folder(folder: Path) -> str:
    """Mark the folder as a demo's, unless it is something else's; returns the demo's secret key."""
    key = folder / KEY_FILE
    try:
        if not (folder / DEMO_MARK).exists():
            if folder.exists() and any(folder.iterdir()):
                raise FolderTaken(folder=folder)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            key.touch(mode=0o600)
            key.write_text(secrets.token_urlsafe(48))
            (folder / DEMO_MARK).touch()
        return key.read_text()
    except OSError as error:
        raise FolderUnwritable(folder=folder, why=error.strerror) from error


def _furnish(settings: Settings, portal_url: str) -> dict[str, str]:
    """Portal, timeouts and people; returns the new password of each."""
    with connected(settings) as parts:
        everybodys = {"idle_timeout": ADMIN_IDLE, "warn_before": WARN_BEFORE}
        of_roles = {person.role: {"idle_timeout": person.idle} for person in PEOPLE}
        parts.policy_book.change(Change(default=everybodys, roles=of_roles))
        _register_portal(parts, portal_url)
        accounts = [_account(parts, person) for person in PEOPLE]
        People.in_folder(settings.data_dir).save({account.id: account.display_name for account in accounts})
        return {account.username: _fresh_password(parts, account) for account in accounts}


def _register_portal(parts: Parts, origin: str) -> None:
    known = parts.portals.directory().by_slug(PORTAL)
    if known is not None and origin not in known.origins:  # started on another port than last time
        parts.portals.remove(PORTAL)
        known = None
    if known is None:
        parts.portals.add(PORTAL, name="Cổng thông tin điện tử tỉnh Lam Giang", origins=[origin], mounted=True)


def _account(parts: Parts, person: Person) -> Account:
    return parts.accounts.find(person.username) or parts.accounts.add(
        person.username, display_name=person.display_name, roles=[person.role]
    )


def _fresh_password(parts: Parts, account: Account) -> str:
    password = "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(3))
    parts.accounts.set_password(account.id, password)
    return password
