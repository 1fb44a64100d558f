"""Clean-up of texts by name: each step a function from text to text, off unless it is asked for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["STEPS", "cleaner"]

CONTROL = re.compile(
    r"[^\S\t\n\r ]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2060\ufeff\u00ad\u202a-\u202e\u2066-\u2069]"
)
"""Control characters but tab and line ends, and formatting that is not seen: zero-width spaces, marks of direction."""

BLANKS = re.compile(r"[^\S\n]+")
LINES = re.compile(r" ?\n ?")
PARAGRAPHS = re.compile(r"\n{3,}")


def whitespace(text: str) -> str:
    """One blank for any run of blanks, at most one empty line, none at the ends."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return PARAGRAPHS.sub("\n\n", LINES.sub("\n", BLANKS.sub(" ", lines))).strip()


def control(text: str) -> str:
    """No control characters and no invisible formatting; joiners inside words and emoji stay."""
    return CONTROL.sub(lambda found: " " if found[0].isspace() else "", text)


def mojibake(text: str) -> str:
    """Text that was decoded with the wrong encoding, decoded again with the right one (by ftfy)."""
    import ftfy

    return ftfy.fix_encoding(text)


STEPS: dict[str, Callable[[str], str]] = {
    "nfc": partial(unicodedata.normalize, "NFC"),
    "nfd": partial(unicodedata.normalize, "NFD"),
    "nfkc": partial(unicodedata.normalize, "NFKC"),
    "nfkd": partial(unicodedata.normalize, "NFKD"),
    "whitespace": whitespace,
    "control": control,
    "mojibake": mojibake,
    "lower": str.lower,
    "casefold": str.casefold,
}
"""The clean-up steps by name."""


def cleaner(names: str | Iterable[str]) -> Callable[[str], str] | None:
    """Return the steps named, composed in the order given; None where none is.

    Raises `ConfigError` for a name that is no step.
    """
    given: object = names
    if not isinstance(given, Iterable):
        raise ConfigError(f"clean takes names of steps ({', '.join(STEPS)}), not {names!r}")
    steps = [step(name) for name in ([names] if isinstance(names, str) else names)]
    if not steps:
        return None

    def clean(text: str) -> str:
        for each in steps:
            text = each(text)
        return text

    return clean


def step(name: object) -> Callable[[str], str]:
    """Return one step by name."""
    if not isinstance(name, str) or name not in STEPS:
        raise ConfigError(f"clean knows no step {name!r}: {', '.join(STEPS)} are there")
    return STEPS[name]
