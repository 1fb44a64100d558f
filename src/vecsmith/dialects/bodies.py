"""Bodies and queries of requests, read: what is no such thing is refused with its place, a near miss by its name."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from vecsmith.dialects.serving import Invalid, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["number", "object_of", "read_body", "read_members", "texts_of"]

SURROGATE = rb"\ud"

SYNONYMS = (
    ("dimensions", "output_dimension", "output_dimensionality", "outputDimensionality"),
    ("task", "input_type", "task_type", "taskType"),
    ("output_dtype", "embedding_type", "embedding_types"),
    ("normalized", "normalize"),
    ("truncation", "truncate"),
)
"""What services call the same thing: another's word would change the vectors, and is not passed over."""

MISSING = re.compile(r"Object missing required field `(\w+)`$")
"""msgspec's words."""

MOST_UNKNOWN = 100
"""Members that mean nothing, before the body is taken for something else."""

B = TypeVar("B", bound=msgspec.Struct)


def read_body(body: bytes, kind: type[B], known: Sequence[str] = ()) -> tuple[B, tuple[str, ...]]:
    """Read a JSON body; return it with the names of members that mean nothing here.

    Raises `Problem` for what is no such body, and for a name that is nearly one of the `kind`'s, or of `known`.
    """
    return read_members(object_of(body), kind, known)


def object_of(body: bytes) -> dict[str, Any]:
    """Return the members of a JSON body; raise `Problem` for what has none."""
    members = read_json(body)
    if not isinstance(members, dict):
        raise Invalid("type_error", f"the body must be an object of JSON, not {json_name(members)}")
    return members


def read_members(members: Mapping[str, Any], kind: type[B], known: Sequence[str] = ()) -> tuple[B, tuple[str, ...]]:
    """Do as `read_body` does with the members of a body."""
    try:
        read = msgspec.convert(members, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise invalid(str(error)) from None
    except UnicodeEncodeError:  # which is how msgspec compares it with the words that a member may be
        raise Invalid("value_error", "a member holds half a surrogate pair where no text is meant: mend it") from None
    return read, unknown(members, (*names_of(kind), *known))


@cache
def names_of(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the names of a body's members; msgspec reads the annotations anew each time."""
    fields = msgspec.structs.fields(kind)
    return tuple(dict.fromkeys(name for field in fields for name in (field.encode_name, field.name)))


def read_json(body: bytes) -> Any:
    """Read JSON; half a surrogate pair, which JavaScript writes without a word, is left for later stages to mend."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        if SURROGATE in body.lower():
            with suppress(RecursionError, ValueError):
                return json.loads(body, parse_constant=not_json)
    raise Invalid("json_invalid", "the body is not JSON in UTF-8: send an object of JSON")


def not_json(name: str) -> None:
    """Refuse what Python reads and JSON does not have."""
    raise ValueError(name)


def unknown(members: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    """Return the names that are none of those known; raise `Problem` for one that is nearly one, or means one."""
    others = tuple(name for name in members if name not in names)
    if len(others) > MOST_UNKNOWN:
        raise Invalid("extra_forbidden", f"the body has {len(others)} members that mean nothing here: leave them out")
    for name in others:
        if meant := nearest(name, names):
            words = f"there is no member {name[:40]!r}: did you mean {meant!r}?"
            raise Invalid("extra_forbidden", words, param=name[:40])
    return others


def nearest(name: str, names: Sequence[str]) -> str | None:
    """Return the known name that another one probably means."""
    same = next((group for group in SYNONYMS if name in group), ())
    close = get_close_matches(name.lower(), names, n=1, cutoff=0.8)
    return next((each for each in (*same, *close) if each in names), None)


def invalid(words: str) -> Problem:
    """Return the refusal of a body whose members are not of the right types, from msgspec's words."""
    if lacking := MISSING.match(words):
        return Invalid("missing", f"the body has no {lacking[1]!r}: it is required", param=lacking[1])
    found, _, where = words.partition(" - at `")
    where = where.rstrip("`") or "$"
    name = where.removeprefix("$").lstrip(".")
    index = None
    if name.endswith("]") and "[" in name and not name.endswith("[...]"):
        place = name[name.index("[") + 1 : name.index("]")]
        index = int(place) if place.isdecimal() else None
    words = f"'{where}' is invalid: {found[0].lower() + found[1:]}"
    return Invalid("type_error", words, param=name or None, index=index)


def json_name(value: object) -> str:
    """Return what JSON calls a value."""
    kinds: dict[type, str] = {str: "a string", bool: "a boolean", list: "an array", dict: "an object"}
    return "null" if value is None else kinds.get(type(value), "a number")


def number(query: Mapping[str, str], *names: str) -> int:
    """Return a parameter that is a whole number, by the first of its names that is there; 0 where none is."""
    given = next((query[name] for name in names if name in query), "")
    if given and not (given.isascii() and given.isdecimal() and len(given) < 10):  # noqa: PLR2004 (digits of 32 bits)
        raise Problem("input", f"{names[0]} must be a whole number, such as was given out here", param=names[0])
    return int(given or 0)


def texts_of(given: str | Sequence[Any], member: str) -> list[str]:
    """Return one text or several as several; raise `Problem` for anything else, naming its place and type."""
    if isinstance(given, str):
        return [given]
    for place, text in enumerate(given):
        if not isinstance(text, str):
            words = f"'$.{member}[{place}]' must be a string, not {json_name(text)}"
            raise Invalid("type_error", words, param=member, index=place)
    return list(given)
