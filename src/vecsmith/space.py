"""The identity of a vector space: what two vectors must share to be compared."""

import hashlib
import json
from dataclasses import dataclass

__all__ = ["Space"]

VERSION = 1  # raise it when the meaning of a field changes: ids then differ, and old ones are refused


@dataclass(frozen=True, slots=True)
class Space:
    """What two vectors must share to be compared; ``str(space)`` is its short stable id.

    Two spaces are equal when their ids are. Where the sha256 of the weights is known it stands for the model, so the
    same weights under two names are one space.
    """

    model: str
    """The model's name, for people."""
    revision: str | None
    """``sha256:…`` of the weights where they are local, a provider's revision, or None where unknown."""
    pooling: str
    prompts: str
    """The family of prompts, ``none`` where the model has none; which prompt of a family was used does not matter."""
    dimensions: int
    cut: bool
    """Whether the vectors were cut from wider ones."""
    normalized: bool
    arithmetic: str = "float"
    """``float`` for f32 and bf16, whose vectors are interchangeable; anything coarser is named."""

    @property
    def id(self) -> str:
        """A short stable id: equal for equal spaces, in every process and version."""
        known = self.revision is not None and self.revision.startswith("sha256:")
        parts = (
            None if known else self.model,
            self.revision,
            self.pooling,
            self.prompts,
            self.dimensions,
            self.cut,
            self.normalized,
            self.arithmetic,
        )
        digest = hashlib.sha256(json.dumps([VERSION, *parts]).encode()).hexdigest()
        return f"vs{VERSION}-{digest[:20]}"

    def __str__(self) -> str:
        return self.id

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Space) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)
