"""Texts cut to the tokens that a request wants read of each, by the model's own tokenizer."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError, InputError
from vecsmith.portal import aside
from vecsmith.prepare import prepare
from vecsmith.providers import Reads
from vecsmith.server.menu import beneath

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.server.menu import Served
    from vecsmith.types import EmbedResult, OnLong

__all__ = ["also_dropped", "shortened"]


async def shortened(served: Served, texts: Sequence[str], most: int, on_long: OnLong) -> tuple[list[str], list[int]]:
    """Return texts of at most so many tokens, special tokens aside, and how many were cut off each.

    The beginning is kept unless `on_long` keeps the end. Raises `InputError` where it is ``error`` and a text is
    longer, and `ConfigError` where the model's tokenizer is not at hand.
    """
    reader = beneath(served.embedder.generator, Reads)
    if reader is None:
        raise ConfigError("max_tokens needs the model's own tokenizer, which is not here: leave it out")
    return await aside(partial(cut, reader, texts, most, on_long))


def cut(reader: Reads, texts: Sequence[str], most: int, on_long: OnLong) -> tuple[list[str], list[int]]:
    """Do so in a thread, because it takes as long as tokenising does."""
    readable = prepare(texts).texts
    dropped = [max(0, count - most) for count in reader.count(readable)]
    for place, more in enumerate(dropped):
        if more and on_long == "error":
            raise InputError(f"it has {most + more} tokens, and max_tokens allows {most}: shorten it", index=place)
        if more:
            offsets = reader.offsets(readable[place])
            start, end = (offsets[more][0], None) if on_long == "truncate_start" else (None, offsets[most - 1][1])
            readable[place] = readable[place][start:end]
    return readable, dropped


def also_dropped(result: EmbedResult, dropped: Sequence[int]) -> EmbedResult:
    """Return a result that tells of tokens cut off before, too."""
    total = [sum(each) for each in zip(result.items.dropped, dropped, strict=True)]
    return replace(result, items=replace(result.items, dropped=total))
