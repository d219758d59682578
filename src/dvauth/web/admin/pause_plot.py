"""How long people pause, as bars; and what a timeout would have meant to them."""

import math
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from dvauth.sessions.pauses import PauseCounts
from dvauth.timeouts.policy import TimeoutPolicy

MOST_BARS = 30
WIDTHS = tuple(
    timedelta(seconds=seconds)
    for seconds in (30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800, 86_400, 172_800)
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
        return next((width for width in WIDTHS if width * MOST_BARS >= self._range), WIDTHS[-1])

    def bars(self) -> list[tuple[timedelta, timedelta, float]]:
        """From, to, and the share of pauses between."""
        edges = [number * self.width for number in range(math.ceil(self._range / self.width) + 1)]
        longer = [100 * self.pauses.share_longer_than(edge) for edge in edges]
        shares = (more - less for more, less in pairwise(longer))
        return [(*between, share) for between, share in zip(pairwise(edges), shares, strict=True)]

    @property
    def beyond(self) -> float:
        """The share of pauses that are longer than the last bar."""
        return 100 * self.pauses.share_longer_than(self.bars()[-1][1])

    @property
    def _range(self) -> timedelta:
        return 2 * max(self.old.idle_timeout, self.new.idle_timeout)

    def prompted(self, policy: TimeoutPolicy) -> float:
        return 100 * self.pauses.share_longer_than(policy.idle_timeout - policy.warn_before)

    def logged_out(self, policy: TimeoutPolicy) -> float:
        return 100 * self.pauses.share_longer_than(policy.idle_timeout)
