"""What is known about one session, and who it belongs to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from dvauth.timeouts.judge import PortalVisit, Reason

EPOCH = datetime.fromtimestamp(0, UTC)
LONGEST_VALUE = 64  # bytes; Redis packs a hash tightly only while every value is this short

_json = json.JSONEncoder(separators=(",", ":")).encode


def to_ms(instant: datetime) -> int:
    """Milliseconds since 1970, the unit of every instant in Redis."""
    return round((instant - EPOCH).total_seconds() * 1000)


def from_ms(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _short(text: str) -> str:
    return text.encode()[:LONGEST_VALUE].decode(errors="ignore")


class Portal(Protocol):
    """What sessions need to know of a portal: its number names fields in Redis, its slug names policies."""

    @property
    def id(self) -> int: ...
    @property
    def slug(self) -> str: ...


class Clock(Protocol):
    """One time for all processes; production asks Redis, tests set it."""

    def now(self) -> datetime: ...
    def for_script(self) -> str:
        """Milliseconds for a script to go by, or an empty string: the script asks Redis itself."""
        ...


@dataclass(frozen=True, slots=True)
class SessionRef:
    """Names a session; opens nothing. The bucket picks the Redis Cluster slot."""

    bucket: str
    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who has authenticated, and by which methods."""

    account_id: str
    roles: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("password",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a session was opened: shown to its owner and to administrators."""

    address: str = ""
    user_agent: str = ""
    portal_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A session as Redis holds it. Instants are aware UTC; ``portals`` has what was read, by slug."""

    ref: SessionRef
    account_id: str
    roles: tuple[str, ...]
    created_at: datetime
    authenticated_at: datetime
    last_activity_at: datetime
    remember: bool = False
    rotation_due: bool = False
    methods: tuple[str, ...] = ()
    origin: Origin = field(default_factory=Origin)
    portals: Mapping[str, PortalVisit] = field(default_factory=dict)

    @classmethod
    def opened(
        cls, ref: SessionRef, principal: Principal, origin: Origin, now: datetime, *, remember: bool
    ) -> "SessionRecord":
        """A session that begins now."""
        return cls(
            ref=ref,
            account_id=principal.account_id,
            roles=principal.roles,
            methods=principal.methods,
            created_at=now,
            authenticated_at=now,
            last_activity_at=now,
            remember=remember,
            origin=replace(origin, user_agent=_short(origin.user_agent)),
        )

    @property
    def seq(self) -> int:
        """Rises with every activity, in milliseconds; lets tabs tell old news from new."""
        return to_ms(self.last_activity_at) - to_ms(self.created_at)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is still told about an ended session: why, when, whose, and how long it had been allowed to idle.

    ``given_back`` is the digest of the secret that a browser was told to forget when it logged out, in hexadecimal.
    """

    reason: Reason
    account_id: str
    ended_at: datetime
    idle_seconds: int
    given_back: str | None = None

    def to_json(self) -> str:
        return _json([self.reason, self.account_id, to_ms(self.ended_at), self.idle_seconds, self.given_back])

    @classmethod
    def from_json(cls, raw: bytes) -> "Tombstone":
        reason, account_id, ended_at, idle_seconds, *given_back = json.loads(raw)
        return cls(Reason(reason), account_id, from_ms(ended_at), idle_seconds, *given_back)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request comes from: the central host, a portal's page that calls it, or a portal's own host.

    On its own host a portal has a cookie, and so a secret, of its own.
    """

    portal: Portal | None = None
    own_host: bool = False

    @property
    def slug(self) -> str | None:
        return self.portal.slug if self.portal else None

    @property
    def secret_of(self) -> int | None:
        """The portal whose secret the cookie must carry; ``None``: the central host's."""
        return self.portal.id if self.portal and self.own_host else None


CENTRAL = Place()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent:
    """Something that happened to a session, on its way through a Redis stream into the audit log.

    An end that somebody willed says ``forget_after`` when the session would have been over anyway, so that it need be
    repeated no longer.
    """

    event: str
    ref: SessionRef
    account_id: str
    at: datetime
    details: Mapping[str, str] = field(default_factory=dict)
    forget_after: datetime | None = None

    def to_json(self) -> str:
        plain = {"event": self.event, "session": self.ref.session_id, "account": self.account_id, "at": to_ms(self.at)}
        if self.forget_after:
            plain["forget_after"] = to_ms(self.forget_after)
        return _json(plain | dict(self.details))

    @classmethod
    def from_json(cls, bucket: str, raw: bytes) -> "SessionEvent":
        plain = json.loads(raw)
        forget_after = plain.pop("forget_after", None)
        return cls(
            forget_after=from_ms(forget_after) if forget_after else None,
            event=plain.pop("event"),
            ref=SessionRef(bucket, plain.pop("session")),
            account_id=plain.pop("account"),
            at=from_ms(plain.pop("at")),
            details=plain,
        )
