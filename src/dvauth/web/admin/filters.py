"""What the pages for administrators show in words."""

from collections.abc import Callable

from flask import Flask
from flask_babel import format_decimal, gettext

from dvauth.administration.timeouts import Difference, differences
from dvauth.explained import Explained
from dvauth.policies.book import MOST_SIGNS_OF_REASON, Changed
from dvauth.timeouts.recommendations import Recommendation
from dvauth.web.admin import audit
from dvauth.web.admin.timeout_forms import field_title, say
from dvauth.web.admin.whose import portal_name, whose


def init_app(app: Flask) -> None:
    filters: dict[str, Callable[..., object]] = {
        "limit": say,
        "limit_title": field_title,
        "numberformat": format_decimal,
        "percent": percent,
        "portal_name": portal_name,
        "recommendation": recommendation,
        "source": source,
        "bound": bound,
        "changes": changes,
        "detail": audit.in_words,
        "detail_title": audit.title,
        "explained": explained,
        "event_heading": audit.heading,
    }
    for name, filter_ in filters.items():
        app.add_template_filter(filter_, name)
    app.add_template_global(whose)
    app.jinja_env.globals["MOST_SIGNS_OF_REASON"] = MOST_SIGNS_OF_REASON


def explained(told: Explained) -> str:
    return told.explain(gettext)


def percent(share: float) -> str:
    """Of a share in percent; below ten with one decimal, where it matters."""
    return f"{format_decimal(round(share, 1 if share < 10 else 0))}\u00a0%"


def recommendation(each: Recommendation) -> str:
    """``NIST SP 800-63B-4, AAL2: Log out in any case after – at most 1 day``."""
    return f"{source(each)}: {field_title(each.field)} – {bound(each)}"


def source(each: Recommendation) -> str:
    name = gettext(each.source)
    return gettext("%(source)s (per published summaries)", source=name) if each.second_hand else name


def bound(each: Recommendation) -> str:
    if each.bound is None:
        return gettext("the longest time allows ten answers to the prompt, or is over 20 hours")
    if each.field == "warn_before":
        return gettext("at least %(bound)s", bound=say(each.bound))
    return gettext("at most %(bound)s", bound=say(each.bound))


def changes(made: Changed) -> list[Difference]:
    return differences(made.before, made.after)
