"""OpenAI's embeddings with members of a service's own, named by data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vecsmith.dialects.openai import OpenAIClient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.dialects import Asked

__all__ = ["ExtendedClient"]


@dataclass(frozen=True, slots=True)
class ExtendedClient(OpenAIClient):
    """What each member is called; a member without a name is not sent."""

    task: str | None = None
    """Where the task goes, in the service's own spelling."""
    on_long: str | None = None
    """Where it goes what happens to a text that is too long."""
    long_words: Mapping[str, str] = field(default_factory=dict)
    """What stands there for each ``on_long``."""
    prompt: str | None = None
    """Where a caller's own prompt goes."""

    def body(self, asked: Asked) -> dict[str, Any]:
        """Return what the request says."""
        extras = {
            self.task: asked.task,
            self.on_long: self.long_words.get(asked.on_long),
            self.prompt: asked.prompt,
        }
        return {**OpenAIClient.body(self, asked), **{name: value for name, value in extras.items() if name}}
