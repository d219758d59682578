"""Where administrators arrive: what needs attention, who is logged in, and what happened by hour or day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from flask import Blueprint, abort, render_template, request
from flask_babel import to_user_timezone, to_utc

from dvauth.administration.statistics import Hour
from dvauth.audit.counts import Counts, Figure, together
from dvauth.web.admin.entrance import require_administrator
from dvauth.web.i18n import lazy_gettext
from dvauth.web.services import services

dashboard = Blueprint("dashboard", __name__, url_prefix="/admin")
dashboard.before_request(require_administrator)


@dataclass(frozen=True, slots=True)
class Range:
    """Of whole days, today among them; of none: of the last 24 hours."""

    title: str
    days: int = 0
    by_day: bool = False

    def since(self, now: datetime) -> datetime:
        """A day begins at the operator's midnight."""
        if not self.days:
            return now - timedelta(hours=23)
        midnight = to_user_timezone(now).replace(hour=0, minute=0, second=0, microsecond=0)
        first: datetime = to_utc((midnight - timedelta(days=self.days - 1)).replace(tzinfo=None))
        return first.replace(tzinfo=UTC)


RANGES = {
    "24h": Range(lazy_gettext("The last 24 hours")),
    "7d": Range(lazy_gettext("The last 7 days"), 7),
    "30d": Range(lazy_gettext("The last 30 days"), 30, by_day=True),
}


@dashboard.get("")
def overview() -> str:
    asked, slug = request.args.get("range", "24h"), request.args.get("portal") or None
    shown, portal = RANGES.get(asked) or abort(404), services().portals().by_slug(slug) if slug else None
    if slug and portal is None:
        abort(404)
    desk = services().administration.statistics
    found = desk.since(shown.since(desk.now()), slug)
    return render_template(
        "admin/dashboard.html",
        ranges=RANGES,
        asked=asked,
        shown=shown,
        portal=portal,
        portals=services().portals().portals,
        found=found,
        total=found.total,
        spans=_by_day(found.hours) if shown.by_day else found.hours,
        figures=list(Figure),
    )


def _by_day(hours: Sequence[Hour]) -> list[Hour]:
    """The hours of each of the operator's days as of one."""
    days = groupby(hours, key=lambda hour: to_user_timezone(hour.at).date())
    return [_together(list(of_one_day)) for _day, of_one_day in days]


def _together(hours: Sequence[Hour]) -> Hour:
    counts: Counts = together(hour.counts for hour in hours)
    return Hour(hours[0].at, counts)
