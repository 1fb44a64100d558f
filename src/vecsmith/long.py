"""Long texts: cut into pieces that the model reads, and the pieces' vectors made into rows again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError, InputError
from vecsmith.portal import aside
from vecsmith.prepare import prepare
from vecsmith.providers import Reads, ReadsAlong
from vecsmith.types import Chunk, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.chunking import Chunking, Offsets, Span
    from vecsmith.clock import Clock
    from vecsmith.options import Options
    from vecsmith.types import Estimate, Floats
    from vecsmith.vectors import Rows, Source

__all__ = ["Pieces", "as_parts", "cut", "merged", "per_text", "piecewise"]


@dataclass(frozen=True, slots=True)
class Pieces:
    """What texts are cut into, in order."""

    texts: list[str]
    owners: list[int]
    """The place among the texts of the one that each piece is of."""
    spans: list[Span]

    def counts(self, texts: int) -> list[int]:
        """Return how many pieces each text has."""
        counts = [0] * texts
        for owner in self.owners:
            counts[owner] += 1
        return counts

    def chunks(self, indexes: Sequence[int]) -> tuple[Chunk, ...]:
        """Return the pieces as a caller sees them, whose inputs have these indexes."""
        return tuple(Chunk(indexes[owner], *span) for owner, span in zip(self.owners, self.spans, strict=True))


async def cut(source: Source, texts: Sequence[str], chunking: Chunking) -> Pieces:
    """Cut texts for the model that will read them; raise `ConfigError` where its tokenizer is not at hand."""
    reader = source.beneath(Reads)  # type: ignore[type-abstract]  # a Protocol is what is looked for
    if reader is None:
        raise ConfigError("cutting texts needs the model's own tokenizer, which this generator does not have")
    return await aside(partial(cut_by, reader, reader.room(source.options), texts, chunking))


def cut_by(reader: Reads, room: int, texts: Sequence[str], chunking: Chunking) -> Pieces:
    """Cut texts so that no piece has more than `room` tokens."""
    from vecsmith.chunking import Span, fitted

    pieces = Pieces([], [], [])
    size = chunking.size(room)
    for place, (text, tokens) in enumerate(zip(texts, reader.count(texts), strict=True)):
        whole = [Span(0, len(text), 0, tokens)]
        spans = whole if tokens <= size else fitted(text, reader.offsets(text), chunking, room, reader.count)
        pieces.texts.extend(text[span.start : span.end] for span in spans)
        pieces.owners.extend([place] * len(spans))
        pieces.spans.extend(spans)
    return pieces


async def piecewise(source: Source, pieces: Pieces, texts: Sequence[str], options: Options, clock: Clock) -> Rows:
    """Return the vectors of pieces, each embedded on its own, or, for ``late``, with the text around it."""
    if options.on_long == "late":
        return await late(source, pieces, texts, clock)
    try:
        return await source.rows(pieces.texts, clock)
    except InputError as error:
        raise error.at(pieces.owners) from None


async def estimated(source: Source, texts: Sequence[str], options: Options) -> Estimate:
    """Return what embedding texts that are cut into pieces would consume; equal pieces count once."""
    assert options.chunking is not None  # who asks has looked
    pieces = await cut(source, texts, options.chunking)
    alone, read = pieces.texts, 0
    if options.on_long == "late":
        reader = reads_along(source)
        counts = pieces.counts(len(texts))
        alone = [text for text, count in zip(texts, counts, strict=True) if count == 1]
        long = [text for text, count in zip(texts, counts, strict=True) if count > 1]
        read = sum(reader.read_for(tokens, source.options) for tokens in await aside(partial(reader.count, long)))
    whole: Estimate = await aside(partial(source.generator.estimate, list(dict.fromkeys(alone)), source.options))  # type: ignore[attr-defined]  # who asks has looked
    return replace(whole, tokens=whole.tokens + read)


NO_TOKENS = "on_long='late' needs the vectors of tokens, which only a local model gives"


def reads_along(source: Source) -> ReadsAlong:
    """Return what gives the vectors of tokens; raise `ConfigError` where nothing does."""
    reader = source.beneath(ReadsAlong)  # type: ignore[type-abstract]  # a Protocol is what is looked for
    if reader is None:
        raise ConfigError(NO_TOKENS)
    return reader


async def as_parts(source: Source, texts: Sequence[str], clock: Clock) -> Rows:
    """Return a row for each of the texts that one document is made of, read with the others around it."""
    from vecsmith.vectors import Rows

    reader = reads_along(source)
    if source.identity is None:
        raise ConfigError(NO_TOKENS)
    document, starts = joined(texts)
    with clock.during("prepare"):
        offsets = await aside(partial(reader.offsets, document))
    spans = spans_of(offsets, starts, len(document))
    vectors, read, cached = await read_along(source, reader, document, spans, clock)
    tokens = [span.token_end - span.token_start for span in spans]
    tokens[0] += read - sum(tokens)  # the special tokens, the prompt, and what windows share
    usage = Usage() if cached else Usage(read, read)
    space = source.identity.space
    return Rows(vectors, tokens, [0] * len(texts), [cached] * len(texts), usage, space, space.model)


def joined(texts: Sequence[str]) -> tuple[str, list[int]]:
    """Return texts as one, with white space between any two, and where each begins."""
    parts, starts, place = [], [], 0
    for before, text in zip(["", *texts], texts, strict=False):
        gap = " " if before and not before[-1].isspace() and not text[:1].isspace() else ""
        starts.append(place + len(gap))
        parts += [gap, text]
        place += len(gap) + len(text)
    document = "".join(parts)
    prepare([document])  # refuses what is too long to be read
    return document, starts


def spans_of(offsets: Offsets, starts: Sequence[int], length: int) -> list[Span]:
    """Return the tokens of each part; raise `InputError` for a part that has none."""
    import numpy as np

    from vecsmith.chunking import Span

    firsts = [*np.searchsorted(offsets[:, 0], starts).tolist(), len(offsets)]
    ends = [*starts[1:], length]
    for index, (first, last) in enumerate(pairwise(firsts)):
        if first == last:
            raise InputError("it has no tokens, and so no vector among its neighbours: leave it out", index=index)
    return [Span(start, end, *tokens) for start, end, tokens in zip(starts, ends, pairwise(firsts), strict=True)]


async def late(source: Source, pieces: Pieces, texts: Sequence[str], clock: Clock) -> Rows:
    """Return the pieces' vectors read along with their texts; a text of one piece is embedded as ever."""
    import numpy as np

    reader = reads_along(source)
    counts = pieces.counts(len(texts))
    short = [place for place, count in enumerate(counts) if count == 1]
    try:
        rows = await source.rows([texts[place] for place in short], clock)
    except InputError as error:
        raise error.at(short) from None
    whole = iter(zip(rows.vectors, rows.tokens, rows.cached, strict=True))
    parts, tokens, cached, usage = [], [], [], rows.usage
    spans = iter(pieces.spans)
    for text, count in zip(texts, counts, strict=True):
        its = [next(spans) for _ in range(count)]
        if count == 1:
            vector, read, known = next(whole)
            vectors = vector[None]
        else:
            vectors, read, known = await read_along(source, reader, text, its, clock)
            usage += Usage() if known else Usage(read, read)
        parts.append(vectors)
        tokens += [read] + [0] * (count - 1)  # the text was read once, for all its chunks
        cached += [known] * count
    vectors = np.concatenate(parts) if parts else rows.vectors
    return replace(rows, vectors=vectors, tokens=tokens, dropped=[0] * len(tokens), cached=cached, usage=usage)


async def read_along(
    source: Source, reader: ReadsAlong, text: str, spans: Sequence[Span], clock: Clock
) -> tuple[Floats, int, bool]:
    """Return the vectors of a text's chunks, (chunks, width), the tokens read, and whether the cache had them."""
    import numpy as np

    ranges = [span[2:] for span in spans]
    if source.cache is None or source.identity is None:
        with clock.during("model"):
            return *await reader.pooled_late(text, ranges, source.options), False
    from vecsmith.cache import Entry
    from vecsmith.cache.key import Keys

    with clock.during("cache"):
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        keys = Keys({**source.identity.parts, "chunks": "late"}).keys(
            [f"{digest} {start} {end}" for start, end in ranges]
        )
        found = await aside(partial(source.cache.get, keys))
    known = [entry for entry in found if entry is not None]
    if len(known) == len(keys):
        raw = b"".join(entry.vector for entry in known)
        return np.frombuffer(raw, "<f4").reshape(len(keys), -1), known[0].tokens, True
    with clock.during("model"):
        vectors, read = await reader.pooled_late(text, ranges, source.options)
    with clock.during("cache"):
        entries = [Entry(row.astype("<f4").tobytes(), read, 0) for row in vectors]
        await aside(partial(source.cache.put, keys, entries))
    return vectors, read, False


def merged(rows: Rows, pieces: Pieces, texts: int, chunking: Chunking, *, normalizes: bool) -> Rows:
    """Make one row for each text of its pieces' rows; those of a model that normalises are of length one first."""
    from vecsmith.postprocess import combined, normalize

    vectors = normalize(rows.vectors) if normalizes else rows.vectors
    weights = [span.token_end - span.token_start for span in pieces.spans]
    return replace(per_text(rows, pieces, texts), vectors=combined(vectors, pieces.owners, weights, chunking.combine))


def per_text(rows: Rows, pieces: Pieces, texts: int) -> Rows:
    """Sum up what was read of each text."""
    tokens, dropped, cached = [0] * texts, [0] * texts, [True] * texts
    for row, owner in enumerate(pieces.owners):
        tokens[owner] += rows.tokens[row]
        dropped[owner] += rows.dropped[row]
        cached[owner] = cached[owner] and rows.cached[row]
    return replace(rows, tokens=tokens, dropped=dropped, cached=cached)
