"""Who is let in: everybody on this machine where no key was ever made, else whoever has one."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecsmith.dialects.serving import Problem
from vecsmith.errors import ConfigError
from vecsmith.server.access.callers import Visitor, key_of
from vecsmith.server.access.hosts import Hosts, check_here, listens_here
from vecsmith.server.access.keyring import Keyring
from vecsmith.server.access.ledger import Ledger, spent_today
from vecsmith.server.access.limits import Meter
from vecsmith.server.regularly import Regularly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from vecsmith.dialects.serving import Incoming
    from vecsmith.server.access.callers import Caller
    from vecsmith.server.access.keys import Key
    from vecsmith.server.menu import Menu
    from vecsmith.server.service import Witness
    from vecsmith.server.settings import ServerSettings
    from vecsmith.types import Lane

__all__ = ["Door", "KeyHolder", "Keyed", "door_of"]

EVERY = 1.0
"""Seconds after which a change of the keys' file is seen."""

VISITOR = Visitor()


class KeyHolder:
    """A caller with a key."""

    __slots__ = ("key", "menu", "meter")

    def __init__(self, key: Key, menu: Menu, meter: Meter) -> None:
        self.key, self.menu, self.meter = key, menu, meter

    @property
    def id(self) -> str:
        """The key's id."""
        return self.key.id

    @property
    def lane(self) -> Lane | None:
        """The lane that the key's texts take."""
        return self.key.lane

    def may_use(self, name: str) -> bool:
        """Whether a model is for this key."""
        try:
            self.check_model(name)
        except Problem:
            return False
        return True

    def check_model(self, name: str) -> None:
        """Raise `Problem` for a model that the key is not for."""
        served, wanted = self.menu.by_name[name], self.key.limits.models
        if wanted and not {served.name, *served.aliases} & set(wanted):
            raise Problem("forbidden", f"this key is not for the model {name}: use {', '.join(wanted)}", param="model")
        if self.key.kind == "publishable" and not served.local:
            raise Problem("forbidden", f"a publishable key is for local models, not for {name}", param="model")

    def begin(self) -> None:
        """Count a request; raise `Problem` where it is one too many."""
        self.meter.begin(time.time())

    def end(self, tokens: int) -> None:
        """Count what the request cost."""
        self.meter.end(tokens, time.time())

    def headers(self) -> Mapping[str, str]:
        """Return what is left."""
        return self.meter.headers(time.time())


class Keyed:
    """Tells callers apart by their keys."""

    def __init__(self, keyring: Keyring, menu: Menu, settings: ServerSettings) -> None:
        self.keyring, self.menu = keyring, menu
        self.auth = settings.auth
        self.paid = any(not model.local for model in menu.models)
        self.here = listens_here(settings.host)
        self.hosts = Hosts(settings.host, settings.allow_hosts)
        self.holders: dict[str, KeyHolder] = {}
        self.spent: Mapping[str, int] = spent_today()

    @property
    def locked(self) -> bool:
        """Whether a key is needed."""
        return self.auth and (self.keyring.locked or self.paid or not self.here)

    def caller(self, incoming: Incoming) -> Caller:
        """Return who sent a request; raise `Problem` where nobody known did."""
        locked = self.locked
        if self.paid or (self.here and not locked):
            self.hosts.check(incoming)
        if not locked:
            return VISITOR
        text = key_of(incoming)
        if text is None:
            raise Problem("no_key", "no key was sent: send one as `Authorization: Bearer vs_…`")
        key = self.keyring.find(text)
        if key is None:
            raise Problem("key", "this key is not known here: the operator makes one with `vecsmith keys create`")
        if key.revoked is not None:
            raise Problem("key", "this key was revoked: ask the operator for another one")
        if key.kind == "publishable":
            check_here(incoming)
            self.hosts.check(incoming)
        return self.holder(key)

    def holder(self, key: Key) -> KeyHolder:
        """Return the one caller that has a key, and with it what is left of its limits."""
        known = self.holders.get(key.id)
        if known is None or known.key.limits != key.limits:
            known = KeyHolder(key, self.menu, Meter(key.limits, time.time(), self.spent.get(key.id, 0)))
            self.holders[key.id] = known
        return known


@dataclass(frozen=True, slots=True)
class Door:
    """The keys, and the account of what they are used for."""

    settings: ServerSettings
    keyring: Keyring
    ledger: Ledger

    def access(self, menu: Menu) -> Keyed:
        """Return what tells callers apart; raise `ConfigError` where anybody could spend money."""
        found = Keyed(self.keyring, menu, self.settings)
        if found.paid and found.auth and not self.keyring.good:
            costly = next(model.name for model in menu.models if not model.local)
            raise ConfigError(
                f"{costly} is computed by another service, at your cost: make a key with `vecsmith keys create`, "
                "or say --no-auth"
            )
        return found

    @property
    def witnesses(self) -> Sequence[Witness]:
        """What is told of every request."""
        return (self.ledger,)


@contextmanager
def door_of(settings: ServerSettings) -> Iterator[Door]:
    """Read the keys, and keep to their file while the context lasts.

    Raises `ConfigError` where the server would be open to others than this machine.
    """
    keyring = Keyring()
    with closing(keyring):
        if settings.auth and not keyring.good and not listens_here(settings.host):
            raise ConfigError(
                f"whoever reaches {settings.host or 'this machine'} could use this server: make a key with "
                "`vecsmith keys create`, or say --no-auth"
            )
        with Regularly(keyring.refresh, EVERY, "reading the keys"), Ledger() as ledger:
            yield Door(settings, keyring, ledger)
