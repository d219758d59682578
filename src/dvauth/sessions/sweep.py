"""How far the sweep is that follows a change of timeouts: noted by whoever sweeps, asked by whoever wants to know.

Where more than one sweeps at a time, the last to note is believed: each of them reaches the end.
"""

import hashlib
import json

from dvauth.sessions import keys
from dvauth.storage.lua import Connection
from dvauth.timeouts.policy import PolicySet

PASSES = 2  # at once, and when no process goes by the old policies any longer
WHOLE = PASSES * len(keys.BUCKETS)  # buckets to look through


class SweepProgress:
    def __init__(self, connection: Connection) -> None:
        self._call = connection.call
        self._redis = connection.client

    def note(self, policies: PolicySet, left: int) -> None:
        """So many of ``WHOLE`` buckets are still to be looked through by these policies."""
        self._call(self._redis.set, keys.SWEEP, f"{_mark(policies)} {left}")

    def done(self, policies: PolicySet) -> float:
        """Which part is done by these policies, 0 to 1; 0 as well where nobody has begun."""
        mark, _space, left = (self._call(self._redis.get, keys.SWEEP) or b"").decode().partition(" ")
        return 1 - int(left) / WHOLE if mark == _mark(policies) else 0.0


def _mark(policies: PolicySet) -> str:
    return hashlib.sha256(json.dumps(policies.to_document(), sort_keys=True).encode()).hexdigest()
