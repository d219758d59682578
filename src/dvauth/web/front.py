"""WSGI in front of Flask: it answers the three addresses that nearly all requests ask for.

An empty Flask route costs more than a whole check does here (docs/performance.md). What these routes know of a visitor
(``visit``) and say of a failure (``answers``) is what the pages know and say.
"""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from dvauth.web.answers import Answer, problem
from dvauth.web.headers import AT_CENTRE, FOR_PROGRAMS
from dvauth.web.visit import Entrance, Visit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

View = Callable[[Visit], Answer]
Routes = Mapping[str, Mapping[str, View]]  # by path, then by method
ANY_OTHER = "*"  # method

STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Front:
    """``routes`` are answered here, everything else by ``behind``. A view answers every error itself."""

    def __init__(self, behind: "WSGIApplication", routes: Routes, entrance: Entrance) -> None:
        self.routes = routes
        self._behind = behind
        self._entrance = entrance

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        views = self.routes.get(environ.get("PATH_INFO", ""))
        if views is None:
            return self._behind(environ, start_response)
        visit = Visit(environ, self._entrance)
        view = views.get(visit.method) or views.get(ANY_OTHER)
        answer = view(visit) if view else _not_allowed(views)
        headers = [*answer.headers, *(AT_CENTRE if visit.is_central else ()), *FOR_PROGRAMS]
        start_response(STATUS_LINES[answer.status], [*headers, ("Content-Length", str(len(answer.body)))])
        return [b"" if visit.method == "HEAD" else answer.body]


def _not_allowed(views: Mapping[str, View]) -> Answer:
    return problem(405, "This address does not take this method.").adding((("Allow", ", ".join(views)),))
