"""What a store is: rows of texts and vectors under ids, and a record of the space that the vectors are of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

import numpy as np

from vecsmith.encodings import Calibration
from vecsmith.errors import ConfigError, damaged
from vecsmith.space import StoredForm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from vecsmith.stores.conditions import Conditions
    from vecsmith.types import Floats

__all__ = ["VERSION", "Backend", "Entry", "Identity", "Near", "Record", "Run"]

VERSION = 1

PAIRED = {"retrieval_document": "retrieval_query"}
"""What a query is embedded for, by what the rows were; else for the same."""

Identity = str | int
"""What a row is called: unique in a store."""


@dataclass(frozen=True, slots=True)
class Record:
    """What a store says of its vectors, kept beside them."""

    stored: StoredForm
    model: str
    """The name that the model was asked for by; a folder's is its whole path."""
    dimensions: int | None = None
    """What the call that made it asked for; None for the model's own."""
    normalize: bool | None = None
    task: str | None = None
    """What the rows were embedded for."""
    calibration: Calibration | None = None

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return self.stored.space.dimensions

    @property
    def query_task(self) -> str:
        """What a query is embedded for: the counterpart of what the rows were."""
        return PAIRED.get(self.task or "", self.task) or "retrieval_query"

    def difference(self, other: Record) -> str:
        """Say in words why vectors of `other` do not belong here; empty where they do."""
        return self.stored.difference(other.stored)

    def to_json(self) -> str:
        """Return it as one line of JSON."""
        ranges = None
        if self.calibration is not None:
            ranges = {"low": self.calibration.low.tolist(), "high": self.calibration.high.tolist()}
        return json.dumps(
            {
                "vecsmith_store": VERSION,
                "model": self.model,
                "dimensions": self.dimensions,
                "normalize": self.normalize,
                "task": self.task,
                "space": str(self.stored.space),
                "stored": self.stored.to_dict(),
                "calibration": ranges,
            }
        )

    @classmethod
    def from_json(cls, raw: str | bytes, name: str) -> Self:
        """Read what `to_json` gave; raise `ConfigError`, naming the store, for anything else."""
        with damaged(f"the record of {name}"):
            told: dict[str, Any] = json.loads(raw)
            if told["vecsmith_store"] != VERSION:
                raise ConfigError(f"{name} was written by another version of vecsmith: use that one, or another name")
            ranges = told["calibration"]
            calibration = None
            if ranges is not None:
                calibration = Calibration(*(np.array(ranges[side], np.float32) for side in ("low", "high")))
            return cls(
                StoredForm.from_dict(told["stored"]),
                str(told["model"]),
                told["dimensions"],
                told["normalize"],
                told["task"],
                calibration,
            )


NOTHING: Mapping[str, Any] = MappingProxyType({})


class Entry(NamedTuple):
    """What a row holds beside its vector."""

    id: Identity
    """Of the text; its chunks share it."""
    text: str | None = None
    """The text, or the chunk of it that the vector is of; None where texts are not kept."""
    chunk: int = 0
    """Which chunk of its text it is."""
    start: int | None = None
    """The chunk's first character in the text; None where the text was not cut into chunks."""
    end: int | None = None
    fields: Mapping[str, Any] = NOTHING
    """The other columns of its row."""
    content: bytes = b""
    """A hash over all that the text's rows were made of: where it is the same, so are they."""
    tokens: int = 0
    """Tokens that the model read of it; 0 where the store does not keep that."""
    dropped: int = 0
    """Tokens that were cut off."""


@dataclass(frozen=True, slots=True)
class Run:
    """Some rows with their vectors; all chunks of a text are in one run, side by side."""

    entries: Sequence[Entry]
    vectors: NDArray[Any]
    """(rows, width), in the store's encoding; packed bits (rows, width / 8)."""


@dataclass(frozen=True, slots=True)
class Near:
    """A row that was found, and how near it is."""

    entry: Entry
    score: float
    """The cosine of its vector and the query's; with packed bits, of its signs and the query."""


class Backend(Protocol):
    """One kind of place for vectors; all of it may raise `StoreError` or `ConfigError`.

    A run of `write` is there whole or not at all. What writes is used by one thread.
    """

    name: str
    """What it is called in messages: without a password."""
    lasting: bool
    """Whether rows that are not written again stay; otherwise what is there is replaced when writing ends."""

    def record(self) -> Record | None:
        """Return what it says of its vectors; None where it is not there yet."""
        ...

    def begin(self, record: Record) -> None:
        """Make it ready for vectors of that record, whose agreement with what is there was checked."""
        ...

    def keep(self, ids: Sequence[Identity], contents: Sequence[bytes]) -> set[Identity]:
        """Return those ids whose rows are there with the same content, and keep these rows."""
        ...

    def write(self, run: Run) -> None:
        """Write rows; those of the same ids that are there are replaced."""
        ...

    def finish(self, *, index: bool) -> None:
        """End the writing well, and make an index where one is wanted and can be.

        Without it a file that is written anew stays as it was.
        """
        ...

    def prune(self, stays: Callable[[Identity], bool]) -> int:
        """Remove the rows of all ids but those that stay, at once; return how many ids they were.

        A file that is written anew has none to remove.
        """
        ...

    def count(self) -> int:
        """Return the number of rows."""
        ...

    def scan(self) -> Iterator[Run]:
        """Yield all rows, in runs."""
        ...

    def nearest(
        self, queries: Floats, k: int, conditions: Conditions, *, exact: bool, oversample: int
    ) -> list[list[Near]]:
        """Return the `k` rows nearest to each query (n, width), nearest first, of those that the conditions allow."""
        ...

    def close(self) -> None:
        """Let go of it; what was not finished is given up."""
        ...
