"""What administrators see at a glance: how many are logged in, what happened by hour and portal, what needs attention.

It is read from hourly counts, so it costs the same however many sessions and events there are. What no event tells,
the housekeeping notes once a minute.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from dvauth.administration.end_orders import EndOrders
from dvauth.administration.session_index import SessionIndex
from dvauth.administration.sessions import Number, SessionAdministration
from dvauth.audit.counts import EVERYWHERE, Counts, Figure, HourlyCounts, hour_of, together
from dvauth.explained import N_, Explained
from dvauth.sessions.prompts import Prompts
from dvauth.sessions.survey import SessionSurvey
from dvauth.storage.lua import Connection

HOUR = timedelta(hours=1)
MOST_HOURS = 24 * 366  # that are told at a time
SILENCE = timedelta(minutes=5)  # the housekeeping notes something once a minute
MANY_FAILURES = 20  # within two hours; fewer are people who mistype


class Concern(Explained):
    """What needs attention: told, never raised. ``kind`` is its name for programs."""

    kind: ClassVar[str]


class ManyFailedLogins(Concern):
    kind = "many-failed-logins"
    sentence = N_(
        "In this hour and the one before, {failed} logins failed and {logins} succeeded. Somebody may be guessing "
        "passwords: the audit log tells from which addresses."
    )


class HousekeepingSilent(Concern):
    kind = "housekeeping-silent"
    sentence = N_("Nothing has been counted for minutes: the housekeeping does not run, or cannot write to SQL.")


class Sweeping(Concern):
    kind = "sweeping"
    sentence = N_("After a change of timeouts all sessions are being looked at again: {done} % are done.")


class EndingMany(Concern):
    kind = "ending-many"
    sentence = N_("Sessions are being ended because an administrator wants them ended.")


@dataclass(frozen=True, slots=True)
class Hour:
    """What happened in the hour that begins ``at`` (UTC). Without ``LIVE`` nobody was there to count sessions."""

    at: datetime
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Of a portal (its slug), or of everything; with ``live`` now. ``hours`` are all of them, the oldest first.

    Logins, ends and live sessions belong to the portal of the login; prompts to the one whose page showed them, so one
    prompt may be shown on several portals. ``portals`` has each one's share, and is empty where one was asked for.
    """

    portal: str | None
    live: Number
    hours: Sequence[Hour]
    portals: dict[str, Counts]
    concerns: Sequence[Concern]

    @property
    def total(self) -> Counts:
        return together(hour.counts for hour in self.hours)


class StatisticsAdministration:
    """``swept`` tells which part of the sessions was looked at again since the timeouts changed, 0 to 1.

    ``now`` is the time by which sessions are judged.
    """

    def __init__(
        self,
        *,
        counts: HourlyCounts,
        sessions: SessionAdministration,
        orders: EndOrders,
        swept: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._counts = counts
        self._sessions = sessions
        self._orders = orders
        self._swept = swept
        self.now = now

    def since(self, moment: datetime, portal: str | None = None) -> Statistics:
        """Of the hour of that moment and all after it. Raises ``NoSuchPortal``, ``DatabaseUnavailable``."""
        first, last = hour_of(moment), hour_of(self.now())
        live = self._sessions.number(portal=portal)
        counted = self._counts.by_hour(first, last + HOUR, portal or EVERYWHERE)
        number = (last - first) // HOUR + 1
        hours = [Hour(at, counted.get(at, {})) for at in (first + HOUR * each for each in range(number))]
        portals = {} if portal else self._counts.by_portal(first, last + HOUR)
        return Statistics(portal=portal, live=live, hours=hours, portals=portals, concerns=self.concerns())

    def last(self, hours: int, portal: str | None = None) -> Statistics:
        """Of the hour that has begun, and those before it. Raises what ``since`` raises."""
        return self.since(self.now() - HOUR * (hours - 1), portal)

    def concerns(self) -> list[Concern]:
        """What needs attention now, on whichever portal."""
        now = self.now()
        hour = hour_of(now)
        lately = self._counts.by_hour(hour - HOUR, hour + HOUR)
        both = together(lately.values())
        failed, logins, done = both.get(Figure.FAILED_LOGINS, 0), both.get(Figure.LOGINS, 0), self._swept()
        found: list[Concern] = []
        if now - hour >= SILENCE and Figure.LIVE not in lately.get(hour, {}):
            found.append(HousekeepingSilent())
        if failed >= MANY_FAILURES and failed > logins:
            found.append(ManyFailedLogins(failed=failed, logins=logins))
        if 0 < done < 1:
            found.append(Sweeping(done=int(100 * done)))
        if self._orders.standing():
            found.append(EndingMany())
        return found


def document(found: Statistics) -> dict[str, Any]:
    """Plain values for JSON. ``live`` of an hour is ``None`` where nobody was there to count."""
    return {
        "portal": found.portal,
        "live": {"sessions": found.live.sessions, "exact": found.live.exact},
        "hours": [{"at": hour.at.isoformat(), **_plain(hour.counts)} for hour in found.hours],
        "total": _plain(found.total),
        "portals": {slug: _plain(counts) for slug, counts in found.portals.items()},
        "concerns": [{"kind": concern.kind, "message": str(concern)} for concern in found.concerns],
    }


def _plain(counts: Counts) -> dict[str, int | None]:
    return {figure.value: counts.get(figure, None if figure is Figure.LIVE else 0) for figure in Figure}


class Notes:
    """What the housekeeping notes: the sessions that live, and the prompts that pages have shown."""

    def __init__(
        self,
        *,
        counts: HourlyCounts,
        survey: SessionSurvey,
        index: SessionIndex,
        prompts: Prompts,
        connection: Connection,
        slugs: Callable[[], Sequence[str]],
        now: Callable[[], datetime],
    ) -> None:
        self._counts = counts
        self._survey = survey
        self._index = index
        self._prompts = prompts
        self._call = connection.call
        self._slugs = slugs
        self._now = now

    def take(self) -> None:
        """Of the hour before again: some of its last minute had not been handed in yet."""
        now, slugs = self._now(), self._slugs()
        live = dict.fromkeys(slugs, 0) | self._index.by_portal() | {EVERYWHERE: self._survey.total()}
        self._counts.raise_to(hour_of(now), Figure.LIVE, live)
        for moment in (now - HOUR, now):
            shown = self._call(self._prompts.shown, moment, [None, *slugs])
            numbers = dict(zip([EVERYWHERE, *slugs], shown, strict=True))
            self._counts.raise_to(hour_of(moment), Figure.PROMPTS, {slug: n for slug, n in numbers.items() if n})
