"""Well-known models by the names people use, each of which means one repository at one commit: ``known.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KnownModel", "known_models"]


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model with a short name."""

    name: str
    """The name that results carry, by which its family's prompts and widths are known."""
    repository: str
    revision: str
    """The commit that the name means."""
    also: tuple[str, ...] = ()
    """Its further names."""


@cache
def known_models() -> Mapping[str, KnownModel]:
    """Return the models by each of their names."""
    import tomllib

    rows = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    models = [
        KnownModel(repository.partition("/")[2], repository, row["revision"], tuple(row.get("names", ())))
        for repository, row in rows.items()
    ]
    return {name: model for model in models for name in (model.name, *model.also)}
