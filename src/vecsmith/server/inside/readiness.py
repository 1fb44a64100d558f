"""Whether every model that is served answers; and what is stuck where one does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.local.engine import Engine
from vecsmith.server.menu import beneath

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.server.service import Service

__all__ = ["STUCK", "engines", "troubles"]

STUCK = 30.0
"""Seconds without a batch done after which a lane that has work is called stuck."""


def engines(service: Service) -> Mapping[str, Engine]:
    """Return the engines of the local models, each once, by the name of the first model that it computes."""
    found: dict[str, Engine] = {}
    for model in service.menu.models:
        engine = beneath(model.embedder.generator, Engine)
        if engine is not None and engine not in found.values():
            found[model.name] = engine
    return found


def troubles(service: Service) -> Mapping[str, str]:
    """Return why the server should not be asked: a sentence for each model that is stuck, or that it stops.

    A model of a remote provider is not asked: that would cost, and who cannot answer for it says so in each answer.
    """
    if service.stopping:
        return {"server": "it was told to stop, and answers what has come in"}
    return {
        model: f"the {lane} lane has work, and for {seconds:.0f} seconds no batch of it was done"
        for model, engine in engines(service).items()
        for lane, seconds in engine.held_up().items()
        if seconds > STUCK
    }
