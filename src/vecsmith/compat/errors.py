"""Errors that are also what the originals raise, so that programs written for those go on catching them."""

from __future__ import annotations

from vecsmith.errors import ConfigError

__all__ = ["ArgumentError", "ArgumentTypeError", "MissingModel"]


class ArgumentError(ConfigError, ValueError):
    """An argument cannot be used; a `ValueError`, too, as the originals raise."""


class ArgumentTypeError(ArgumentError, TypeError):
    """An argument is of a type that cannot be used; a `TypeError`, too, as the originals raise."""


class MissingModel(ArgumentError, OSError):  # noqa: N818 (a state)
    """A model cannot be found or opened; a `ValueError` and an `OSError`, too, as the originals raise."""
