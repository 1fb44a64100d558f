"""The identity of a vector space, what two vectors must share to be compared; and of the form they are stored in."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Self

from vecsmith.errors import ConfigError, damaged

__all__ = ["Space", "StoredForm"]

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
    """``float`` for f32 and bf16, whose vectors are interchangeable; anything coarser is named, as
    ``int8`` is with its calibration."""

    group: str | None = None
    """What several models that share a space are together, in place of their names and revisions."""

    @property
    def id(self) -> str:
        """A short stable id: equal for equal spaces, in every process and version."""
        return f"vs{VERSION}-{digest(*self.parts().values())}"

    def parts(self) -> dict[str, Any]:
        """Return what the id is made of, by the words for it."""
        known = self.revision is not None and self.revision.startswith("sha256:")
        return {
            "model": self.group or (None if known else self.model),
            "revision": None if self.group else self.revision,
            "pooling": self.pooling,
            "prompts": self.prompts,
            "dimensions": self.dimensions,
            "cut": self.cut,
            "normalized": self.normalized,
            "arithmetic": self.arithmetic,
        }

    def difference(self, other: Self) -> str:
        """Say in words what differs, such as ``dimensions: 384 and 256``; empty where the two are one space."""
        if self == other:
            return ""
        return differing(self.told(), other.told())

    def told(self) -> dict[str, Any]:
        """Return what a person is told of the space, model and weights by name."""
        return self.parts() | {"model": self.group or self.model}

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        return {"space": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave; raise `ConfigError` for what another version wrote, or what is no space."""
        with damaged("the description of a space"):
            values = dict(data)
            if values.pop("space", None) != VERSION:
                raise ConfigError("this space was written by another version of vecsmith, which meant something else")
            return cls(**values)

    def __str__(self) -> str:
        return self.id

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, Space) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)


@dataclass(frozen=True, slots=True)
class StoredForm:
    """How the vectors of a space are stored; two forms of one space can be compared after decoding."""

    space: Space
    encoding: str = "float32"
    calibration: str | None = None
    """The calibration's id; None for none."""

    @property
    def id(self) -> str:
        """A short stable id: equal where stored bytes mean the same."""
        return f"vf{VERSION}-{digest(self.space.id, self.encoding, self.calibration)}"

    def __str__(self) -> str:
        return self.id

    def difference(self, other: Self) -> str:
        """Say in words what differs; empty where nothing does."""
        ours, theirs = (
            {"encoding": form.encoding, "calibration": form.calibration or "none"} for form in (self, other)
        )
        parts = (self.space.difference(other.space), differing(ours, theirs))
        return "; ".join(part for part in parts if part)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        return {"space": self.space.to_dict(), "encoding": self.encoding, "calibration": self.calibration}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave; raise `ConfigError` for anything else."""
        with damaged("the description of a stored form"):
            return cls(Space.from_dict(data["space"]), str(data["encoding"]), data["calibration"])


@lru_cache(maxsize=1024, typed=True)  # a process has few spaces, and every answer names one
def digest(*parts: str | int | None) -> str:
    """Return twenty hexadecimal digits that stand for the parts."""
    return hashlib.sha256(json.dumps([VERSION, *parts]).encode()).hexdigest()[:20]


def differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    """Say which of two descriptions' values differ."""
    names = [name for name in ours if ours[name] != theirs[name]]
    return "; ".join(f"{name}: {said(ours[name])} and {said(theirs[name])}" for name in names)


def said(value: object) -> str:
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case str():
            return repr(value)
        case _:
            return str(value)
