"""The policies in SQL: read as a whole, changed one scope at a time, refused as a whole if anything does not fit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dvauth.policies.models import PolicyRow
from dvauth.storage.revision import raise_revision
from dvauth.storage.sql import Database
from dvauth.timeouts.policy import Override, PolicySet

DEFAULT = ("default", "")


class PolicyBook:
    """``publish`` is called after each change, so that every process judges by it within two seconds.

    ``short_allowed`` lifts the lower bounds of timeouts, for development.
    """

    def __init__(self, database: Database, publish: Callable[[], object], *, short_allowed: bool) -> None:
        self._database = database
        self._publish = publish
        self._short_allowed = short_allowed

    def load(self) -> PolicySet:
        """The policies as stored; where nothing is stored, the defaults of ``PolicySet``."""
        with self._database.session() as sql:
            return _stored(sql)

    def change_default(self, **values: Any) -> PolicySet:
        """Set fields of the default policy. Raises ``PolicyError``."""
        return self._change(lambda old: replace(old, default=replace(old.default, **values)), DEFAULT)

    def change_override(self, scope: str, name: str, **values: Any) -> PolicySet:
        """Set fields of the override for a role or a portal; ``None`` takes a field out. Raises ``PolicyError``."""

        def changed(old: PolicySet) -> PolicySet:
            overrides = old.roles if scope == "role" else old.portals
            joined = {**overrides, name: replace(overrides.get(name, Override()), **values)}
            return replace(old, roles=joined) if scope == "role" else replace(old, portals=joined)

        return self._change(changed, (scope, name))

    def _change(self, changed: Callable[[PolicySet], PolicySet], key: tuple[str, str]) -> PolicySet:
        scope, name = key
        with self._database.session() as sql:
            raise_revision(sql)
            policies = changed(_stored(sql)).checked(short_allowed=self._short_allowed)
            document = policies.to_document()
            values = document["default"] if key == DEFAULT else document[f"{scope}s"][name]
            sql.merge(PolicyRow(scope=scope, name=name, values=values))
        self._publish()
        return policies


def forget_portal(sql: Session, slug: str) -> None:
    """Take out what a portal overrides, in the transaction that removes it."""
    sql.execute(delete(PolicyRow).where(PolicyRow.scope == "portal", PolicyRow.name == slug))


def _stored(sql: Session) -> PolicySet:
    rows = {(row.scope, row.name): row.values for row in sql.scalars(select(PolicyRow))}
    document = PolicySet().to_document()
    document["default"] |= rows.pop(DEFAULT, {})
    for (scope, name), values in rows.items():
        document[f"{scope}s"][name] = values
    return PolicySet.from_document(document)
