"""The session cookie: ``bucket.session-id.secret``, signed. A forged or mangled one costs no Redis round trip.

The secret has 256 random bits (OWASP ASVS 11.5.1 asks for 128) and Redis holds only its SHA-256, so neither a dump of
Redis nor a session id opens anything. Redis decides; the signature only turns garbage away early.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from itsdangerous import Signer

from dvauth.sessions.keys import bucket_of
from dvauth.sessions.record import SessionRef

COOKIE_NAME = "dvauth"
LONGEST_COOKIE = 256
# Base64 ignores the last bits of a last sign, so the signature's may be only one of those that leave them empty.
_SHAPE = re.compile(
    r"(?P<value>(?P<bucket>[0-9a-f]{2})\.(?P<id>[A-Za-z0-9_-]{16})\.(?P<secret>[A-Za-z0-9_-]{43}))"
    r"\.(?P<signature>[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])"
)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a browser presented: a session, and the digest of a secret that has yet to be compared."""

    ref: SessionRef
    digest: bytes


def new_ref(account_id: str) -> SessionRef:
    """A fresh session id of 96 random bits in the account's bucket."""
    return SessionRef(bucket_of(account_id), secrets.token_urlsafe(12))


def new_secret() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()


def fingerprint(secret: str) -> bytes:
    """32 raw bytes of SHA-256: enough for a secret with 256 random bits, no slow hash needed."""
    return hashlib.sha256(secret.encode()).digest()


class CookieSigner:
    """Signs and reads cookie values. Keys come newest first; the newest signs, all of them verify."""

    def __init__(self, keys: Sequence[str]) -> None:
        derived = [hmac.digest(key.encode(), b"dvauth.cookie", "sha256") for key in reversed(keys)]
        self._signer = Signer(derived, key_derivation="none", digest_method=hashlib.sha256)

    def sign(self, ref: SessionRef, secret: str) -> str:
        return self._signer.sign(f"{ref.bucket}.{ref.session_id}.{secret}").decode()

    def read(self, value: str | None) -> Credential | None:
        """The credential, or ``None`` for no cookie and for everything that we did not sign."""
        found = _SHAPE.fullmatch(value) if value and len(value) <= LONGEST_COOKIE else None
        if found is None or not self._signer.verify_signature(found["value"], found["signature"]):
            return None
        return Credential(SessionRef(found["bucket"], found["id"]), fingerprint(found["secret"]))
