"""Where a long text is cut into chunks, counted in the tokens of the model that will read them; pure.

A text is cut at the starts of its own tokens, so that chunks without overlap join to the text and nothing is lost.
White space between two chunks stays with the first, unless the model's tokens hold it: then it goes with the token.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np

from vecsmith import borders
from vecsmith.errors import ConfigError
from vecsmith.types import By, Combine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from vecsmith.borders import Places

    Count = Callable[[list[str]], Sequence[int]]
    Offsets = NDArray[np.int64]
    Range = tuple[int, int]

__all__ = ["Chunking", "Span", "fitted", "split"]

MANY = 0.1
"""The share of chunks too long on their own from which all are cut shorter, rather than those in two."""

SPARE = 16
"""A chunk is cut shorter for all by at most the model's limit divided by this."""


@dataclass(frozen=True, slots=True)
class Chunking:
    """How long texts are cut into chunks; raises `ConfigError` for what is impossible."""

    by: By = "token"
    tokens: int | None = None
    """The most tokens of a chunk, without special tokens; None: as many as the model reads."""
    overlap: int = 0
    """The most tokens at the start of a chunk that were also in the one before; fewer than `tokens`."""
    combine: Combine = "weighted_mean"

    def __post_init__(self) -> None:
        one_of("by", self.by, get_args(By))
        one_of("combine", self.combine, get_args(Combine))
        if self.tokens is not None:
            whole("tokens", self.tokens, 1)
        whole("overlap", self.overlap, 0)
        if self.tokens is not None:
            self.size(self.tokens)

    def size(self, room: int) -> int:
        """Return the most tokens of a chunk for a model that reads `room`; raise `ConfigError` if overlap fills it."""
        size = room if self.tokens is None else min(self.tokens, room)
        if self.overlap >= size:
            raise ConfigError(f"overlap must be less than the {size} tokens of a chunk, not {self.overlap}")
        return size


def one_of(name: str, value: object, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ConfigError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")


def whole(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(f"{name} must be a whole number of at least {least}, not {value!r}")


class Span(NamedTuple):
    """A chunk of a text."""

    start: int
    """Offset into the text, in code points."""
    end: int
    token_start: int
    """Index among the tokens of the text as a whole, without special tokens."""
    token_end: int


class Level(NamedTuple):
    """Cuts of one kind, as indexes of the tokens before which they lie."""

    cuts: list[int]
    fill: float
    """The least part of a chunk's size that must lie before such a cut."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where a text may be cut, the best places first."""

    levels: list[Level]
    """The last one holds every place where a cut is possible at all."""
    units: list[list[int]]
    """Where an overlap may begin, the best places first."""
    sentences: list[int]
    """After a cut at one of these, an overlap is made of whole sentences."""

    def last(self, floor: int, start: int, end: int) -> int | None:
        """Return the best cut for a chunk that begins at `start`: after `floor` and not after `end`."""
        for cuts, fill in self.levels:
            i = bisect_right(cuts, end) - 1
            if i >= 0 and cuts[i] > floor and cuts[i] >= start + fill * (end - start):
                return cuts[i]
        return None

    def next(self, floor: int, end: int) -> int:
        """Return the first cut of any kind after `floor`, or `end`."""
        cuts = self.levels[-1].cuts
        i = bisect_right(cuts, floor)
        return min(cuts[i], end) if i < len(cuts) else end

    def earlier(self, cut: int, overlap: int, after: int) -> int:
        """Return where the chunk after `cut` begins: up to `overlap` tokens before it, and after `after`."""
        least = max(cut - overlap, after + 1)
        i = bisect_left(self.sentences, cut)
        at_sentence = i < len(self.sentences) and self.sentences[i] == cut
        for starts in [self.sentences] if at_sentence else self.units:
            i = bisect_left(starts, least)
            if i < len(starts) and starts[i] < cut:
                return starts[i]
        return cut


def split(text: str, offsets: Offsets, chunking: Chunking, room: int) -> list[Span]:
    """Cut a text into chunks of at most `room` tokens; one that fits is one chunk.

    `offsets` is (tokens, 2): where each token of the text starts and ends, in code points. What cannot be divided, as
    one character of many tokens, is one chunk however long. Raises `ConfigError` where the overlap leaves no room.
    """
    size = chunking.size(room)
    if len(offsets) <= size:
        return [Span(0, len(text), 0, len(offsets))]
    cuts = cuts_of(text, offsets, chunking.by)
    return spans(packed(cuts, (0, len(offsets)), size, chunking.overlap), text, offsets)


def fitted(text: str, offsets: Offsets, chunking: Chunking, room: int, count: Count) -> list[Span]:
    """Cut a text as `split` does, and so that no chunk has more than `room` tokens when it is tokenised on its own.

    `count` returns the tokens of each text without special tokens; it is called a few times, with many chunks at once.
    A cut inside a word can make more tokens of it. Where many chunks are too long, all are cut shorter; where few
    are, those are divided. What cannot be divided stays as it is.
    """
    size = chunking.size(room)
    if len(offsets) <= size:
        return [Span(0, len(text), 0, len(offsets))]
    cuts = cuts_of(text, offsets, chunking.by)

    def counted(ranges: list[Range]) -> Sequence[int]:
        return count([text[span.start : span.end] for span in spans(ranges, text, offsets)])

    ranges = packed(cuts, (0, len(offsets)), size, chunking.overlap)
    counts = counted(ranges)
    over = [number - room for number in counts if number > room]
    shorter = size - min(max(over, default=0), room // SPARE)
    if len(over) > MANY * len(ranges) and chunking.overlap < shorter < size:
        ranges = packed(cuts, (0, len(offsets)), shorter, chunking.overlap)
        counts = counted(ranges)
    return spans(divided(cuts, ranges, counts, room, counted), text, offsets)


def divided(
    cuts: Cuts, ranges: list[Range], numbers: Sequence[int], room: int, counted: Callable[[list[Range]], Sequence[int]]
) -> list[Range]:
    """Divide the ranges that are too long on their own, until they fit or cannot be divided."""
    counts = dict(zip(ranges, numbers, strict=True))
    while True:
        parts = {each: halves(cuts, each, counts[each], room) for each in ranges if counts[each] > room}
        ranges = in_order([part for each in ranges for part in parts.get(each, [each])])
        fresh = [each for each in ranges if each not in counts]
        if not fresh:
            return ranges
        counts.update(zip(fresh, counted(fresh), strict=True))


def halves(cuts: Cuts, whole: Range, number: int, room: int) -> list[Range]:
    """Divide a range that has `number` tokens on its own into as few even parts as `room` asks for."""
    tokens = whole[1] - whole[0]
    size = min(ceil(tokens / ceil(number / room)), tokens - 1)
    return packed(cuts, whole, size, 0) if size else [whole]


def in_order(ranges: list[Range]) -> list[Range]:
    """Sort ranges and leave out those that lie within another, as the parts of overlapping ones may."""
    kept: list[Range] = []
    for start, end in sorted(ranges, key=lambda each: (each[0], -each[1])):
        if not kept or end > kept[-1][1]:
            kept.append((start, end))
    return kept


def packed(cuts: Cuts, whole: Range, size: int, overlap: int) -> list[Range]:
    """Cut a range of tokens into ranges of at most `size`, each at the best place that lies within."""
    begin = reached = whole[0]
    ranges: list[Range] = []
    while reached < whole[1]:
        cut = whole[1] if whole[1] - begin <= size else cuts.last(reached, begin, begin + size)
        if cut is None and begin < reached:
            begin = reached  # an overlap that leaves no room for what follows is left out
            continue
        if cut is None:
            cut = cuts.next(reached, whole[1])
        ranges.append((begin, cut))
        begin, reached = cuts.earlier(cut, overlap, begin), cut
    return ranges


def spans(ranges: list[Range], text: str, offsets: Offsets) -> list[Span]:
    """Add the characters: a chunk begins where its first token does, and ends where the next chunk's would."""
    starts = [0, *offsets[1:, 0].tolist(), len(text)]
    return [Span(starts[first], starts[last], first, last) for first, last in ranges]


def cuts_of(text: str, offsets: Offsets, by: By) -> Cuts:
    """Find where a text may be cut between its tokens, and which of these places are borders of what."""
    possible = between_tokens(offsets, len(text))
    whole_characters = possible[~np.isin(offsets[possible, 0], borders.inside_clusters(text))]
    space = np.concatenate([[0], np.cumsum(~borders.white(text), dtype=np.int32)])

    def at(found: Places) -> list[int]:
        return aligned(found, whole_characters, offsets, space)

    units = [at(borders.words(text)), whole_characters.tolist(), possible.tolist()]
    anywhere = [Level(units[0], 0.5), Level(units[1], 0), Level(units[2], 0)]
    if by == "token":
        return Cuts(anywhere, units, [])
    sentences = borders.sentences(text)
    ends = Level(at(sentences), 0)
    if by == "sentence":
        return Cuts([ends, *anywhere], units, ends.cuts)
    lines = borders.lines(text)
    levels = [
        Level(at(borders.sections(text)), 0.25),
        Level(at(borders.paragraphs(text)), 0.25),
        Level(at(np.intersect1d(lines, sentences)), 0.5),
        Level(ends.cuts, 0.5),
        ends,
        Level(at(lines), 0.5),
    ]
    return Cuts([*levels, *anywhere], units, ends.cuts)


def between_tokens(offsets: Offsets, length: int) -> Places:
    """Return the tokens before which a text of `length` can be cut, with no token's characters on both sides."""
    starts, ends = offsets[:, 0], offsets[:, 1]
    start = starts[1:]
    left = np.maximum(np.maximum.accumulate(ends)[:-1], np.maximum.accumulate(starts)[:-1] + 1)
    right = np.minimum(np.minimum.accumulate(starts[::-1])[::-1][1:], length - 1)
    return np.flatnonzero((left <= start) & (start <= right)) + 1


def aligned(found: Places, possible: Places, offsets: Offsets, seen: NDArray[np.int32]) -> list[int]:
    """Return the cuts that lie at borders of the text.

    That is the first cut from the border on, where no token lies between; else the one before, where only white space
    does. `seen` is the number of visible characters before each offset.
    """
    if not len(found) or not len(possible):
        return []
    places = offsets[possible, 0]
    reached = np.maximum.accumulate(offsets[:, 1])[possible - 1]
    after = np.searchsorted(places, found)
    before = np.maximum(after - 1, 0)
    on = np.minimum(after, len(places) - 1)
    exact = (after < len(places)) & (reached[on] <= found)
    blank = (after > 0) & (seen[places[before]] == seen[found])
    cuts: list[int] = np.unique(possible[np.concatenate([on[exact], before[blank & ~exact]])]).tolist()
    return cuts
