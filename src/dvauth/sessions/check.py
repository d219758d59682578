"""What asking about a session can answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dvauth.sessions.record import SessionRecord, SessionRef, Tombstone
from dvauth.timeouts.judge import Reason, Verdict


class State(StrEnum):
    ACTIVE = "active"
    ENDED = "ended"
    ANONYMOUS = "anonymous"


class Cause(StrEnum):
    """Why a keep-alive was sent: the person answered the prompt, or had been working all along."""

    PROMPT = "prompt"
    INPUT = "input"


@dataclass(frozen=True, slots=True)
class Active:
    """The cookie's session lives."""

    record: SessionRecord
    verdict: Verdict
    state = State.ACTIVE


@dataclass(frozen=True, slots=True)
class Ended:
    """The cookie's session has ended; at this portal alone, if there still is a ``record``.

    ``replayed``: it had ended before, and its cookie is used all the same; ``given_back``: it is the very cookie that
    a browser was told to forget by its logout.
    """

    reason: Reason
    ref: SessionRef
    tombstone: Tombstone | None = None
    record: SessionRecord | None = None
    replayed: bool = False
    given_back: bool = False
    state = State.ENDED


@dataclass(frozen=True, slots=True)
class Anonymous:
    """No cookie, or none that means anything (any more)."""

    state = State.ANONYMOUS


Check = Active | Ended | Anonymous


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A new session and the value of its cookie; ``evicted`` are the sessions that made room."""

    record: SessionRecord
    cookie: str
    evicted: Sequence[str] = ()


class Contention(Exception):
    """A session kept moving under every try to act on it. Not expected outside of a fault."""
