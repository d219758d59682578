"""How the routes of a noun are declared: a scope for each, what it takes, and what it answers."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from flask_smorest.blueprint import Blueprint
from marshmallow import RAISE, Schema

from dvauth.api_tokens.token import Scope
from dvauth.web.api import problems
from dvauth.web.api.entrance import admit, require_json

View = TypeVar("View", bound=Callable[..., Any])


class Noun:
    """``scopes`` says which scope each view needs: none can be declared without."""

    def __init__(self, name: str, description: str) -> None:
        self.name = name
        self.scopes: dict[str, Scope] = {}
        self.blueprint = Blueprint(f"api_{name}", __name__, url_prefix=f"/api/v1/{name}", description=description)
        problems.init_blueprint(self.blueprint)

    def operation(
        self,
        method: str,
        rule: str,
        scope: Scope,
        *,
        answers: Mapping[int, type[Schema] | None],
        query: type[Schema] | None = None,
        body: type[Schema] | None = None,
        headers: Sequence[Mapping[str, Any]] = (),
        content_type: str = "application/json",
    ) -> Callable[[View], View]:
        """The view is handed its body, its query, and the parts of its path; ``answers`` are those that went well."""

        def declare(view: View) -> View:
            noun, operation = self.blueprint, view
            for status, schema in answers.items():
                operation = noun.alt_response(status, schema=schema, content_type=content_type, success=True)(operation)
            if query:
                operation = noun.arguments(query, location="query", unknown=RAISE)(operation)
            if body:
                operation = noun.arguments(body)(operation)
            operation = noun.doc(
                operationId=f"{self.name}.{view.__name__}",
                security=[{"token": [scope]}],
                **({"parameters": list(headers)} if headers else {}),
            )(operation)
            noun.route(rule, methods=[method], tags=[self.name])(_entered(operation, scope, takes_body=bool(body)))
            self.scopes[view.__name__] = scope
            return view

        return declare


def _entered(operation: Any, scope: Scope, *, takes_body: bool) -> Any:
    """The token is asked for first: whoever has none learns nothing of what is wrong with the rest."""

    @wraps(operation)
    def entered(*args: Any, **kwargs: Any) -> Any:
        admit(scope)
        if takes_body:
            require_json()
        return operation(*args, **kwargs)

    return entered
