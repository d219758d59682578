"""What administrators do with portals: register, change, give the prompt other words, and remove."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from dvauth.administration.actor import Actor, Record
from dvauth.administration.tag_check import Tag, TagCheck
from dvauth.explained import N_, Explained
from dvauth.portals.embed_tag import pinned_tag, tag
from dvauth.portals.errors import NoSuchPortal
from dvauth.portals.look import PromptLook
from dvauth.portals.portal import Activity, Portal
from dvauth.portals.registry import PortalRegistry


class ChosenOnce(Explained):
    sentence = N_(
        "What keeps a session alive on the portal “{slug}”, and whether it maps /dvauth/, is chosen once. Remove the "
        "portal and register it anew."
    )


class PortalAdministration:
    """Every act is in force within two seconds.

    It raises ``PortalError``; ``StoreUnavailable`` where it is saved and Redis cannot be told of it yet.
    """

    def __init__(self, *, portals: PortalRegistry, tag_check: TagCheck, record: Record) -> None:
        self._portals = portals
        self._tag_check = tag_check
        self._record = record

    def all(self) -> list[Portal]:
        """Every portal, by slug."""
        return self._portals.all()

    def find(self, slug: str) -> Portal:
        """Raises ``NoSuchPortal``."""
        found = self._portals.directory().by_slug(slug)
        if found is None:
            raise NoSuchPortal(slug=slug)
        return found

    def add(
        self, actor: Actor, slug: str, *, name: str, origins: Iterable[str], activity: Activity, mounted: bool
    ) -> None:
        with self._recorded(actor, slug, "portal added"):
            self._portals.add(slug, name=name, origins=origins, activity=activity, mounted=mounted)

    def put(
        self, actor: Actor, slug: str, *, name: str, origins: Iterable[str], activity: Activity, mounted: bool
    ) -> None:
        """Add it, or make it what is given. Raises ``ChosenOnce``, too."""
        found = self._portals.directory().by_slug(slug)
        if found is None:
            self.add(actor, slug, name=name, origins=origins, activity=activity, mounted=mounted)
        elif (found.activity, found.mounted) != (activity, mounted):
            raise ChosenOnce(slug=slug)
        else:
            self.change(actor, slug, name=name, origins=origins)

    def change(self, actor: Actor, slug: str, *, name: str, origins: Iterable[str]) -> None:
        with self._recorded(actor, slug, "portal changed"):
            self._portals.change(slug, name=name, origins=origins)

    def change_prompt(
        self, actor: Actor, slug: str, *, accent: str | None = None, texts: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Words are by language; what is empty goes back to ours, what is not given stays."""

        def changed(look: PromptLook) -> PromptLook:
            if accent is not None:
                look = look.with_accent(accent)
            for language, words in texts.items():
                look = look.with_texts(language, **words)
            return look

        with self._recorded(actor, slug, "prompt changed"):
            self._portals.change_look(slug, changed)

    def remove(self, actor: Actor, slug: str) -> None:
        """Its timeouts go with it."""
        with self._recorded(actor, slug, "portal removed"):
            self._portals.remove(slug)

    def look_for_tag(self, actor: Actor, slug: str, url: str) -> Tag:
        """Whether the portal's page has the tag. Recorded, since the service asks another for it.

        Raises ``NoSuchPortal``, ``PageUnread``.
        """
        found = self.find(slug)
        self._record("authz_admin", **actor.recorded, portal=slug, action="tag looked for", url=url)
        return self._tag_check.look(found, url)

    @contextmanager
    def _recorded(self, actor: Actor, slug: str, action: str) -> Iterator[None]:
        before = self._facts(slug)
        try:
            yield
        finally:
            after = self._facts(slug)
            changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
            if changed:
                self._record(
                    "authz_admin",
                    **actor.recorded,
                    portal=slug,
                    action=action,
                    before=_in_one_line(before, changed),
                    after=_in_one_line(after, changed),
                )

    def _facts(self, slug: str) -> dict[str, str]:
        portal = self._portals.directory().by_slug(slug)
        if portal is None:
            return {}
        words = {
            f"{language}.{word}": text for language, own in portal.look.texts.items() for word, text in own.items()
        }
        return {
            "name": portal.name,
            "origins": " ".join(portal.origins),
            "activity": portal.activity,
            "mounted": "yes" if portal.mounted else "no",
            "accent": portal.look.accent,
            **words,
        }


def document(portal: Portal, base_url: str) -> dict[str, Any]:
    """Plain values for JSON, and the tags for its pages."""
    tags = {"tag": tag(portal, base_url), "pinned_tag": pinned_tag(portal, base_url)}
    return {**asdict(portal), "origins": list(portal.origins), "look": portal.look.to_document(), **tags}


def _in_one_line(facts: Mapping[str, str], names: Iterable[str]) -> str:
    """For the audit log: ``name=Báo tỉnh accent=unset``."""
    return " ".join(f"{name}={facts.get(name) or 'unset'}" for name in names) if facts else "none"
