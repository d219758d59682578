"""What every page of the demo portal shares: its name, sections, articles, people and gate, and who is reading."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import current_app, g, render_template, request
from itsdangerous import URLSafeSerializer

from dvauth.demo.articles import Articles
from dvauth.demo.gate import Gate, Visitor, page_of
from dvauth.demo.people import People
from dvauth.web.i18n import lazy_gettext as _

NAME = "Cổng thông tin điện tử tỉnh Lam Giang"
SECTIONS = {
    "economy": _("Economy"),
    "society": _("Culture and society"),
    "digital": _("Digital services"),
    "notices": _("Notices"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """``origin`` is how browsers call this portal, ``auth_url`` how they call dvauth."""

    origin: str
    auth_url: str
    articles: Articles
    people: People
    gate: Gate
    signer: URLSafeSerializer

    @property
    def is_secure(self) -> bool:
        return self.origin.startswith("https:")

    def login_url(self, page: str) -> str:
        """The way to the login, and back to ``page`` of this portal."""
        return f"/dvauth/enter?{urlencode({'return_to': self.origin + page})}"


def site() -> Site:
    found: Site = current_app.extensions["site"]
    return found


def reader() -> Visitor | None:
    """Who reads this page, if logged in; dvauth is asked once a request."""
    if "reader" not in g:
        g.reader = site().gate.visitor(request)
    found: Visitor | None = g.reader
    return found


def reader_name() -> str | None:
    visitor = reader()
    return site().people.name_of(visitor.account) if visitor else None


def this_page() -> str:
    return page_of(request)


def message(title: str, text: str, *, log_in: bool = False) -> str:
    """A page that only says something, and where to go from there."""
    return render_template("demo/message.html", title=title, text=text, log_in=log_in)
