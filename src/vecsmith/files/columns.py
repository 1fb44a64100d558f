"""What is read from a file: rows, rows that cannot be used, and which columns are wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError
from vecsmith.prepare import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["TOO_LONG", "BadRow", "Row", "Wanted", "missing_column"]

TOO_LONG = f"a text of over {MAX_BYTES // 1_000_000} MB: split it into parts"
"""Why a row is set aside whose text no call takes."""
NAMES_SHOWN = 20
LONGEST_NAME = 40
NO_FIELDS: Mapping[str, Any] = MappingProxyType({})
NAME = re.compile(rf"([^\W\d][\w.:/-]{{0,{LONGEST_NAME - 1}}})?")  # the column of pandas' row numbers has an empty one


@dataclass(frozen=True, slots=True)
class Row:
    """One text of a file."""

    id: str | int
    """The value of the id column, or the row's number from 0; of a text that is a whole file its name."""
    text: str
    line: int
    """The line on which it begins, from 1."""
    fields: Mapping[str, Any] = field(default_factory=lambda: NO_FIELDS, hash=False)
    """What the other columns, or the other fields of a JSON object, hold, by their names; none unless asked for."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is set aside."""

    line: int
    id: str | int | None
    """None where it is unknown."""
    reason: str
    """Says what is wrong, without the text itself."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The columns, or the fields of JSON objects, that a caller asked for."""

    field: str | None = None
    """Holds the text; None for ``text``, or the only column."""
    id: str | None = None
    """Holds the row's id; None to number the rows."""
    others: bool = False
    """Whether the other columns ride along, in ``Row.fields``."""


def missing_column(
    file: str, what: str, name: str, known: Iterable[str], wanted: Wanted, *, flag: str | None = None
) -> ConfigError:
    """Return the error for a column that a file lacks, with those that it has and the nearest one.

    The flag is the one that names a column; by default that of the text's or the id's.

    They are named where all of them look like names, and else counted: where a file has no header line its first texts
    stand in their place.
    """
    names = list(known)
    flag = flag or ("--id" if name == wanted.id and name != wanted.field else "--field")
    if not all(map(NAME.fullmatch, names)):
        which = f"one of its {len(names)} {what}s" if len(names) > 1 else f"its only {what}"
        header = ", and put a line with their names first if there is none" if what == "column" else ""
        return ConfigError(f"{file} has no {what} {shown(name)}: name {which} with {flag}{header}")
    near = get_close_matches(name, names, n=1)
    advice = f"did you mean {shown(near[0])}? " if near else f"name one with {flag}; "
    listed = ", ".join(map(shown, names[:NAMES_SHOWN])) + (", …" if len(names) > NAMES_SHOWN else "")
    return ConfigError(f"{file} has no {what} {shown(name)}: {advice}it has {listed or 'none'}")


def shown(name: str) -> str:
    """Return a name in quotes, short and on one line."""
    return repr(name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…")
