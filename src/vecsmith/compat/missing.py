"""Packages that a drop-in stands beside, and that vecsmith does not bring."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MissingPackage", "needs"]


class MissingPackage(ConfigError, ImportError):  # noqa: N818 (a state)
    """A package is not installed; an `ImportError`, too, as programs expect of an import."""


@contextmanager
def needs(package: str) -> Iterator[None]:
    """Turn an import that fails in the block into one sentence that says what to install."""
    try:
        yield
    except ImportError as error:
        raise MissingPackage(f"this needs {package} ({error}): pip install {package}") from None
