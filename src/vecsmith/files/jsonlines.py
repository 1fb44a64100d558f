"""JSON lines into rows: each line a string, or an object with the text in a field."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vecsmith.files.columns import BadRow, Row, Wanted, missing_column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vecsmith.files.lines import Line, Lines

__all__ = ["read_json_lines"]

PATIENCE = 100
"""Objects without the field before that is called a wrong field rather than bad rows."""

NAMES = {type(None): "null", bool: "a boolean", int: "a number", float: "a number", list: "an array", dict: "an object"}


@dataclass(frozen=True, slots=True)
class Lacking:
    """An object without a wanted field."""

    row: BadRow
    field: str
    known: list[str]


def read_json_lines(lines: Lines, wanted: Wanted) -> Iterator[Row | BadRow]:
    """Yield what each line holds; blank lines are passed over, rows without ``id`` are numbered from 0.

    A field that the first objects all lack is a `ConfigError` that names those they have; once a row had it, the
    rows that lack it are bad rows.
    """
    lacking: list[Lacking] | None = []
    for number, line in enumerate(filter(is_filled, lines)):
        found = entry(line, number, wanted)
        if isinstance(found, Row) and lacking is not None:
            yield from (early.row for early in lacking)
            lacking = None
        if not isinstance(found, Lacking):
            yield found
        elif lacking is None:
            yield found.row
        else:
            lacking.append(found)
            if len(lacking) == PATIENCE:
                break
    if lacking:
        known = dict.fromkeys(name for early in lacking for name in early.known)
        raise missing_column(lines.name, "field", lacking[0].field, known, wanted)


def is_filled(line: Line) -> bool:
    """Whether the line is more than whitespace."""
    return line.flaw is not None or not line.text.isspace()


def entry(line: Line, number: int, wanted: Wanted) -> Row | BadRow | Lacking:
    """Return the text of a line, or why there is none."""
    try:
        value = parsed(line)
    except ValueError as error:
        return BadRow(line.number, None, str(error))
    if isinstance(value, dict):
        return from_object(value, line, number, wanted)
    if not isinstance(value, str):
        return BadRow(line.number, None, f"{NAMES[type(value)]} where a string or an object is expected")
    if wanted.id is not None:
        return BadRow(line.number, None, "a plain string, which has no id")
    return Row(number, value, line.number)


def parsed(line: Line) -> Any:
    """Return the JSON value of a line, or raise `ValueError` with the reason why it has none."""
    if line.flaw is not None:
        raise ValueError(line.flaw)
    try:
        return json.loads(line.text.rstrip("\r\n"))
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg.removesuffix(' at')} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError("JSON that is nested too deep, or has a number with too many digits") from error


def from_object(value: dict[str, Any], line: Line, number: int, wanted: Wanted) -> Row | BadRow | Lacking:
    """Return the text of an object, or why there is none."""
    field = wanted.field or "text"
    identity = number if wanted.id is None else value.get(wanted.id)
    known = identity if is_id(identity) else None
    for name in (field, wanted.id):
        if name is not None and name not in value:
            return Lacking(BadRow(line.number, known, f"it has no field {name!r}"), name, list(value))
    text = value[field]
    if not isinstance(text, str):
        return BadRow(line.number, known, f"its field {field!r} is {NAMES[type(text)]}, not a string")
    if known is None:
        return BadRow(line.number, None, f"its id is {NAMES.get(type(identity), 'empty')}, not a string or an integer")
    if not wanted.others:
        return Row(known, text, line.number)
    return Row(known, text, line.number, {name: it for name, it in value.items() if name not in {field, wanted.id}})


def is_id(value: object) -> bool:
    """Whether the value can name a row."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and value != "")
