"""What every store can keep of a row's text and columns."""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

__all__ = ["DEEPEST", "INTEGERS", "storable"]

INTEGERS = range(-(1 << 63), 1 << 63)
"""What every store can keep as a whole number."""

DEEPEST = 200
"""How deep lists and mappings may lie in a column: parsers of JSON give up at some depth."""


def storable(value: Any, room: int = DEEPEST) -> Any:
    """Return a column's value as every store can keep it; raise `RecursionError` for what lies too deep."""
    if not room:
        raise RecursionError
    match value:
        case dict():
            return {storable(str(name)): storable(each, room - 1) for name, each in value.items()}
        case list() | tuple():
            return [storable(each, room - 1) for each in value]
        case np.bool_() | np.integer():
            return scalar(value.item())
        case np.floating():
            return scalar(float(value))
        case _:
            return scalar(value)


def scalar(value: Any) -> Any:
    """Replace what no database keeps: NUL, halves of characters, NaN; make text of what JSON has no word for."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd") if odd(value) else value
        case float():
            return value if isfinite(value) else None
        case None | bool():
            return value
        case int() if value in INTEGERS:
            return value
        case _:
            return str(value)


def odd(text: str) -> bool:
    """Whether a text holds NUL or an unpaired surrogate."""
    return "\0" in text or any("\ud800" <= character <= "\udfff" for character in set(text) if character > "\ud7ff")
