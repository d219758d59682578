"""How long people pause, as bars; and what a timeout would have meant to them."""

from dataclasses import dataclass
from datetime import timedelta

from dvauth.sessions.pauses import PauseCounts
from dvauth.timeouts.policy import TimeoutPolicy

BARS = 30
WIDTHS = tuple(
    timedelta(seconds=seconds) for seconds in (30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800, 86_400)
)
FEWEST = 50  # pauses, before shares of them mean anything


@dataclass(frozen=True, slots=True)
class PausePlot:
    """Shares are percent of all pauses of half a minute and more that people came back from."""

    pauses: PauseCounts
    old: TimeoutPolicy
    new: TimeoutPolicy

    @property
    def is_telling(self) -> bool:
        return self.pauses.total >= FEWEST

    @property
    def width(self) -> timedelta:
        """Of a bar: so that twice the longer timeout is seen."""
        wanted = 2 * max(self.old.idle_timeout, self.new.idle_timeout) / BARS
        return next((width for width in WIDTHS if width >= wanted), WIDTHS[-1])

    def bars(self) -> list[tuple[timedelta, timedelta, float]]:
        """From, to, and the share of pauses between."""
        edges = [number * self.width for number in range(BARS + 1)]
        longer = [self.pauses.share_longer_than(edge) * 100 for edge in edges]
        return [(edges[number], edges[number + 1], longer[number] - longer[number + 1]) for number in range(BARS)]

    def prompted(self, policy: TimeoutPolicy) -> float:
        return 100 * self.pauses.share_longer_than(policy.idle_timeout - policy.warn_before)

    def logged_out(self, policy: TimeoutPolicy) -> float:
        return 100 * self.pauses.share_longer_than(policy.idle_timeout)

    def position(self, moment: timedelta) -> float:
        """Where a moment stands on the axis, in bars."""
        return moment / self.width
