"""From a model's name, as people write it, to the provider that has it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError
from vecsmith.providers.registry import BUILT_IN, find_provider, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.providers import EmbeddingGenerator, Provider

__all__ = ["Named", "named"]

PATH = re.compile(r"[./~\\]|[A-Za-z]:[\\/]")
PREFIX = re.compile(r"([a-z][a-z0-9_-]+):(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Named:
    """A provider, and the name it has for a model."""

    provider: type[Provider[Any]]
    model: str | Path | None

    async def open(self, given: Mapping[str, Any]) -> EmbeddingGenerator:
        """Make the model's generator with the settings given; raise `ConfigError` for one that it does not have."""
        kind, wanted = (
            self.provider.settings_type(),
            {name: value for name, value in given.items() if value is not None},
        )
        unknown = [name for name in wanted if name not in kind.fields]
        if unknown:
            raise ConfigError(f"{self.provider.title} takes no {unknown[0]}: leave it out")
        settings = kind.resolve(wanted)
        return await self.provider.embeddings().acreate_generator(settings, self.model)  # type: ignore[arg-type]  # local ones take a Path


def named(model: str | Path, *, base_url: str | None = None) -> Named:
    """Return who has a model: ``provider:model``, a folder, or a name of a local one.

    Raises `ConfigError` where there is no such provider.
    """
    local = builtin("local")
    if not isinstance(model, str | Path):
        raise ConfigError(f"a model is named by a string or a Path, not by {type(model).__name__}")
    if isinstance(model, Path) or PATH.match(model):
        return Named(local, model)
    if match := PREFIX.fullmatch(model):
        found = find_provider(match[1])
        if found is None:
            raise ConfigError(f"there is no provider {match[1]!r}: {nearest(match[1])}")
        return Named(found, match[2])
    if base_url is not None:
        return Named(builtin("compatible"), model)
    organisation, slash, rest = model.partition("/")
    if slash and organisation in BUILT_IN:
        raise ConfigError(f"{model!r} is no model: did you mean {organisation}:{rest}?")
    return Named(local, model)


def builtin(name: str) -> type[Provider[Any]]:
    """Return a provider that is always there."""
    found = find_provider(name)
    assert found is not None
    return found
