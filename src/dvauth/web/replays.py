"""A cookie used after its session was ended on purpose is an event, once: somebody may have stolen it."""

from dvauth.audit.events import Event
from dvauth.sessions.check import Check, Ended
from dvauth.web.services import WebServices
from dvauth.web.visit import Visit


def report_replay(known: WebServices, visit: Visit, check: Check) -> None:
    """After an idle or an absolute end it is everyday: the person came back and clicked. That is not told."""
    if not (isinstance(check, Ended) and check.replayed and check.tombstone and check.reason.willed):
        return
    if known.keeper.is_first_replay(check.ref):
        known.audit.record(
            Event.SESSION_USE_AFTER_EXPIRE,
            account=check.tombstone.account_id,
            session=check.ref.session_id,
            address=visit.client_address,
            reason=check.reason,
        )
