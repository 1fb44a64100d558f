"""What `TextEmbedding.add_custom_model` is told of a model."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vecsmith.compat.errors import ArgumentError

__all__ = ["ModelSource", "PoolingType"]


@dataclass(frozen=True)
class ModelSource:
    """Where a model is from."""

    hf: str | None = None
    """A Hugging Face id."""
    url: str | None = None
    """An archive's address, which is never fetched here."""
    _deprecated_tar_struct: bool = False

    def __post_init__(self) -> None:
        if self.hf is None and self.url is None:
            raise ArgumentError("a source is a Hugging Face id or an address: give hf or url")


class PoolingType(StrEnum):
    """How the vectors of a text's tokens become one."""

    CLS = "CLS"
    MEAN = "MEAN"
    LAST_TOKEN = "LAST_TOKEN"  # noqa: S105 (a name)
    DISABLED = "DISABLED"
