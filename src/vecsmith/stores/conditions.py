"""Which rows a search looks at: conditions on their columns."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any

from vecsmith.errors import ConfigError

__all__ = ["Condition", "Conditions", "Where", "conditions_of", "holds", "number_of", "told"]

Where = Mapping[str, Any] | str | Iterable[str]
"""``{"lang": "en", "year": [2023, 2024]}``, or ``"year>=2023"``, or several of these."""

WRITTEN = re.compile(r"\s*(?P<column>[^<>=!]+?)\s*(?P<sign>!=|<=|>=|=|<|>)\s*(?P<value>.*?)\s*", re.DOTALL)

NUMBER = re.compile(r"\s*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?\s*", re.ASCII)
"""What all stores read as a number."""

SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """What a column must be."""

    column: str
    sign: str
    """``=`` (one of the values), ``!=`` (none of them), ``<``, ``<=``, ``>``, ``>=``."""
    values: tuple[str, ...]
    """As text; in an order of numbers where both sides are numbers, else of text."""


Conditions = tuple[Condition, ...]
"""All must hold."""


def conditions_of(where: Where | None) -> Conditions:
    """Read conditions; raise `ConfigError` for what is none."""
    match where:
        case None:
            return ()
        case str():
            return (written(where),)
        case Mapping():
            return tuple(Condition(str(column), "=", values_of(value)) for column, value in where.items())
        case list() | tuple() | set() | frozenset():
            return tuple(written(each) for each in where)
        case _:
            raise ConfigError(f"where must be a mapping of columns, or conditions as text, not {type(where).__name__}")


def written(condition: str) -> Condition:
    """Read ``column=value``, and the like with another sign."""
    found = WRITTEN.fullmatch(condition) if isinstance(condition, str) else None
    if found is None:
        raise ConfigError("a condition is written 'column=value', or with != < <= > >=: write it so")
    return Condition(found["column"], found["sign"], (found["value"],))


def values_of(value: Any) -> tuple[str, ...]:
    """Return one value, or each of several, as text."""
    several = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return tuple(told(each) for each in several)


def told(value: Any) -> str:
    """Return a value as the text that it is compared by: JSON's words for what is no string."""
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case float() if value.is_integer():
            return str(int(Decimal(repr(float(value)))))
        case float() if isfinite(value):
            return format(Decimal(repr(float(value))), "f")  # 1e-07 is 0.0000001, as Postgres has it
        case _:
            return str(value)


def number_of(text: str) -> float | None:
    """Return the number that a text is, or None."""
    return float(text) if NUMBER.fullmatch(text) else None


def holds(conditions: Conditions, identity: str | int, fields: Mapping[str, Any]) -> bool:
    """Whether a row's columns are as all conditions want; a column that it lacks is as none does.

    Its id counts as a column ``id``, unless it has another of that name.
    """
    columns = {"id": identity, **fields}
    return all(fits(condition, columns) for condition in conditions)


def fits(condition: Condition, fields: Mapping[str, Any]) -> bool:
    """Whether one condition holds."""
    if condition.column not in fields:
        return False
    value = told(fields[condition.column])
    if condition.sign in SIGNS:
        return ordered(condition.sign, value, condition.values[0])
    return (value in condition.values) == (condition.sign == "=")


def ordered(sign: str, value: str, other: str) -> bool:
    """Compare numbers as numbers, and all else as text where the other side is no number either."""
    ours, theirs = number_of(value), number_of(other)
    if theirs is None:
        return SIGNS[sign](value, other)
    return ours is not None and SIGNS[sign](ours, theirs)
