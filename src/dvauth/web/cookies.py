"""The names and attributes of our cookies. Every Set-Cookie of the service is written here, or by ``i18n``."""

from dataclasses import dataclass

from flask import Request
from werkzeug.wrappers import Response

from dvauth.settings import Settings
from dvauth.web.visit import Visit


@dataclass(frozen=True, slots=True)
class CookieJar:
    """Names cookies ``__Host-dvauth…``: Secure, host-only and for the whole host, which the browser then enforces.

    Only the setting for insecure development takes ``__Host-`` and Secure away. ``suffix`` tells two services on one
    host apart.
    """

    suffix: str
    secure: bool

    @classmethod
    def from_settings(cls, settings: Settings) -> "CookieJar":
        return cls(settings.cookie_suffix, not settings.insecure_development)

    def name(self, purpose: str = "") -> str:
        """The session's cookie, or that of another purpose."""
        parts = ["dvauth", *filter(None, (self.suffix, purpose))]
        return ("__Host-" if self.secure else "") + "-".join(parts)

    def read(self, asked: Request | Visit, purpose: str = "") -> str | None:
        return asked.cookies.get(self.name(purpose))

    def set(self, response: Response, value: str, purpose: str = "", *, max_age: int | None = None) -> None:
        """Set a cookie; without ``max_age`` (seconds) it ends with the browser."""
        response.set_cookie(
            self.name(purpose), value, max_age=max_age, secure=self.secure, httponly=True, samesite="Lax", path="/"
        )

    def expire(self, response: Response, purpose: str = "") -> None:
        self.set(response, "", purpose, max_age=0)
