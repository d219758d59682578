"""The policies in SQL: read as a whole, changed one scope at a time, refused as a whole if anything does not fit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from dvauth.policies.models import PolicyRow
from dvauth.storage.sql import Database
from dvauth.timeouts.policy import Override, PolicySet

DEFAULT = ("default", "")


class PolicyBook:
    """``publish`` is called after each change, so that every process judges by it within two seconds.

    ``short_allowed`` lifts the lower bounds of timeouts, for development.
    """

    def __init__(self, database: Database, publish: Callable[[], None], *, short_allowed: bool) -> None:
        self._database = database
        self._publish = publish
        self._short_allowed = short_allowed

    def load(self) -> PolicySet:
        """The policies as stored; where nothing is stored, the defaults of ``PolicySet``."""
        with self._database.session() as session:
            rows = {(row.scope, row.name): row.values for row in session.scalars(select(PolicyRow))}
        document = PolicySet().to_document()
        document["default"] |= rows.pop(DEFAULT, {})
        for (scope, name), values in rows.items():
            document[f"{scope}s"][name] = values
        return PolicySet.from_document(document)

    def change_default(self, **values: Any) -> PolicySet:
        """Set fields of the default policy. Raises ``PolicyError``."""
        policies = self.load()
        return self._store(replace(policies, default=replace(policies.default, **values)), DEFAULT)

    def change_override(self, scope: str, name: str, **values: Any) -> PolicySet:
        """Set fields of the override for a role or a portal; ``None`` takes a field out. Raises ``PolicyError``."""
        policies = self.load()
        overrides = policies.roles if scope == "role" else policies.portals
        changed = {**overrides, name: replace(overrides.get(name, Override()), **values)}
        joined = replace(policies, roles=changed) if scope == "role" else replace(policies, portals=changed)
        return self._store(joined, (scope, name))

    def _store(self, policies: PolicySet, key: tuple[str, str]) -> PolicySet:
        policies.checked(short_allowed=self._short_allowed)
        scope, name = key
        document = policies.to_document()
        values = document["default"] if key == DEFAULT else document[f"{scope}s"][name]
        with self._database.session() as session:
            session.merge(PolicyRow(scope=scope, name=name, values=values))
        self._publish()
        return policies
