"""What a running server is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vecsmith.server.access import Anybody
from vecsmith.server.gate import Gate
from vecsmith.server.ids import vocabulary

if TYPE_CHECKING:
    from vecsmith.dialects.serving import Problem
    from vecsmith.server.access import Access
    from vecsmith.server.ids import Ids
    from vecsmith.server.menu import Menu
    from vecsmith.server.settings import ServerSettings
    from vecsmith.server.visit import Visit

__all__ = ["Service", "Witness"]

Witness = Callable[["Visit", "Problem | None"], None]


@dataclass(slots=True)
class Service:
    """Everything that answering needs."""

    settings: ServerSettings
    menu: Menu
    gate: Gate
    access: Access = field(default_factory=Anybody)
    ids: Ids | None = None
    """What reads token ids; None where their vocabulary is not on this machine."""
    witnesses: list[Witness] = field(default_factory=list)
    """Called for every request when it was answered, with the problem it ended with: metrics, logs, accounts."""

    @classmethod
    def of(cls, settings: ServerSettings, menu: Menu, access: Access | None = None) -> Service:
        """Put one together."""
        gate = Gate(settings.max_requests, settings.max_waiting)
        return cls(settings, menu, gate, access or Anybody(), vocabulary(settings.vocabulary))
