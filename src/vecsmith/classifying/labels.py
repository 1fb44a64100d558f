"""Labels: which values can be one, which there are, and how the name of one reads as words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.drawing import readable
from vecsmith.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from numpy.typing import NDArray

__all__ = ["Label", "checked", "classes_of", "contradictions", "numbered", "refusal", "shown", "words"]

Label = str | int | bool
"""What a text is labelled with; all labels of a classifier are of one of these types."""

JOINTS = re.compile(r"(?<=\w)[_./:-]+(?=\w)|_+")
HUMPS = re.compile(r"(?<=[a-z0-9]{2})(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

LONGEST = 40
"""Characters of a label that are shown."""


def refusal(value: object) -> str | None:
    """Say why a value is no label, or return None."""
    if value is None or value != value or (isinstance(value, str) and not value.strip()):  # noqa: PLR0124 (NaN)
        return "it has no label"
    if not isinstance(value, Label | np.str_ | np.integer | np.bool_):
        return f"its label is a {type(value).__name__}, not a string, a whole number or a boolean"
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        return "its label holds half a character, which no file keeps"
    return None


def checked(values: Iterable[Any], count: int | None = None) -> list[Label]:
    """Return labels as Python's own values; raise `InputError` for one that is none, or where there are not `count`."""
    if isinstance(values, str | bytes):
        raise InputError("labels are given as a list, one for each text, not as a single string")
    given = list(values)
    if count is not None and len(given) != count:
        raise InputError(f"there are {count} texts and {len(given)} labels: give one label for each text")
    bad = [InputError(reason, index=i) for i, value in enumerate(given) if (reason := refusal(value))]
    if bad:
        raise InputError(bad[0].reason, index=bad[0].index, others=bad[1:])
    return [plain(value) for value in given]


def plain(value: Any) -> Label:
    """Return a label as Python's own type, which JSON has."""
    if isinstance(value, str):
        return str(value)
    label: Label = value.item() if isinstance(value, np.generic) else value
    return label


def classes_of(labels: Collection[Label]) -> tuple[Label, ...]:
    """Return the different labels in their order; raise `InputError` where they are not of one type, or fewer than two.

    The order is that of letters, or of numbers.
    """
    different = set(labels)
    kinds = sorted({type(label).__name__ for label in labels})
    if len(kinds) > 1:
        raise InputError(f"labels are of several types ({', '.join(kinds)}): make all of them strings")
    classes = tuple(sorted(different))
    if len(classes) < 2:  # noqa: PLR2004 (one label is no choice)
        found = "all rows have the same label" if classes else "there are no labels"
        raise InputError(f"{found}: a classifier needs at least two")
    return classes


def numbered(labels: Sequence[Label], classes: Sequence[Label]) -> NDArray[np.int64]:
    """Return the place of each label among the classes, (n,)."""
    places = {label: place for place, label in enumerate(classes)}
    return np.array([places[label] for label in labels], np.int64)


def words(label: Label) -> str:
    """Return the name of a label as words: ``card_arrival`` and ``cardArrival`` both read card arrival."""
    name = str(label).strip()
    if " " in name:
        return JOINTS.sub(" ", name) if "_" in name else name
    return HUMPS.sub(" ", JOINTS.sub(" ", name)).strip() or name


def shown(label: Label) -> str:
    """Return a label short, and as it cannot disturb a terminal."""
    text = readable(str(label)[: LONGEST + 1])
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def contradictions(texts: Sequence[str], labels: Sequence[Label]) -> list[tuple[int, int]]:
    """Return, for each text that comes with more than one label, where it is first and where it first has another."""
    first: dict[str, int] = {}
    found: dict[str, tuple[int, int]] = {}
    for place, text in enumerate(texts):
        at = first.setdefault(text, place)
        if labels[at] != labels[place]:
            found.setdefault(text, (at, place))
    return list(found.values())
