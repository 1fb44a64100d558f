"""The road from texts to vectors: the stages in order, and the only module that knows all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from vecsmith.clock import Clock
from vecsmith.errors import InputError
from vecsmith.long import as_parts, cut, merged, per_text, piecewise
from vecsmith.matryoshka import in_words
from vecsmith.prepare import prepare
from vecsmith.space import StoredForm
from vecsmith.types import EmbedResult, Items
from vecsmith.vectors import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.cache import Cache
    from vecsmith.long import Pieces
    from vecsmith.options import Options
    from vecsmith.prepare import Prepared
    from vecsmith.providers import Generates, Identity
    from vecsmith.types import Floats
    from vecsmith.vectors import Rows
    from vecsmith.windows import Window

__all__ = ["Passed", "read_together", "through"]


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of a window."""

    result: EmbedResult
    bad: list[InputError]


async def through(
    generator: Generates, window: Window, options: Options, cache: Cache | None = None, *, skip: bool = False
) -> Passed:
    """Send one window along the road.

    With `skip`, inputs that cannot be embedded are left out and returned beside the result; else the first raises.
    """
    source = Source.of(generator, options, cache)
    texts, indexes = window.texts, list(range(window.start, window.start + len(window.texts)))
    bad: list[InputError] = []
    while True:
        try:
            result = await embedded(source, texts, indexes, options)
        except InputError as error:
            there = error.at(indexes)
            if not skip or there.index is None:
                raise there from None
            refused = (there, *there.others)
            bad += refused
            gone = {e.index for e in refused}
            texts = [text for text, index in zip(texts, indexes, strict=True) if index not in gone]
            indexes = [index for index in indexes if index not in gone]
        else:
            return Passed(result, sorted(bad, key=lambda e: e.index or 0))


async def embedded(source: Source, texts: Sequence[str], indexes: Sequence[int], options: Options) -> EmbedResult:
    """Return what becomes of texts whose places among the inputs are `indexes`."""
    clock = Clock()
    with clock.during("prepare"):
        prepared = prepare(texts, options.clean)
        pieces = await cut(source, prepared.texts, options.chunking) if options.chunking else None
    rows = await vectors_of(source, prepared.texts, pieces, options, clock)
    with clock.during("finish"):
        vectors, stored = finished(rows, options, source.identity)
    cleaned = {indexes[place]: text for place, text in prepared.cleaned.items()}
    items = items_of(rows, prepared, pieces, indexes)
    chunks = pieces.chunks(indexes) if pieces and options.on_long != "mean" else ()
    notes = notes_on(options, source.identity)
    return EmbedResult(vectors, items, rows.usage, stored, rows.model, chunks, cleaned, clock.seconds, notes)


async def read_together(
    generator: Generates, texts: Sequence[str], options: Options, cache: Cache | None = None
) -> EmbedResult:
    """Return a vector for each text, read as a part of the document that all of them make up (late chunking).

    Raises `ConfigError` where the generator gives no vectors of tokens, and `InputError` for a text that has none.
    """
    clock, source = Clock(), Source.of(generator, options, cache)
    with clock.during("prepare"):
        prepared = prepare(texts, options.clean)
    rows = await as_parts(source, prepared.texts, clock)
    with clock.during("finish"):
        vectors, stored = finished(rows, options, source.identity)
    items = items_of(rows, prepared, None, range(len(texts)))
    return EmbedResult(vectors, items, rows.usage, stored, rows.model, seconds=clock.seconds)


async def vectors_of(
    source: Source, texts: Sequence[str], pieces: Pieces | None, options: Options, clock: Clock
) -> Rows:
    """Return a row for each text, or for each piece where every piece is wanted."""
    if pieces is None or options.chunking is None:
        return await source.rows(texts, clock)
    rows = await piecewise(source, pieces, texts, options, clock)
    if options.on_long != "mean":
        return rows
    with clock.during("finish"):
        unit = source.identity is not None and source.identity.normalizes
        return merged(rows, pieces, len(texts), options.chunking, normalizes=unit)


def finished(rows: Rows, options: Options, identity: Identity | None) -> tuple[Floats, StoredForm]:
    """Cut, normalise and check, then encode; and say what came of it."""
    from vecsmith.encodings import encode
    from vecsmith.postprocess import check, finish

    vectors, space = rows.vectors, rows.space
    if identity is None:
        check(vectors)
    else:
        normalized = identity.normalizes if options.normalize is None else options.normalize
        vectors = finish(vectors, dimensions=options.dimensions, normalize=normalized)
        width, native = vectors.shape[1], identity.space.dimensions or vectors.shape[1]
        space = replace(space, dimensions=width, cut=width != native, normalized=normalized)
    calibration = None if options.calibration is None else options.calibration.id
    return encode(vectors, options.encoding, options.calibration), StoredForm(space, options.encoding, calibration)


def items_of(rows: Rows, prepared: Prepared, pieces: Pieces | None, indexes: Sequence[int]) -> Items:
    """Say of each input what became of it."""
    count = len(indexes)
    if pieces is not None and len(rows.tokens) != count:
        rows = per_text(rows, pieces, count)
    chunks = [1] * count if pieces is None else pieces.counts(count)
    now = datetime.now(UTC)
    return Items(indexes, rows.tokens, rows.dropped, prepared.replaced, chunks, rows.cached, rows.model, now)


def notes_on(options: Options, identity: Identity | None) -> tuple[str, ...]:
    """Say what the caller may not know of the vectors asked for."""
    width = options.dimensions
    if identity is None or identity.cuts or width in {None, identity.space.dimensions, *identity.sizes}:
        return ()
    sizes = f"it was for {in_words(identity.sizes)}" if identity.sizes else "it has one width"
    return (f"{identity.space.model} was not trained to be cut to {width} dimensions, which costs accuracy: {sizes}",)
