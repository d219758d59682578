"""Administrators add many accounts by a file, and see first what it would do."""

from base64 import b64encode

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from dvauth.administration.account_import import Checked, ImportRefused, Mistake
from dvauth.administration.account_table import COLUMNS, links_csv
from dvauth.administration.accounts import Invitation
from dvauth.web.admin.account_forms import told
from dvauth.web.admin.entrance import current_actor, refuse_unknown_fields, require_fresh_administrator
from dvauth.web.services import services

account_import = Blueprint("account_import", __name__, url_prefix="/admin/accounts/import")
account_import.before_request(require_fresh_administrator)

# Bytes. With what a form adds to it, it fits into the largest body; more is the command's business.
LARGEST_FILE = 14 * 1024


@account_import.get("")
def choose() -> str:
    return _page()


@account_import.post("")
def look_or_add() -> ResponseReturnValue:
    """Show what the file would add; add it only when that was looked at."""
    refuse_unknown_fields(besides=("file", "table", "step"))
    step = request.form.get("step")
    content = request.form.get("table", "").encode() if step in {"save", "invite"} else _uploaded()
    if not content:
        return _page(problem=gettext("Choose a file.")), 422
    if len(content) > LARGEST_FILE:
        sentence = gettext("The file is larger than %(size)d kB. Bring it in parts, each with the first line.")
        return _page(problem=sentence % {"size": LARGEST_FILE // 1024}), 422
    checked = services().administration.account_import.check(content)
    if checked.is_there_already:
        return _invited_again(content) if step == "invite" else (_there_already(checked, content), 409)
    if checked.mistakes:
        return _page(mistakes=checked.mistakes), 422
    return _added(content) if step == "save" else _looked_at(checked, content)


def _uploaded() -> bytes:
    file = request.files.get("file")
    return file.read() if file else b""


def _added(content: bytes) -> ResponseReturnValue:
    try:
        invited = services().administration.account_import.run(current_actor(), content)
    except ImportRefused as refused:
        return _page(mistakes=refused.mistakes), 422
    return _links_page(invited, is_new=True)


def _invited_again(content: bytes) -> ResponseReturnValue:
    try:
        invited = services().administration.account_import.invite_again(current_actor(), content)
    except ImportRefused as refused:
        return _page(mistakes=refused.mistakes), 422
    if not invited:
        return _page(problem=gettext("Everybody in this file has chosen a password already: nobody needs a link.")), 422
    return _links_page(invited, is_new=False)


def _links_page(invited: list[Invitation], *, is_new: bool) -> str:
    return render_template("admin/accounts/imported.html", invited=invited, download=_download(invited), is_new=is_new)


def _download(invited: list[Invitation]) -> str:
    """The links are in this one answer and nowhere else; with the mark by which spreadsheets know UTF-8."""
    table = links_csv((each.account, each.url) for each in invited).encode("utf-8-sig")
    return f"data:text/csv;charset=utf-8;base64,{b64encode(table).decode()}"


def _looked_at(checked: Checked, content: bytes) -> str:
    return render_template("admin/accounts/import_check.html", drafts=checked.drafts, table=_table(content))


def _there_already(checked: Checked, content: bytes) -> str:
    return render_template("admin/accounts/import_again.html", drafts=checked.drafts, table=_table(content))


def _table(content: bytes) -> str:
    """Without its mark of UTF-8, which a form would not bring back."""
    return content.decode("utf-8-sig")


def _page(*, problem: str | None = None, mistakes: list[Mistake] | None = None) -> str:
    sentences = [(each.line, told(each.why)) for each in mistakes or ()]
    return render_template(
        "admin/accounts/import.html", problem=problem, mistakes=sentences, columns=COLUMNS, largest=LARGEST_FILE // 1024
    )
