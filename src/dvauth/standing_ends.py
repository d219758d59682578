"""Ends that stand although Redis is away when they come, or loses its last second: SQL keeps them as well."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from dvauth.audit.journal_writer import JournalWriter
from dvauth.audit.late_logouts import LateLogout, LateLogouts
from dvauth.audit.revocations import Revocation, RevocationJournal
from dvauth.sessions.cookie import CookieSigner, Credential
from dvauth.sessions.late_ends import LateEnds
from dvauth.sessions.record import SessionEvent, SessionRef
from dvauth.storage.sql import DatabaseUnavailable
from dvauth.timeouts.judge import Reason


class StandingEnds:
    """``late_logouts`` is of an impatient database, as people wait for it; ``now`` is the time of what SQL keeps."""

    def __init__(
        self,
        *,
        revocations: RevocationJournal,
        writer: JournalWriter,
        late_logouts: LateLogouts,
        late_ends: LateEnds,
        signer: CookieSigner,
        now: Callable[[], datetime],
    ) -> None:
        self._revocations = revocations
        self._writer = writer
        self._late_logouts = late_logouts
        self._late_ends = late_ends
        self._signer = signer
        self._now = now

    def journal(self, ends: Sequence[SessionEvent]) -> None:
        """An end needs no SQL; where SQL is there, it survives a Redis that loses its last second.

        Else the housekeeping keeps it when it brings the event.
        """
        self._writer.write(revocations(ends))

    def keep(self, events: Iterable[SessionEvent]) -> None:
        """Raises ``DatabaseUnavailable``."""
        self._revocations.add(revocations(events))

    def repeat(self, late_ends: LateEnds) -> None:
        """Tell a Redis that may have forgotten them, by ``late_ends`` that reach it. Raises ``DatabaseUnavailable``."""
        for batch in self._revocations.standing(self._now()):
            for reason in {end.reason for end in batch}:
                refs = (SessionRef(end.bucket, end.session_id) for end in batch if end.reason == reason)
                late_ends.repeat(refs, Reason(reason))

    def log_out_later(self, cookie: str | None) -> bool:
        """Note the logout of a session that Redis cannot be told of now; ``False``: SQL is away as well.

        Then the session ends at its idle timeout at the latest.
        """
        credential = self._signer.read(cookie)
        try:
            if credential:
                ref = credential.ref
                self._late_logouts.add(LateLogout(ref.bucket, ref.session_id, credential.digest))
        except DatabaseUnavailable:
            return False
        return True

    def log_out_late(self) -> None:
        """Tell Redis of the logouts that came while it was away. Raises ``DatabaseUnavailable``."""
        while waiting := self._late_logouts.waiting():
            shown = (Credential(SessionRef(late.bucket, late.session_id), late.digest) for late in waiting)
            self._late_ends.end_presented(shown, Reason.LOGOUT)
            self._late_logouts.forget(waiting)


def revocations(events: Iterable[SessionEvent]) -> list[Revocation]:
    """What the journal keeps of them: the ends that somebody willed."""
    return [
        Revocation(
            session_id=event.ref.session_id,
            bucket=event.ref.bucket,
            account_id=event.account_id,
            reason=event.details["reason"],
            ended_at=event.at,
            forget_after=event.forget_after,
        )
        for event in events
        if event.forget_after
    ]
