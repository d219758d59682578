"""Where articles are written: for editors and administrators, as dvauth tells the portal's server."""

from datetime import UTC, datetime

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from wtforms import Form, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired

from dvauth.demo.articles import Article
from dvauth.demo.errors import RETRY_SOON, unavailable
from dvauth.demo.form_token import FIELD, form_account, form_token
from dvauth.demo.gate import NotAllowed, NotLoggedIn, Unavailable
from dvauth.demo.second_window import is_second_window, send_to_login
from dvauth.demo.site import SECTIONS, message, site, this_page
from dvauth.web.i18n import lazy_gettext as _

WRITERS = {"editor", "admin"}
CHALLENGE = {"WWW-Authenticate": 'DVAuth realm="portal"'}

blueprint = Blueprint("editor", __name__, url_prefix="/editor")


class ForeignForm(Exception):
    """Not made by this portal for this account: forged, or from before another person logged in."""


class ArticleForm(Form):
    title = StringField(_("Title"), [InputRequired(_("Enter a title"))])
    section = SelectField(_("Section"), choices=[SelectChoice(key, name) for key, name in SECTIONS.items()])
    summary = TextAreaField(_("Summary"), [InputRequired(_("Enter a summary"))], render_kw={"rows": 3})
    body = TextAreaField(_("Text"), [InputRequired(_("Enter the text"))], render_kw={"rows": 14})


@blueprint.before_request
def let_in_writers() -> None:
    g.reader = site().gate.require(request, WRITERS)
    if request.method == "POST" and form_account() != g.reader.account:
        raise ForeignForm


@blueprint.get("/")
def index() -> str:
    saved = site().articles.find(request.args.get("saved", ""))
    return render_template("demo/editor.html", articles=site().articles.newest(), saved=saved)


@blueprint.get("/back")
def back() -> str:
    """Where the login in a second window ends; the text waits in the first."""
    return render_template("demo/back.html", form_url=url_for("editor.write"))


@blueprint.get("/new")
@blueprint.get("/<slug>")
def write(slug: str | None = None) -> str:
    form = ArticleForm(obj=_existing(slug))
    if is_second_window():
        return render_template("demo/back.html", form_url=this_page())
    return _form_page(form, form_token(g.reader.account))


@blueprint.post("/new")
@blueprint.post("/<slug>")
def save(slug: str | None = None) -> ResponseReturnValue:
    existing = _existing(slug)
    form = ArticleForm(request.form)
    if not form.validate():
        return _form_page(form, request.form[FIELD]), 422
    article = Article(
        slug=existing.slug if existing else site().articles.free_slug(form.title.data or ""),
        image=existing.image if existing else None,
        saved_at=datetime.now(UTC).isoformat(timespec="seconds"),
        **form.data,
    )
    site().articles.save(article)
    return redirect(url_for("editor.index", saved=article.slug), 303)


def _existing(slug: str | None) -> Article | None:
    return (site().articles.find(slug) or abort(404)) if slug else None


def _form_page(form: ArticleForm, token: str, **notice: str) -> str:
    return render_template("demo/write.html", form=form, token=token, **notice)


def _kept(**notice: str) -> str | None:
    """The text that was sent, shown again rather than lost; nothing that a foreign page sent."""
    if request.method != "POST" or form_account() is None:
        return None
    return _form_page(ArticleForm(request.form), request.form[FIELD], **notice)


@blueprint.errorhandler(NotLoggedIn)
def ask_to_log_in(_: NotLoggedIn) -> ResponseReturnValue:
    if request.method == "GET" and request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate":
        return send_to_login()
    kept = _kept(log_in_again=site().login_url(url_for("editor.back")))
    title, text = gettext("Please log in"), gettext("Only editors may write articles.")
    return kept or message(title, text, log_in=True), 401, CHALLENGE


@blueprint.errorhandler(NotAllowed)
def say_not_allowed(_: NotAllowed) -> ResponseReturnValue:
    text = gettext("Only editors may write articles. If that is your work, ask your administrator for the role.")
    return message(gettext("You may not write here"), text), 403


@blueprint.errorhandler(ForeignForm)
def say_form_is_foreign(_: ForeignForm) -> ResponseReturnValue:
    text = gettext("This page was opened under another account, or before you logged in. Open it again.")
    return message(gettext("The article is not saved yet"), text), 403


@blueprint.errorhandler(Unavailable)
def say_unavailable(_: Unavailable) -> ResponseReturnValue:
    kept = _kept(unavailable="1")
    return (kept, 503, RETRY_SOON) if kept else unavailable()
