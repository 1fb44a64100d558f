"""What a running server is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vecsmith.server.access.callers import Anybody
from vecsmith.server.gate import Gate
from vecsmith.server.inside.logs import witnessed
from vecsmith.server.inside.metrics import Metrics
from vecsmith.server.inside.tracing import tracing
from vecsmith.server.works.ids import vocabulary

if TYPE_CHECKING:
    from vecsmith.dialects.serving import Problem
    from vecsmith.server.access.callers import Access
    from vecsmith.server.functions.folder import Folder
    from vecsmith.server.inside.tracing import Tracing
    from vecsmith.server.menu import Menu
    from vecsmith.server.settings import ServerSettings
    from vecsmith.server.visit import Visit
    from vecsmith.server.works.ids import Ids

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
    functions: Folder | None = None
    """A person's own edge functions; None for none beside ``embed``."""
    witnesses: list[Witness] = field(default_factory=list)
    """Called for every request when it was answered, with the problem it ended with: metrics, logs, accounts."""
    metrics: Metrics = field(default_factory=Metrics)
    tracing: Tracing | None = field(default_factory=tracing)
    stopping: bool = False
    """Whether the server was told to stop, and takes leave of who is still there."""

    @classmethod
    def of(cls, settings: ServerSettings, menu: Menu, access: Access | None = None) -> Service:
        """Put one together."""
        gate = Gate(settings.max_requests, settings.max_waiting)
        service = cls(settings, menu, gate, access or Anybody(), vocabulary(settings.vocabulary))
        service.witnesses += [service.metrics.count, witnessed]
        return service
