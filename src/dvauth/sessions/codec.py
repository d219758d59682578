"""A session as the fields of a hash in Redis, and back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dvauth.sessions import keys
from dvauth.sessions.record import Origin, Portal, SessionRecord, SessionRef, from_ms, to_ms
from dvauth.timeouts.judge import PortalVisit, Reason

PORTAL_END_LETTERS = {Reason.PORTAL_IDLE: "i", Reason.ABSOLUTE: "a"}
_REASONS = {letter: reason for reason, letter in PORTAL_END_LETTERS.items()}


def to_fields(record: SessionRecord, digest: bytes) -> dict[str, Any]:
    """What is written for a new session; empty values cost nothing because they are left out."""
    origin = record.origin
    values = {
        keys.DIGEST: digest,
        keys.ACCOUNT: record.account_id,
        keys.ROLES: " ".join(record.roles),
        keys.METHODS: " ".join(record.methods),
        keys.CREATED: to_ms(record.created_at),
        keys.AUTHENTICATED: to_ms(record.authenticated_at),
        keys.ACTIVITY: to_ms(record.last_activity_at),
        keys.REMEMBER: "1" if record.remember else "",
        keys.LOGIN_PORTAL: "" if origin.portal_id is None else origin.portal_id,
        keys.ADDRESS: origin.address,
        keys.USER_AGENT: origin.user_agent,
    }
    return {name: value for name, value in values.items() if value != ""}


def to_record(
    ref: SessionRef, names: Sequence[str], values: Sequence[bytes | None], portal: Portal | None
) -> SessionRecord | None:
    """What these values of the named fields tell; ``None``: the session is gone. The portal's visit comes last."""
    found = dict(zip(names, values, strict=False))
    account_id, activity = found[keys.ACCOUNT], found[keys.ACTIVITY]
    if account_id is None or activity is None:
        return None
    visit = values[len(names)] if portal else None
    return SessionRecord(
        ref=ref,
        account_id=account_id.decode(),
        roles=_words(found[keys.ROLES]),
        created_at=from_ms(int(found[keys.CREATED] or 0)),
        authenticated_at=from_ms(int(found[keys.AUTHENTICATED] or 0)),
        last_activity_at=from_ms(int(activity)),
        remember=found[keys.REMEMBER] is not None,
        rotation_due=found[keys.ROTATION_DUE] is not None,
        methods=_words(found.get(keys.METHODS)),
        origin=_origin(found) if keys.USER_AGENT in found else Origin(),
        portals={portal.slug: _visit(visit)} if portal and visit else {},
    )


def refs_in(bucket: str, ids: Iterable[bytes]) -> list[SessionRef]:
    return [SessionRef(bucket, session_id.decode()) for session_id in ids]


def _origin(found: Mapping[str, bytes | None]) -> Origin:
    portal_id = found[keys.LOGIN_PORTAL]
    return Origin(
        address=_text(found[keys.ADDRESS]),
        user_agent=_text(found[keys.USER_AGENT]),
        portal_id=int(portal_id) if portal_id else None,
    )


def _text(raw: bytes | None) -> str:
    return raw.decode() if raw else ""


def _words(raw: bytes | None) -> tuple[str, ...]:
    return tuple(raw.decode().split()) if raw else ()


def _visit(raw: bytes) -> PortalVisit:
    text = raw.decode()
    reason = _REASONS.get(text[0])
    return PortalVisit(from_ms(int(text[1:] if reason else text)), reason)


def to_visit_text(visit: PortalVisit) -> str:
    return f"{PORTAL_END_LETTERS[visit.ended] if visit.ended else ''}{to_ms(visit.at)}"
