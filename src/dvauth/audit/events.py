"""The catalogue: every event that dvauth records, its level, and what it means.

Names and levels follow the OWASP Logging Vocabulary; an event it does not know is marked (ours).
"""

from enum import StrEnum
from typing import Self

from dvauth.explained import N_


class Level(StrEnum):
    INFO = "INFO"
    WARN = "WARN"
    CRITICAL = "CRITICAL"


class Event(StrEnum):
    """``meaning`` stands in the line as it is, and on pages in their language.

    ``shows`` names what follows the event's name in ``type``, as the vocabulary wants it.
    """

    level: Level
    meaning: str
    shows: tuple[str, ...]

    def __new__(cls, name: str, level: Level, meaning: str, shows: tuple[str, ...] = ("account",)) -> Self:
        event = str.__new__(cls, name)
        event._value_ = name
        event.level, event.meaning, event.shows = level, meaning, shows
        return event

    # logins
    AUTHN_LOGIN_SUCCESS = "authn_login_success", Level.INFO, N_("somebody proved who they are")
    AUTHN_LOGIN_SUCCESSAFTERFAIL = (
        "authn_login_successafterfail",
        Level.INFO,
        N_("a login worked after failures in a row"),
        ("account", "retries"),
    )
    AUTHN_LOGIN_FAIL = "authn_login_fail", Level.WARN, N_("username and password did not open an account")
    AUTHN_LOGIN_FAIL_MAX = (
        "authn_login_fail_max",
        Level.WARN,
        N_("so many failures in a row that the account must wait"),
        ("account", "limit"),
    )
    AUTHN_LOGIN_LOCK = (
        "authn_login_lock",
        Level.WARN,
        N_("so many failures in a row that only a new password opens the account"),
        ("account", "reason"),
    )
    AUTHN_PASSWORD_CHANGE = "authn_password_change", Level.INFO, N_("the password of an account was changed")
    AUTHN_PASSWORD_CHANGE_FAIL = (
        "authn_password_change_fail",
        Level.CRITICAL,
        N_("somebody in a session wanted a new password and did not know the old one"),
    )

    # tokens of programs
    AUTHN_TOKEN_CREATED = (
        "authn_token_created",
        Level.INFO,
        N_("a token for programs was made"),
        ("account", "scopes"),
    )
    AUTHN_TOKEN_REVOKED = (
        "authn_token_revoked",
        Level.INFO,
        N_("a token for programs was revoked"),
        ("account", "token"),
    )
    AUTHN_TOKEN_FAIL = (
        "authn_token_fail",
        Level.WARN,
        N_("(ours) a program showed a token that opens nothing"),
        ("address", "reason"),
    )

    # sessions
    SESSION_CREATED = "session_created", Level.INFO, N_("a login opened a session")
    SESSION_RENEWED = "session_renewed", Level.INFO, N_("the person was warned, and stayed")
    SESSION_EXPIRED = (
        "session_expired",
        Level.INFO,
        N_("the session ended, for the reason given"),
        ("account", "reason"),
    )
    SESSION_LOGOUT = "session_logout", Level.INFO, N_("the person logged out"), ("account", "session")
    SESSION_USE_AFTER_EXPIRE = (
        "session_use_after_expire",
        Level.CRITICAL,
        N_("a cookie was used after its browser had logged out and given it back: somebody has a copy"),
    )
    SESSION_LEFT_OVER = (
        "session_left_over",
        Level.INFO,
        N_("(ours) a cookie was used whose session had been ended from elsewhere"),
        ("account", "reason"),
    )
    EXCESS_SESSIONS_EXCEEDED = (
        "excess_sessions_exceeded",
        Level.WARN,
        N_("(ours) a login ended the oldest session, because the account had as many as it may"),
    )

    # refusals
    AUTHZ_FAIL = (
        "authz_fail",
        Level.CRITICAL,
        N_("somebody wanted what their roles do not allow"),
        ("account", "resource"),
    )
    MALICIOUS_CSRF = "malicious_csrf", Level.WARN, N_("(ours) a form came without its proof"), ("address", "resource")
    MALICIOUS_CORS = "malicious_cors", Level.WARN, N_("a page of an unknown origin called"), ("address", "origin")
    EXCESS_RATE_LIMIT_EXCEEDED = (
        "excess_rate_limit_exceeded",
        Level.WARN,
        N_("so many failed logins from one address, one network, or over all, that more must wait"),
        ("address", "limit"),
    )

    # administration
    AUTHZ_ADMIN = (
        "authz_admin",
        Level.WARN,
        N_("an administrator did what the action says"),
        ("actor", "action"),
    )
    AUTHZ_CHANGE = (
        "authz_change",
        Level.WARN,
        N_("the roles of an account were changed"),
        ("account", "before", "after"),
    )
    USER_CREATED = "user_created", Level.WARN, N_("an account was added"), ("actor", "account", "roles")
    USER_UPDATED = "user_updated", Level.WARN, N_("an account was changed"), ("actor", "account", "change")

    # the service itself
    SYS_UNREADABLE_EVENT = "sys_unreadable_event", Level.WARN, N_("(ours) a session's event that makes no sense"), ()
    SYS_STORE_UNAVAILABLE = (
        "sys_store_unavailable",
        Level.CRITICAL,
        N_("(ours) Redis or SQL does not answer"),
        ("store",),
    )
