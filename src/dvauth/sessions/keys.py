"""Every key and field name in Redis, each made in one place.

All keys of an account carry the same hash tag, its bucket, so that each act on them is one script on one Cluster
slot. Names are short because they are stored with every session.
"""

import hashlib
from datetime import UTC, date, datetime

from dvauth.sessions.record import SessionRecord, SessionRef

BUCKETS = tuple(f"{number:02x}" for number in range(256))

SWEEP = "dvauth:sweep"  # which policies, and how many buckets are left

DIGEST = "s"  # SHA-256 of the secret in the cookie, raw
ACCOUNT = "a"
ROLES = "r"  # joined by spaces
METHODS = "m"  # how the person authenticated, joined by spaces
CREATED = "c"
AUTHENTICATED = "f"
ACTIVITY = "t"
REMEMBER = "k"
ROTATION_DUE = "n"  # present after the roles changed, until the secret is rotated
LOGIN_PORTAL = "o"
ADDRESS = "i"
USER_AGENT = "u"

DATA = (ACCOUNT, ROLES, CREATED, AUTHENTICATED, ACTIVITY, REMEMBER, ROTATION_DUE)


def bucket_of(account_id: str) -> str:
    """Two hexadecimal digits. Not keyed: rotating keys must not move an account's sessions to another slot."""
    return hashlib.sha256(b"dvauth.bucket:" + account_id.encode()).hexdigest()[:2]


def session(ref: SessionRef) -> str:
    return f"dvauth:{{{ref.bucket}}}:session:{ref.session_id}"


def ended(ref: SessionRef) -> str:
    return f"dvauth:{{{ref.bucket}}}:ended:{ref.session_id}"


def replayed(ref: SessionRef, *, given_back: bool) -> str:
    return f"dvauth:{{{ref.bucket}}}:{'replayed' if given_back else 'left-over'}:{ref.session_id}"


def account(bucket: str, account_id: str) -> str:
    return f"dvauth:{{{bucket}}}:account:{account_id}"


def due(bucket: str) -> str:
    return f"dvauth:{{{bucket}}}:due"


def events(bucket: str) -> str:
    return f"dvauth:{{{bucket}}}:events"


def places(record: SessionRecord) -> list[str]:
    """Where a session stands: itself, its account's index, the schedule, and where its events go."""
    bucket = record.ref.bucket
    return [session(record.ref), account(bucket, record.account_id), due(bucket), events(bucket)]


def ticket(fingerprint: str) -> str:
    return f"dvauth:ticket:{fingerprint}"


def pauses(day: date) -> str:
    return f"dvauth:pauses:{day:%Y%m%d}"


def prompts(moment: datetime, slug: str | None) -> str:
    """The counter of the prompts of that hour (UTC) on a portal, or everywhere."""
    return f"dvauth:prompts:{moment.astimezone(UTC):%Y%m%d%H}:{slug or '*'}"


def digest_field(portal_id: int | None) -> str:
    """The field with the digest of the secret that the central host, or a portal's host, was given."""
    return DIGEST if portal_id is None else f"{DIGEST}{portal_id}"


def activity_field(portal_id: int) -> str:
    return f"{ACTIVITY}{portal_id}"
