"""The table of services that copy OpenAI's embeddings, without what it takes to speak to one."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["services"]


@cache
def services() -> Mapping[str, Mapping[str, Any]]:
    """Return the rows that come with vecsmith, by the service's short name."""
    return tomllib.loads(files(__package__).joinpath("services.toml").read_text("utf-8"))
