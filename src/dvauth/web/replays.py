"""A cookie used after its session was ended on purpose is an event, once.

The cookie that a browser gave back when it logged out is used by nobody but a thief. The others are everyday: a logout
reaches no portal's own cookie, and no other device hears that its session was ended until it asks.
"""

from dvauth.audit.events import Event
from dvauth.sessions.check import Check, Ended
from dvauth.web.services import WebServices
from dvauth.web.visit import Visit


def report_replay(known: WebServices, visit: Visit, check: Check) -> None:
    """After an idle or an absolute end the person came back and clicked. That is not told at all."""
    if not (isinstance(check, Ended) and check.replayed and check.tombstone and check.reason.willed):
        return
    if known.keeper.is_first_replay(check):
        known.audit.record(
            Event.SESSION_USE_AFTER_EXPIRE if check.given_back else Event.SESSION_LEFT_OVER,
            account=check.tombstone.account_id,
            session=check.ref.session_id,
            address=visit.client_address,
            reason=check.reason,
        )
