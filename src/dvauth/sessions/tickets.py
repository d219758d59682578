"""Tickets carry a session from the central host to a portal's own host: one use, 30 seconds.

A ticket is bound to the portal, the session and a nonce in the browser that began the handshake, so nobody else's
ticket logs a victim in.
"""

import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta

from dvauth.sessions import keys
from dvauth.sessions.cookie import Credential, fingerprint
from dvauth.sessions.record import Portal, SessionRef
from dvauth.storage.lua import Connection

TICKET_LIFETIME = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a ticket stands for. ``challenge`` is the SHA-256 of the nonce, in hexadecimal.

    ``credential`` is the central one it was issued to: if that secret is rotated, the ticket is worthless too.
    """

    credential: Credential
    portal_id: int
    challenge: str
    return_to: str


class TicketOffice:
    def __init__(self, connection: Connection) -> None:
        self._call = connection.call
        self._redis = connection.client

    def issue(self, ticket: Ticket) -> str:
        """The code to hand to the browser; Redis holds only its digest."""
        code = secrets.token_urlsafe(32)
        ref, digest = ticket.credential.ref, ticket.credential.digest.hex()
        content = json.dumps([ref.bucket, ref.session_id, digest, ticket.portal_id, ticket.challenge, ticket.return_to])
        self._call(self._redis.set, _key(code), content, px=TICKET_LIFETIME)
        return code

    def redeem(self, code: str, portal: Portal, nonce: str) -> Ticket | None:
        """The ticket, if it is unused, young, for this portal and for this browser. It is used up in any case."""
        content = self._call(self._redis.getdel, _key(code))
        if content is None:
            return None
        bucket, session_id, digest, portal_id, expected, return_to = json.loads(content)
        if portal_id != portal.id or not hmac.compare_digest(expected, challenge(nonce)):
            return None
        credential = Credential(SessionRef(bucket, session_id), bytes.fromhex(digest))
        return Ticket(credential=credential, portal_id=portal_id, challenge=expected, return_to=return_to)


def challenge(nonce: str) -> str:
    return fingerprint(nonce).hex()


def _key(code: str) -> str:
    return keys.ticket(challenge(code))
