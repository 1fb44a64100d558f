"""The vectors of texts: those that the cache has, and the others from the generator, each made once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from vecsmith.errors import ConfigError, InputError, ModelError
from vecsmith.flights import flights
from vecsmith.portal import aside, look
from vecsmith.providers import GenerationOptions
from vecsmith.space import Space
from vecsmith.types import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from vecsmith.cache import Cache, Entry
    from vecsmith.clock import Clock
    from vecsmith.options import Options
    from vecsmith.providers import Generates, Identity
    from vecsmith.types import Floats

__all__ = ["Rows", "Source"]

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds to wait for what another call computes, before computing it again."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Vectors as they come from the generator or the cache, a row for each text."""

    vectors: Floats
    tokens: Sequence[int]
    dropped: Sequence[int]
    cached: Sequence[bool]
    usage: Usage
    space: Space
    model: str


class Refused(Exception):  # noqa: N818 (it never leaves this module)
    """Some of the texts that the generator was asked for cannot be embedded."""

    def __init__(self, error: InputError, texts: Sequence[str]) -> None:
        super().__init__(error)
        self.error = error
        self.texts = texts


@dataclass(frozen=True, slots=True)
class Source:
    """Where the vectors of one call come from."""

    generator: Generates
    options: GenerationOptions
    """What is left to the generator."""
    identity: Identity | None
    """What it is, if it says so; its vectors are then its own, of full width, not normalised."""
    cache: Cache | None

    @classmethod
    def of(cls, generator: Generates, options: Options, cache: Cache | None) -> Source:
        """Ask a generator that says what it is for its own vectors, and any other for finished ones."""
        asked = GenerationOptions(
            dimensions=options.dimensions,
            normalize=options.normalize,
            on_long="truncate" if options.chunking else options.on_long,
            prompt=options.prompt,
            task=options.task,
            title=options.title,
            lane=options.lane,
        )
        return cls.asked(generator, asked, cache)

    @classmethod
    def asked(cls, generator: Generates, asked: GenerationOptions, cache: Cache | None) -> Source:
        """Do the same for what is asked of a generator itself."""
        from vecsmith.postprocess import check_dimensions

        identify = getattr(generator, "identity", None)  # Python compares slowly with the protocol `Identifies`
        if identify is None:
            if cache is not None:
                raise ConfigError("this generator does not say what it is, so its vectors cannot be cached")
            return cls(generator, asked, None, None)
        asked = replace(asked, normalize=False)
        identity: Identity = identify(asked)
        if not identity.cuts:
            check_dimensions(asked.dimensions, identity.space.dimensions)
            asked = asked if asked.dimensions is None else replace(asked, dimensions=None)
        return cls(generator, asked, identity, cache)

    def beneath(self, kind: type[T]) -> T | None:
        """Return what lies beneath the generator, if it is a `kind`."""
        if isinstance(self.generator, kind):
            return self.generator
        service = getattr(self.generator, "get_service", None)
        return service(kind) if service else None

    async def rows(self, texts: Sequence[str], clock: Clock) -> Rows:
        """Return the vectors of texts, in order; equal texts are embedded once.

        Raises `InputError` with the index of a text that cannot be embedded.
        """
        if self.identity is None:
            with clock.during("model"):
                return await self.generated(texts)
        if self.cache is not None:
            return await self.recalled(texts, self.cache, self.identity, clock)
        with clock.during("model"):
            return await self.distinct(texts)

    async def generated(self, texts: Sequence[str]) -> Rows:
        """Ask the generator."""
        made = await self.generator.generate(texts, self.options)
        shape, count = made.vectors.shape, len(texts)
        tokens, dropped = ([0] * count if told is None else told for told in (made.tokens, made.dropped))
        if len(shape) != 2 or not shape[0] == len(tokens) == len(dropped) == count:  # noqa: PLR2004 (rows and columns)
            raise ModelError(f"{made.model} answered {count} texts with vectors of shape {shape}: it is out of order")
        space = made.space or Space(made.model, None, "unknown", "none", shape[1], cut=False, normalized=False)
        return Rows(made.vectors, tokens, dropped, [False] * count, made.usage, space, made.model)

    async def distinct(self, texts: Sequence[str]) -> Rows:
        """Ask the generator for each different text once."""
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        if len(places) == len(texts):
            return await self.generated(texts)
        try:
            rows = await self.generated(list(places))
        except InputError as error:
            raise error.moved(standing(texts, list(places))) from None
        order = [places[text] for text in texts]
        return Rows(
            rows.vectors[order],
            [rows.tokens[place] for place in order],
            [rows.dropped[place] for place in order],
            [False] * len(order),
            rows.usage,
            rows.space,
            rows.model,
        )

    async def recalled(self, texts: Sequence[str], cache: Cache, identity: Identity, clock: Clock) -> Rows:
        """Take from the cache what it has, and put there what it had not."""
        import numpy as np

        from vecsmith.cache.key import Keys

        with clock.during("cache"):
            keys = Keys(identity.parts).keys(texts)
            found = await aside(partial(cache.get, keys))
        known = {key: entry for key, entry in zip(keys, found, strict=True) if entry and self.usable(entry)}
        cached = [key in known for key in keys] if len(known) < len(keys) else [True] * len(keys)
        lacking = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        usage = Usage()
        if lacking:
            try:
                made, usage = await self.produced(lacking, cache, clock)
            except Refused as refused:
                raise refused.error.moved(standing(texts, refused.texts)) from None
            known |= made
        entries = [known[key] for key in keys]
        raw = b"".join([entry.vector for entry in entries])
        width = len(entries[0].vector) // 4 if entries else identity.space.dimensions
        vectors = np.frombuffer(raw, "<f4").reshape(len(entries), width)
        tokens, dropped = [entry.tokens for entry in entries], [entry.dropped for entry in entries]
        return Rows(vectors, tokens, dropped, cached, usage, identity.space, identity.space.model)

    def usable(self, entry: Entry) -> bool:
        """Whether an entry answers this call: a cut text does not where cutting is an error."""
        return not (entry.dropped and self.options.on_long == "error")

    async def produced(
        self, lacking: Mapping[bytes, str], cache: Cache, clock: Clock
    ) -> tuple[dict[bytes, Entry], Usage]:
        """Return an entry for each key, of this call's making or of another's that is at it already."""
        ours, theirs = flights.claim(cache, lacking)
        made, usage = await self.made({key: lacking[key] for key in ours}, cache, clock) if ours else ({}, Usage())
        left = {}
        for key, future in theirs.items():
            try:
                with clock.during("model"):
                    entry = await look(future, PATIENCE)
            except LookupError:  # the other call failed, which says nothing of this one
                left[key] = lacking[key]
            else:
                if self.usable(entry):
                    made[key] = entry
                else:
                    left[key] = lacking[key]
        if left:
            more, further = await self.made(left, cache, clock)
            made, usage = made | more, usage + further
        return made, usage

    async def made(self, lacking: Mapping[bytes, str], cache: Cache, clock: Clock) -> tuple[dict[bytes, Entry], Usage]:
        """Ask the generator for what is lacking, tell those who wait for it, and keep it."""
        from vecsmith.cache import Entry
        from vecsmith.postprocess import check

        keys = list(lacking)
        try:
            with clock.during("model"):
                rows = await self.generated(list(lacking.values()))
            check(rows.vectors)  # before anything wrong is kept
            entries = [
                Entry(vector.astype("<f4", copy=False).tobytes(), tokens, dropped)
                for vector, tokens, dropped in zip(rows.vectors, rows.tokens, rows.dropped, strict=True)
            ]
        except InputError as error:
            flights.crash(cache, keys)
            raise Refused(error, list(lacking.values())) from None
        except BaseException:
            flights.crash(cache, keys)
            raise
        flights.land(cache, keys, entries)
        with clock.during("cache"):
            await aside(partial(cache.put, keys, entries))
        return dict(zip(keys, entries, strict=True)), rows.usage


def standing(texts: Sequence[str], asked: Sequence[str]) -> Callable[[int], list[int]]:
    """Return what finds the places in `texts` of what stands at a place in `asked`."""
    return lambda index: [place for place, text in enumerate(texts) if text == asked[index]]
