"""The policies in SQL: read as a whole, changed as a whole, refused as a whole if anything does not fit."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dvauth.explained import N_, Explained
from dvauth.policies.models import PolicyChangeRow, PolicyRow
from dvauth.storage.revision import raise_revision
from dvauth.storage.sql import Database
from dvauth.timeouts.policy import FIELDS, Assurance, Mistake, Override, PolicyError, PolicySet
from dvauth.timeouts.recommendations import Recommendation, deviations

MOST_SIGNS_OF_REASON = 1000
REASON_TOO_LONG = Mistake(
    N_("The reason is longer than {bound} signs."), {"field": "reason", "bound": MOST_SIGNS_OF_REASON}, "default"
)
DEFAULT = ("default", "")
ASSURANCE = ("assurance", "")
OURSELVES = "dvauth"  # who changes what no administrator did, such as a demo


class NothingToTakeBack(Explained):
    sentence = N_("There is no change to take back.")


class ChangedSince(Explained):
    sentence = N_("The timeouts have been changed since: look at them again first.")


class ReasonMissing(ValueError):
    """The policies would deviate from what NIST says at the operator's assurance level, and nobody says why."""

    def __init__(self, deviations: list[Recommendation]) -> None:
        self.deviations = deviations
        super().__init__("; ".join(f"{each.source}: {each.field} at most {each.bound}" for each in deviations))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What to set, by whose it is; ``None`` takes a field of an override out. What is not named stays.

    ``reason`` says why the policies deviate from what NIST says at the assurance level, where they do.
    """

    default: Mapping[str, Any] = field(default_factory=dict)
    roles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    portals: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    assurance: Assurance | None = None
    reason: str | None = None

    @classmethod
    def of(cls, scope: str, name: str, values: Mapping[str, Any]) -> "Change":
        """One for the default (``default``, no name), a ``role`` or a ``portal``."""
        if scope == "default":
            return cls(default=values)
        return cls(roles={name: values}) if scope == "role" else cls(portals={name: values})

    @classmethod
    def between(cls, now: PolicySet, wanted: PolicySet, reason: str | None) -> "Change":
        """What makes ``wanted`` of ``now``, and no more."""
        return cls(
            default=_what_differs(now.default, wanted.default),
            roles=_which_differ(now.roles, wanted.roles),
            portals=_which_differ(now.portals, wanted.portals),
            assurance=wanted.assurance,
            reason=reason,
        )

    def applied_to(self, old: PolicySet) -> PolicySet:
        return PolicySet(
            replace(old.default, **self.default),
            {**old.roles, **_joined(old.roles, self.roles)},
            {**old.portals, **_joined(old.portals, self.portals)},
            old.assurance if self.assurance is None else self.assurance,
        )


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that was made: by whom, and the whole of the policies and their reason before and after it."""

    number: int
    at: datetime
    actor: str
    before: PolicySet
    after: PolicySet
    reason_before: str | None = None
    reason: str | None = None


def _what_differs(now: Any, wanted: Any) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in FIELDS if getattr(wanted, name) != getattr(now, name)}


def _which_differ(now: Mapping[str, Override], wanted: Mapping[str, Override]) -> dict[str, dict[str, Any]]:
    found = {name: _what_differs(now.get(name, Override()), wanted.get(name, Override())) for name in {*now, *wanted}}
    return {name: values for name, values in found.items() if values}


def _joined(old: Mapping[str, Override], changes: Mapping[str, Mapping[str, Any]]) -> dict[str, Override]:
    return {name: replace(old.get(name, Override()), **values) for name, values in changes.items()}


Note = Callable[[Changed], object]


class PolicyBook:
    """``publish`` is called after each change, so that every process judges by it within two seconds.

    ``short_allowed`` lifts the lower bounds of timeouts, for development.
    """

    def __init__(
        self,
        database: Database,
        publish: Callable[[], object],
        *,
        short_allowed: bool,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._publish = publish
        self._now = now
        self._short_allowed = short_allowed

    def load(self) -> PolicySet:
        """The policies as stored; where nothing is stored, the defaults of ``PolicySet``."""
        with self._database.session() as sql:
            return _stored(sql)

    def reason(self) -> str | None:
        """Why the policies deviate from the assurance level, as somebody has written down."""
        with self._database.session() as sql:
            return _reason(sql)

    def checked(self, change: Change) -> PolicySet:
        """The policies as the change would make them. Raises ``PolicyError`` and ``ReasonMissing``; saves nothing."""
        with self._database.session() as sql:
            return self._changed(sql, change)

    def changes(self, most: int = 10) -> list[Changed]:
        """What was changed, the latest first."""
        with self._database.session() as sql:
            rows = sql.scalars(select(PolicyChangeRow).order_by(PolicyChangeRow.id.desc()).limit(most))
            return [_changed_by(row) for row in rows]

    def change(
        self, change: Change, actor: str = OURSELVES, *, last: int | None = None, note: Note = lambda _made: None
    ) -> None:
        """Save it, and ``note`` what was changed. With the number of the ``last`` change only if it is still that one.

        Raises ``PolicyError``, ``ReasonMissing``, ``ChangedSince``.
        """
        with self._database.session() as sql:
            raise_revision(sql)
            latest = _latest(sql)
            if last not in {None, latest.id if latest else 0}:
                raise ChangedSince
            made = self._save(sql, change, actor)
        self._tell(made, note)

    def take_back(
        self,
        portals: Collection[str],
        actor: str = OURSELVES,
        *,
        last: int | None = None,
        note: Note = lambda _made: None,
    ) -> None:
        """Undo the last change, but for portals that are not among these any more.

        Raises ``NothingToTakeBack``, and what ``change`` raises.
        """
        with self._database.session() as sql:
            raise_revision(sql)
            latest = _latest(sql)
            if latest and last not in {None, latest.id}:
                raise ChangedSince
            undone = self._save(sql, _taking_back(sql, portals), actor)
        self._tell(undone, note)

    def taking_back(self, portals: Collection[str]) -> Change:
        """What ``take_back`` would change. Raises ``NothingToTakeBack``."""
        with self._database.session() as sql:
            return _taking_back(sql, portals)

    def _save(self, sql: Session, change: Change, actor: str) -> Changed | None:
        """``None``: it changes nothing."""
        before, after = _stored(sql), self._changed(sql, change)
        old_reason = _reason(sql)
        reason = (change.reason or old_reason) if deviations(after) else None
        document = after.to_document()
        scopes = [("role", name) for name in change.roles] + [("portal", name) for name in change.portals]
        for scope, name in scopes:
            sql.merge(PolicyRow(scope=scope, name=name, values=document[f"{scope}s"][name]))
        if change.default:
            sql.merge(PolicyRow(scope="default", name="", values=document["default"]))
        sql.merge(PolicyRow(scope="assurance", name="", values={"level": int(after.assurance), "reason": reason}))
        said = [_said(before) | {"reason": old_reason}, _said(after) | {"reason": reason}]
        if said[0] == said[1]:
            return None
        row = PolicyChangeRow(at=self._now(), actor=actor, before=said[0], after=said[1])
        sql.add(row)
        sql.flush()
        return _changed_by(row)

    def _tell(self, made: Changed | None, note: Note) -> None:
        if made:
            note(made)
        self._publish()

    def change_default(self, **values: Any) -> None:
        """Set fields of the default policy. Raises what ``change`` raises."""
        self.change(Change(default=values))

    def change_override(self, scope: str, name: str, **values: Any) -> None:
        """Set fields of the override for a ``role`` or a ``portal``. Raises what ``change`` raises."""
        self.change(Change.of(scope, name, values))

    def _changed(self, sql: Session, change: Change) -> PolicySet:
        if len(change.reason or "") > MOST_SIGNS_OF_REASON:
            raise PolicyError([REASON_TOO_LONG])
        before = _stored(sql)
        after = change.applied_to(before).checked(short_allowed=self._short_allowed)
        looser = [each for each in deviations(after) if each not in deviations(before) or not _reason(sql)]
        if looser and not change.reason:
            raise ReasonMissing(looser)
        return after


def forget_portal(sql: Session, slug: str) -> None:
    """Take out what a portal overrides, in the transaction that removes it."""
    sql.execute(delete(PolicyRow).where(PolicyRow.scope == "portal", PolicyRow.name == slug))


def _changed_by(row: PolicyChangeRow) -> Changed:
    before, after = PolicySet.from_document(row.before), PolicySet.from_document(row.after)
    return Changed(row.id, row.at, row.actor, before, after, row.before.get("reason"), row.after.get("reason"))


def _taking_back(sql: Session, portals: Collection[str]) -> Change:
    latest = _latest(sql)
    if latest is None:
        raise NothingToTakeBack
    made = _changed_by(latest)
    back = Change.between(_stored(sql), made.before, made.reason_before)
    return replace(back, portals={slug: values for slug, values in back.portals.items() if slug in portals})


def _latest(sql: Session) -> PolicyChangeRow | None:
    return sql.scalar(select(PolicyChangeRow).order_by(PolicyChangeRow.id.desc()).limit(1))


def _said(policies: PolicySet) -> dict[str, Any]:
    """The document without overrides that set nothing."""
    document = policies.to_document()
    for scope in ("roles", "portals"):
        document[scope] = {name: values for name, values in document[scope].items() if values}
    return document


def _reason(sql: Session) -> str | None:
    row = sql.get(PolicyRow, ASSURANCE)
    return row.values.get("reason") if row else None


def _stored(sql: Session) -> PolicySet:
    rows = {(row.scope, row.name): row.values for row in sql.scalars(select(PolicyRow))}
    document = PolicySet().to_document()
    document["default"] |= rows.pop(DEFAULT, {})
    document["assurance_level"] = rows.pop(ASSURANCE, {}).get("level", document["assurance_level"])
    for (scope, name), values in rows.items():
        document[f"{scope}s"][name] = values
    return PolicySet.from_document(document)
