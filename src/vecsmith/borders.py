"""Where a text has borders: sections, paragraphs, lines, sentences, words and characters as people see them.

A border is the offset, in code points, of what begins there; the ends of the text are none. Each function returns them
ascending, as an int64 array, and takes time in proportion to the text.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Places = NDArray[np.int64]

__all__ = ["inside_clusters", "lines", "paragraphs", "sections", "sentences", "white", "words"]

BREAK = r"(?:\r\n|[\n\r\x0b\x0c\x85\u2028])"
BLANK = rf"(?:{BREAK}(?:[^\S\n\r\x0b\x0c\x85\u2028\u2029]*+{BREAK})++|\u2029\s*+)"
HEADING = r"[ ]{0,3}#{1,6}[ \t]"
ITEM = r"[ \t]*+(?:[-*+•‣◦]|\d{1,3}[.)])[ \t]"

LINES = re.compile(rf"{BREAK}|\u2029")
PARAGRAPHS = re.compile(rf"(?P<heading>^{HEADING}[^\n]*+)?{BLANK}", re.MULTILINE)
# A fenced block is one match, so that a comment in it is no heading.
SECTIONS = re.compile(rf"^(```|~~~)[^\n]*\n.*?^\1|^(?P<heading>){HEADING}|\x0c", re.MULTILINE | re.DOTALL)

PLAIN = r"\n\t\x20-\x7e"
# Where a cluster of several characters may be: everything but runs of plain ASCII, with the neighbours on both sides.
UNEVEN = re.compile(rf"[{PLAIN}]?(?:[^{PLAIN}]++[{PLAIN}]{{0,16}}+)++")

WIDEST = 256

WHITE = np.array([chr(code).isspace() for code in range(0x3002)])
"""Whether a code point up to U+3001 is white space; none beyond is."""


def code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def white(text: str) -> NDArray[np.bool_]:
    """Return of each character whether it is white space."""
    found: NDArray[np.bool_] = WHITE[np.minimum(code_points(text), len(WHITE) - 1)]
    return found


def places(found: Iterable[int], text: str) -> Places:
    """Gather borders, without the ends of the text."""
    borders = np.fromiter(found, np.int64)
    return borders[(borders > 0) & (borders < len(text))]


def words(text: str) -> Places:
    """Return where a word begins after white space; scripts without spaces have few such places."""
    space = white(text)
    return np.flatnonzero(space[:-1] & ~space[1:]) + 1


def lines(text: str) -> Places:
    """Return where a line begins."""
    return places((match.end() for match in LINES.finditer(text)), text)


def paragraphs(text: str) -> Places:
    """Return where a paragraph begins after a blank line; what follows a Markdown heading goes with the heading."""
    return places((match.end() for match in PARAGRAPHS.finditer(text) if not match["heading"]), text)


def sections(text: str) -> Places:
    """Return where a Markdown heading or a new page begins."""
    found = (match for match in SECTIONS.finditer(text) if match[1] is None)
    return places((match.end() if match[0] == "\x0c" else match.start() for match in found), text)


def sentences(text: str) -> Places:
    """Return where a sentence begins, by the rules of Unicode for all scripts (UAX #29, sentence boundaries).

    Beyond these rules a sentence ends at a blank line, before a list item and before a Markdown heading; a single line
    break is a space; and no sentence ends after an initial or a title that stands before a name.
    """
    return places((match.end() for match in sentence_ends().finditer(text)), text)


@cache
def sentence_ends() -> Any:
    """Return what matches the end of a sentence with the white space after it.

    The rules SB3 to SB11 of https://www.unicode.org/reports/tr29/#Sentence_Boundary_Rules as one expression, with the
    property values that the library regex knows of every character.
    """
    import regex

    more = r"[\p{SB=Extend}\p{SB=Format}]"
    break_ = r"[\n\r\x0b\x0c\x85\u2028]"
    close = rf"{more}*+(?:\p{{SB=Close}}{more}*+)*+"
    spaces = rf"(?:[\p{{SB=Sp}}\n\r\x0b\x0c\x85\u2028]{more}*+)*+"
    names = (
        r"(?<!\b(?:\p{L}|Mrs?|Ms|Dr|Prof|St|Mme|Mlle|Hr|Sra?|Sig|Gen|Col|Capt|Lt|Sgt|Rev|Hon|Fig|Nr|vs|cf|e\.g|i\.e))"
    )
    number = rf"(?!{more}*+\p{{SB=Numeric}})"
    acronym = rf"(?!(?<=[\p{{SB=Upper}}\p{{SB=Lower}}]{more}*\p{{SB=ATerm}}){more}*+\p{{SB=Upper}})"
    unsure = r"[^\p{SB=OLetter}\p{SB=Upper}\p{SB=Lower}\p{SB=STerm}\p{SB=ATerm}]*+\p{SB=Lower}"
    goes_on = r"[\p{SB=SContinue}\p{SB=STerm}\p{SB=ATerm}]"
    blank = rf"\p{{SB=Sp}}*+{BLANK}"
    sure = rf"[\p{{SB=STerm}}།༎]{close}(?:{blank}|{spaces}(?!{goes_on}))"
    full_stop = rf"{names}\p{{SB=ATerm}}{number}{acronym}{close}(?:{blank}|{spaces}(?!{unsure}|{goes_on}))"
    begun = rf"{break_}(?={HEADING}|{ITEM})"
    return regex.compile(rf"{sure}|{full_stop}|{BLANK}|{begun}", regex.V1)


def inside_clusters(text: str) -> Places:
    """Return the offsets within what a reader sees as one character (UAX #29, extended grapheme clusters).

    Such as between a letter and its combining mark, within an emoji of several parts, within a Hangul syllable. Of a
    cluster of more than `WIDEST` code points, one in so many is left out.
    """
    found = [start + within for run in UNEVEN.finditer(text) for start, within in clusters(text, *run.span())]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def clusters(text: str, start: int, end: int) -> Iterator[tuple[int, Places]]:
    """Yield the offsets within clusters from `start` to `end`, relative to a start, a bounded stretch at a time.

    A flag is found by counting back to the first of a row of them, so that a long row at once takes its square.
    """
    import regex

    cluster = regex.compile(r"\X")
    while start < end:
        stretch = text[start : min(start + WIDEST, end)]
        ends = [match.end() for match in cluster.finditer(stretch)]
        if len(ends) > 1 and start + len(stretch) < end:
            ends.pop()  # it may go on
        within = np.ones(ends[-1], np.bool_)
        within[np.array(ends) - 1] = False
        yield start, np.flatnonzero(within) + 1
        start += ends[-1]
