"""One person's look at the console: who, in which role, for which organisation, in which language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from hub.pipeline.context import ZONES, Actor, Hub
from hub.pipeline.identity import Session
from hub.store import access
from hub.store.unit import Unit
from hub.web.roles import Permission, may
from hub.web.screen import Screen


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Handed to every route. `within` are the organisation codes this person may see; None is the whole tenant."""

    hub: Hub
    session: Session
    country: str
    tenant_name: str
    within: frozenset[str] | None
    screens: Sequence[Screen] = ()
    """Every screen there is, for the navigation."""
    partial: bool = False
    """Whether HTMX asks for a part of the page."""
    path: str = "/"
    said: Mapping[str, Any] = field(default_factory=dict)
    """What the change before this page has done: a word's key and its values."""

    @property
    def tenant(self) -> str:
        """Whose data."""
        return self.session.person.tenant

    @property
    def role(self) -> str:
        """What the person is here."""
        return self.session.person.role

    @property
    def language(self) -> str:
        """The person's language."""
        return self.session.person.language

    @property
    def organisation(self) -> str:
        """Code of the person's own organisation; empty when they see the whole tenant."""
        return self.session.person.organisation

    @property
    def actor(self) -> Actor:
        """Who the pipeline's steps write down."""
        return Actor(name=self.session.person.login, role=self.role)

    @property
    def zone(self) -> ZoneInfo:
        """Where the person's clock hangs."""
        return ZONES[self.country]

    def may(self, permission: Permission | str) -> bool:
        """Whether this person has a permission."""
        return may(self.role, Permission(permission))

    def reading(self) -> AbstractContextManager[Unit]:
        """A read transaction that sees only what is this person's to see."""
        return self.hub.store.reading(self.tenant, within=self.within)

    def unit(self) -> AbstractContextManager[Unit]:
        """A write transaction that sees and changes only what is this person's."""
        return self.hub.store.unit(self.tenant, within=self.within)

    def saw(self, action: str, object_: str, *, subject: str = "", outcome: str = "ok") -> None:
        """One line in the access log, in a transaction of its own. Never a name or a number of a person in it."""
        with self.hub.store.unit(self.tenant) as unit:
            access.record(
                unit,
                actor=self.actor.name,
                role=self.role,
                action=action,
                object_=object_,
                subject=subject,
                outcome=outcome,
            )
