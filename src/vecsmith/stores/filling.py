"""Rows into a store: those that are there already are passed over, the others embedded and written in runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError, InputError
from vecsmith.files import BadRow, Row
from vecsmith.stores.address import backend_of, is_database
from vecsmith.stores.contract import Entry, Record, Run
from vecsmith.stores.storable import DEEPEST, INTEGERS, storable
from vecsmith.vectors import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from vecsmith.options import CallOptions
    from vecsmith.stores.contract import Backend, Identity
    from vecsmith.sync import Embedder
    from vecsmith.types import EmbedResult

__all__ = ["Filled", "Filling", "filling", "stored"]

WINDOW = 1024
"""Rows that are looked up in the store at once."""

SPEAKING = ("task", "prompt", "title", "on_long", "clean", "chunking")
"""What a call asks for, beyond what makes a space, that changes the vectors of a text."""


@dataclass(slots=True)
class Filled:
    """What became of the rows of one call."""

    written: int = 0
    """Rows that were embedded and written."""
    skipped: int = 0
    """Rows that were there with the same content."""
    pruned: int = 0
    """Rows that were there, and are not among those of the call."""
    vectors: int = 0
    """Vectors written: of a row, or of each of its chunks."""
    tokens: int = 0
    bad: list[BadRow] = field(default_factory=list)
    """Rows that were set aside, and why."""


def record_of(embedder: Embedder, options: CallOptions) -> Record:
    """Return what a store is to say of the vectors that an embedder makes with these options."""
    asked = embedder.asked(options)
    made = embedder.embed_quietly([], asked)
    name = embedder.given_name or embedder.metadata.model
    return Record(made.stored, name, asked.dimensions, asked.normalize, asked.task, asked.calibration)


def settled(embedder: Embedder, options: CallOptions) -> CallOptions:
    """Return options with what a profile says, each in one spelling, to be read more than once."""
    wish = embedder.wished(options)
    clean = wish.get("clean") or ()
    steps: Any = (clean,) if isinstance(clean, str) else tuple(clean) if isinstance(clean, Iterable) else clean
    return {**wish, "clean": steps}


def made_of(embedder: Embedder, options: CallOptions) -> dict[str, Any]:
    """Return all that changes the vector of a text, except the space, as plain data."""
    asked = embedder.asked(options)
    identity = Source.of(embedder.generator, asked, None).identity
    parts = {} if identity is None else {name: part for name, part in identity.parts.items() if name != "address"}
    told = {**options, "on_long": asked.on_long, "chunking": asked.chunking}
    return {"model": parts, **{name: repr(told.get(name)) for name in SPEAKING}}


@dataclass(slots=True)
class Filling:
    """Rows on their way into a store."""

    backend: Backend
    embedder: Embedder
    options: CallOptions
    record: Record
    on_bad: Callable[[BadRow], None]
    keep_text: bool = True
    index: bool = False
    made: Mapping[str, Any] = field(default_factory=dict)
    """All that changes the vector of a text, except the space."""
    filled: Filled = field(default_factory=Filled)
    waiting: dict[int, Row] = field(default_factory=dict)
    contents: dict[int, bytes] = field(default_factory=dict)
    done: list[Identity] = field(default_factory=list)
    """The ids of the rows that were written last."""
    seen: set[int] = field(default_factory=set)
    """Hashes of the ids so far."""

    def run(self, rows: Iterable[Row]) -> Iterator[EmbedResult]:
        """Write all rows; yield what was embedded of them after each run is written.

        Raises `ConfigError` where the store has vectors of another space, before anything is embedded.
        """
        check(self.backend, self.record)
        self.backend.begin(self.record)
        for part in self.embedder.stream(self.texts(rows), on_bad=self.refused, **self.options):
            if part.stored != self.record.stored:
                raise ConfigError(f"the model changed meanwhile ({self.record.stored.difference(part.stored)})")
            done = {index: self.waiting.pop(index) for index in part.items.indexes}
            run = Run(list(self.entries(done, part)), part.vectors)
            if run.entries:
                self.backend.write(run)
            self.done = [row.id for row in done.values()]
            self.filled.written += len(done)
            self.filled.vectors += len(run.entries)
            self.filled.tokens += part.usage.input_tokens
            yield part
        self.backend.finish(index=self.index)

    def prune(self) -> None:
        """Remove what the store has besides the rows of `run`; those that were set aside stay as they were."""
        self.filled.pruned = self.backend.prune(self.given)

    def given(self, identity: Identity) -> bool:
        """Whether a row of that id is among those of the call."""
        if not self.seen:
            raise InputError("there is no row, and pruning would remove all that are there: check what is read")
        return mark_of(identity) in self.seen

    def texts(self, rows: Iterable[Row]) -> Iterator[str]:
        """Yield the texts that must be embedded, in order."""
        source, number = iter(self.usable(rows)), 0
        while window := list(islice(source, WINDOW)):
            contents = [self.content(row) for row in window]
            kept = self.backend.keep([row.id for row in window], contents)
            self.filled.skipped += len(kept)
            for row, content in zip(window, contents, strict=True):
                if row.id not in kept:
                    self.waiting[number], self.contents[number] = row, content
                    number += 1
                    yield row.text

    def usable(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows that a store can keep; the others are set aside."""
        for row in rows:
            if reason := self.unusable(row):
                self.refuse(BadRow(row.line, row.id, reason))
                continue
            try:
                kept = replace(row, fields=storable(dict(row.fields)))
            except RecursionError:
                reason = f"its columns are lists and mappings more than {DEEPEST} deep"
                self.refuse(BadRow(row.line, row.id, reason))
            else:
                yield kept

    def unusable(self, row: Row) -> str:
        """Say why a row cannot be kept; empty where it can."""
        if isinstance(row.id, int) and row.id not in INTEGERS:
            return "its id is a number of more than 64 bits"
        if isinstance(row.id, str) and row.id != storable(row.id):
            return "its id holds NUL or half a character, which no database keeps"
        mark = mark_of(row.id)
        if mark in self.seen:
            return "its id is that of a row before: give each row an id of its own"
        self.seen.add(mark)
        return ""

    def refused(self, index: int, error: InputError) -> None:
        """Set a row aside that cannot be embedded."""
        row = self.waiting.pop(index)
        del self.contents[index]
        self.refuse(BadRow(row.line, row.id, error.reason))

    def refuse(self, row: BadRow) -> None:
        """Set a row aside."""
        self.filled.bad.append(row)
        self.on_bad(row)

    def content(self, row: Row) -> bytes:
        """Return a hash over all that a row's vectors and columns are made of, except the space."""
        told = json.dumps([self.made, self.keep_text, row.text, row.fields], sort_keys=True)
        return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def entries(self, done: Mapping[int, Row], part: EmbedResult) -> Iterator[Entry]:
        """Yield what is kept beside each vector."""
        if not part.chunks:
            items = part.items
            for index, tokens, dropped in zip(items.indexes, items.tokens, items.dropped, strict=True):
                row, content = done[index], self.contents.pop(index)
                text = storable(row.text) if self.keep_text else None
                yield Entry(row.id, text, 0, None, None, row.fields, content, tokens, dropped)
            return
        before, number = -1, 0
        for chunk in part.chunks:
            before, number = chunk.item, number + 1 if chunk.item == before else 0
            row = done[chunk.item]
            whole = part.cleaned.get(chunk.item, row.text)
            text = storable(whole[chunk.start : chunk.end]) if self.keep_text else None
            content = self.contents[chunk.item]
            yield Entry(row.id, text, number, chunk.start, chunk.end, row.fields, content, chunk.tokens)
        for index in done:
            del self.contents[index]


def stored(
    embedder: Embedder,
    rows: Iterable[Any],
    to: str | Path,
    options: CallOptions,
    ids: Iterable[Identity] | None,
    *,
    table: str | None,
    keep_text: bool,
    index: bool,
    prune: bool,
) -> Filled:
    """Embed rows and keep them; `Embedder.store` says what the arguments do."""
    with filling(embedder, to, options, table=table, keep_text=keep_text, index=index) as work:
        for _ in work.run(rows_of(rows, ids)):
            pass
        if prune:
            work.prune()
    return work.filled


@contextmanager
def filling(
    embedder: Embedder,
    to: str | Path,
    options: CallOptions,
    *,
    table: str | None = None,
    keep_text: bool = True,
    index: bool = False,
    on_bad: Callable[[BadRow], None] = lambda _: None,
) -> Iterator[Filling]:
    """Open a store to be written, and close it when the block ends."""
    if index and not is_database(str(to)):
        raise ConfigError("an index is made in Postgres alone, other stores are searched row by row: leave it away")
    options = settled(embedder, options)
    record, made = record_of(embedder, options), made_of(embedder, options)
    backend = backend_of(to, table, make=True)
    try:
        yield Filling(backend, embedder, options, record, on_bad, keep_text=keep_text, index=index, made=made)
    finally:
        backend.close()


def mark_of(identity: Identity) -> int:
    """Return what is remembered of an id; a database has one type for texts and numbers."""
    return hash(str(identity))


def check(backend: Backend, record: Record) -> None:
    """Refuse a store of another space, or form of it; and one whose rows stay and are searched by other queries."""
    there = backend.record()
    if there is not None and backend.lasting and there.query_task != record.query_task:
        raise ConfigError(
            f"{backend.name} holds vectors made for {there.task}, whose queries are not those of {record.task}: name "
            "the same task, or write to another place"
        )
    if there is not None and (difference := there.difference(record)):
        raise ConfigError(
            f"{backend.name} holds vectors that cannot be compared with these ({difference}): use the model and the "
            f"options that it was made with ({there.model}), or write to another place"
        )


def rows_of(rows: Iterable[Any], ids: Iterable[Identity] | None = None) -> Iterator[Row]:
    """Take rows as a caller has them: texts, (id, text) pairs, or mappings with ``text``, ``id`` and other columns."""
    if ids is None:
        yield from (row_of(row, number, number) for number, row in enumerate(rows))
        return
    names = iter(ids)
    for number, row in enumerate(rows):
        if (identity := next(names, None)) is None:
            raise InputError(f"there are more texts than the {number} ids: give each text one")
        yield row_of(row, identity, number)
    if next(names, None) is not None:
        raise InputError("there are more ids than texts: give each text one")


def row_of(row: Any, identity: Identity, number: int) -> Row:
    """Take one row; raise `InputError` for what is none."""
    match row:
        case Row():
            return row
        case str():
            return Row(identity, row, number + 1)
        case (str() | int() as first, str() as text):
            return Row(first, text, number + 1)
        case {"text": str() as text, **columns}:
            others = {str(name): value for name, value in columns.items()}
            own: Any = others.pop("id", identity)
            if not isinstance(own, str | int) or isinstance(own, bool):
                raise InputError("its id is neither a string nor a whole number", index=number)
            return Row(own, text, number + 1, others)
        case _:
            raise InputError("it is no text, no (id, text), and no mapping with 'text'", index=number)
