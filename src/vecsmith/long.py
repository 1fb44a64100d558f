"""Long texts: cut into pieces that the model reads, and the pieces' vectors made into rows again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError, InputError
from vecsmith.portal import aside
from vecsmith.providers import Reads, ReadsAlong
from vecsmith.types import Chunk, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.chunking import Chunking, Span
    from vecsmith.clock import Clock
    from vecsmith.options import Options
    from vecsmith.vectors import Rows, Source

__all__ = ["Pieces", "cut", "merged", "per_text", "piecewise"]


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
    reader = source.beneath(Reads)  # type: ignore[type-abstract]
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
        reasons = {pieces.owners[e.index]: e.reason for e in (error, *error.others) if e.index is not None}
        if not reasons:
            raise
        first, *others = (InputError(reason, index=owner) for owner, reason in sorted(reasons.items()))
        raise InputError(first.reason, index=first.index, others=others) from None


async def late(source: Source, pieces: Pieces, texts: Sequence[str], clock: Clock) -> Rows:
    """Return the pieces' vectors read along with their texts; a text of one piece is embedded as ever."""
    import numpy as np

    reader = source.beneath(ReadsAlong)  # type: ignore[type-abstract]
    if reader is None:
        raise ConfigError("on_long='late' needs the vectors of tokens, which only a local model gives")
    counts = pieces.counts(len(texts))
    rows = await source.rows([text for text, count in zip(texts, counts, strict=True) if count == 1], clock)
    whole = iter(rows.vectors)
    parts, begun = [], 0
    for text, count in zip(texts, counts, strict=True):
        if count == 1:
            parts.append(next(whole)[None])
        else:
            spans = [span[2:] for span in pieces.spans[begun : begun + count]]
            with clock.during("model"):
                parts.append(await reader.pooled_late(text, spans, source.options))
        begun += count
    tokens = [span.token_end - span.token_start for span in pieces.spans]
    read = sum(tokens)
    vectors = np.concatenate(parts) if parts else rows.vectors
    nothing = [0] * len(tokens)
    usage = Usage(read, read)
    return replace(rows, vectors=vectors, tokens=tokens, dropped=nothing, cached=[False] * len(tokens), usage=usage)


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
