"""Adds accounts by a file: looked at first, with every mistake of every line; then all of them or none."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from dvauth.accounts.account import Draft, canonical, checked_display_name, checked_username
from dvauth.accounts.directory import AccountDirectory
from dvauth.accounts.errors import UsernameTaken
from dvauth.administration.account_table import Line, RepeatedUsername, TableUnreadable, decoded, read_lines
from dvauth.administration.accounts import AccountAdministration, Invitation, Progress, unseen
from dvauth.administration.actor import Actor
from dvauth.explained import Explained

Roles = tuple[str, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mistake:
    """``line`` is the one that a text editor shows; ``None``: the file as a whole."""

    line: int | None
    why: Explained


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file would add; with a mistake anywhere, nothing."""

    drafts: list[Draft]
    mistakes: list[Mistake]

    @property
    def is_there_already(self) -> bool:
        """Whether every account of the file is there, and nothing else is wrong: it was brought a second time."""
        found = [each for each in self.mistakes if isinstance(each.why, UsernameTaken)]
        return bool(found) and len(found) == len(self.mistakes) == len(self.drafts)


class ImportRefused(Exception):
    """Nothing was added; ``mistakes`` say why."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = list(mistakes)
        super().__init__(f"{len(self.mistakes)} mistakes")


class AccountImport:
    """``require_roles`` refuses roles that there are not."""

    def __init__(
        self,
        accounts: AccountDirectory,
        administration: AccountAdministration,
        *,
        require_roles: Callable[[Iterable[str]], None],
    ) -> None:
        self._accounts = accounts
        self._administration = administration
        self._require_roles = require_roles

    def check(self, content: bytes) -> Checked:
        """What the file would do, and every mistake in it. Raises ``DatabaseUnavailable``."""
        try:
            lines = read_lines(decoded(content))
        except TableUnreadable as error:
            return Checked([], [Mistake(None, error.mistake)])
        drafts = [line.draft for line in lines if line.draft]
        return Checked(drafts, list(self._mistakes(lines, drafts)))

    def run(self, actor: Actor, content: bytes, progress: Progress = unseen) -> list[Invitation]:
        """Add every account of the file. Raises ``ImportRefused`` for a mistake anywhere: then none is added."""
        checked = self.check(content)
        if checked.mistakes:
            raise ImportRefused(checked.mistakes)
        try:
            return self._administration.add_all(actor, checked.drafts, progress)
        except UsernameTaken as error:  # since it was checked
            raise ImportRefused([Mistake(None, error)]) from error

    def invite_again(self, actor: Actor, content: bytes) -> list[Invitation]:
        """New links for those of a file brought before who have chosen no password yet; their older ones are void.

        Raises ``ImportRefused`` where not every account of the file is there.
        """
        checked = self.check(content)
        if not checked.is_there_already:
            raise ImportRefused(checked.mistakes)
        return self._administration.invite_again(actor, [draft.username for draft in checked.drafts])

    def _mistakes(self, lines: Sequence[Line], drafts: Sequence[Draft]) -> Iterator[Mistake]:
        taken = self._accounts.taken(draft.username for draft in drafts)
        refused = {roles: _complaint(self._require_roles, roles) for roles in {draft.roles for draft in drafts}}
        seen: dict[str, int] = {}
        for line in lines:
            found = [line.mistake] if line.draft is None else _mistakes_of(line.draft, refused, taken, seen)
            yield from (Mistake(line.number, why) for why in found if why)
            if line.draft:
                seen.setdefault(canonical(line.draft.username), line.number)


def _mistakes_of(
    draft: Draft, refused: Mapping[Roles, Explained | None], taken: set[str], seen: Mapping[str, int]
) -> Iterator[Explained | None]:
    name = canonical(draft.username)
    if bad_name := _complaint(checked_username, draft.username):
        yield bad_name
    elif name in taken:
        yield UsernameTaken(name=draft.username)
    elif name in seen:
        yield RepeatedUsername(name=draft.username, line=seen[name])
    if draft.display_name:
        yield _complaint(checked_display_name, draft.display_name)
    yield refused[draft.roles]


def _complaint(check: Callable[[T], object], value: T) -> Explained | None:
    try:
        check(value)
    except Explained as why:
        return why
    return None
