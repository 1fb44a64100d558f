"""What ``--explain`` says: what became of each text, and of the call as a whole."""

from __future__ import annotations

from dataclasses import astuple, fields
from typing import TYPE_CHECKING

from vecsmith.cli.messages import counted, say
from vecsmith.cli.tables import columns
from vecsmith.types import Seconds, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vecsmith.types import EmbedResult, Item

__all__ = ["Explanation"]

SHOWN = 20
"""Texts that get a line; the others are counted."""

HEAD = ("ID", "TOKENS", "DROPPED", "REPLACED", "CHUNKS", "CACHED")


class Explanation:
    """Gathers what is worth telling from the parts of a run."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = []
        self.texts = self.vectors = self.cached = 0
        self.usage = Usage()
        self.seconds = Seconds()
        self.last: EmbedResult | None = None

    def add(self, ids: Sequence[str | int], part: EmbedResult) -> None:
        """Take in one part."""
        for identity, item in zip(ids[: SHOWN - len(self.rows)], part.items, strict=False):
            self.rows.append((str(identity), *told(item)))
        self.texts += len(part.items)
        self.vectors += len(part)
        self.cached += sum(part.items.cached)
        self.usage += part.usage
        self.seconds += part.seconds
        self.last = part

    def say(self) -> None:
        """Write it all to standard error."""
        for line in self.lines():
            say(line)

    def lines(self) -> Iterator[str]:
        """Yield a table of the first texts, then one of the call."""
        yield from columns([HEAD, *self.rows])
        if self.texts > len(self.rows):
            yield f"and {counted(self.texts - len(self.rows), 'more text')}"
        if self.last is None:
            return
        stored = self.last.stored
        width = f"{stored.space.dimensions} dimensions{', cut' if stored.space.cut else ''}"
        length = "length one" if stored.space.normalized else "not normalised"
        stages = zip(fields(Seconds), astuple(self.seconds), strict=True)
        yield ""
        yield from columns(
            [
                ("model", self.last.model),
                ("space", str(stored.space)),
                ("stored", f"{stored}: {stored.encoding}, {width}, {length}"),
                ("texts", f"{self.texts}, {self.cached} from the cache"),
                ("vectors", str(self.vectors)),
                ("tokens", str(self.usage.input_tokens)),
                ("seconds", ", ".join(f"{stage.name} {value:.3f}" for stage, value in stages)),
            ]
        )


def told(item: Item) -> tuple[str, ...]:
    """Return the cells of one text."""
    numbers = (item.tokens, item.dropped, item.replaced, item.chunks)
    return (*map(str, numbers), "yes" if item.cached else "no")
