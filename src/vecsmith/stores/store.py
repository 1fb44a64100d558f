"""A store as a person meets it: opened by its place, searched by a text."""

from __future__ import annotations

from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from vecsmith.encodings import decode, encoding_of
from vecsmith.errors import ConfigError, InputError
from vecsmith.stores.address import backend_of
from vecsmith.stores.conditions import conditions_of
from vecsmith.tasks import task_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import ArrayLike

    from vecsmith.options import CallOptions
    from vecsmith.space import Space
    from vecsmith.stores.conditions import Where
    from vecsmith.stores.contract import Backend, Entry, Identity, Near, Record, Run
    from vecsmith.sync import Embedder
    from vecsmith.types import Floats

__all__ = ["Hit", "Store"]

OVERSAMPLE = 4


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that a search found."""

    id: Identity
    score: float
    """The cosine of its vector and the query's."""
    text: str | None
    """The text, or the chunk of it that was found; None where texts were not kept."""
    chunk: int
    """Which chunk of its text it is; 0 where texts are not cut."""
    start: int | None
    """The chunk's first character in its text; None where texts are not cut."""
    end: int | None
    fields: Mapping[str, Any]
    """The other columns of its row."""

    @classmethod
    def of(cls, near: Near) -> Self:
        """Take what a backend found."""
        entry = near.entry
        return cls(entry.id, near.score, entry.text, entry.chunk, entry.start, entry.end, entry.fields)


class Store:
    """Texts and their vectors, which `Embedder.store` or ``vecsmith embed --output`` wrote; a context manager.

    Any threads may use it together: their queries are embedded side by side, and looked up one after another.

    Args:
        place: An SQLite, Parquet, npy or JSON lines file, or ``postgresql://…``.
        table: The table, of SQLite and Postgres; None for ``embeddings``.

    Raises `ConfigError` where there is no such store.
    """

    def __init__(self, place: str | Path, *, table: str | None = None) -> None:
        self._backend: Backend = backend_of(place, table, make=False)
        self._lock = RLock()
        """Held by who uses the backend: two threads in one connection wait for each other for ever, or mix."""
        self._own: Embedder | None = None
        self._checked: Embedder | None = None
        """The embedder that was found to be of the store's space last."""
        record = self._backend.record()
        if record is None:
            name = self._backend.name
            self._backend.close()
            raise ConfigError(f"{name} has no vectors of vecsmith: name another, or write there by vecsmith embed")
        self._record: Record = record

    @property
    def space(self) -> Space:
        """The space of its vectors."""
        return self._record.stored.space

    @property
    def model(self) -> str:
        """The name of the model that made them."""
        return self._record.model

    @property
    def record(self) -> Record:
        """All that the store says of its vectors."""
        return self._record

    def __len__(self) -> int:
        with self._lock:
            return self._backend.count()

    def rows(self) -> Iterator[Run]:
        """Yield all rows with their vectors, in runs."""
        runs = self._backend.scan()
        while True:
            with self._lock:
                run = next(runs, None)
            if run is None:
                return
            yield run

    def everything(self) -> tuple[list[Entry], Floats]:
        """Return all rows, and the float32 numbers that their vectors stand for, (rows, width)."""
        entries: list[Entry] = []
        parts = [np.empty((0, self._record.width), np.float32)]
        for run in self.rows():
            entries += run.entries
            parts.append(decode(run.vectors, encoding_of(self._record.stored.encoding), self._record.calibration))
        return entries, np.concatenate(parts)

    def search(
        self,
        query: str | ArrayLike,
        k: int = 10,
        *,
        where: Where | None = None,
        embedder: Embedder | None = None,
        task: str | None = None,
        prompt: str | None = None,
        exact: bool = False,
        oversample: int = OVERSAMPLE,
    ) -> list[Hit]:
        """Return the `k` rows nearest to a query, nearest first.

        Args:
            query: A text; or its vector (width,), of the store's space: a result of vecsmith is checked.
            k: How many; fewer where there are fewer.
            where: Only rows whose columns are so: ``{"lang": "en", "year": [2023, 2024]}``, or ``["year>=2023"]``.
            embedder: With what a text is embedded; None for the model that the store names, which is opened once.
            task: What the query is embedded for; None for the counterpart of what the rows were embedded for.
            prompt: What stands before the query, whatever the task.
            exact: Whether to look at every row also where the store has an index.
            oversample: Where vectors are packed bits: how many times `k` are found by their signs, and put in order.
        """
        vector = self.vector(query, embedder, task, prompt) if isinstance(query, str) else self.given(query)
        found = self.nearest(vector[None], k, where=where, exact=exact, oversample=oversample)
        return found[0]

    def nearest(
        self,
        queries: Floats,
        k: int = 10,
        *,
        where: Where | None = None,
        exact: bool = False,
        oversample: int = OVERSAMPLE,
    ) -> list[list[Hit]]:
        """Return the `k` rows nearest to each of several vectors (n, width) of the store's space."""
        for name, number in (("k", k), ("oversample", oversample)):
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                raise InputError(f"{name} must be a whole number from 1 up, not {number!r}")
        conditions = conditions_of(where)
        with self._lock:
            found = self._backend.nearest(queries, k, conditions, exact=exact, oversample=oversample)
        return [[Hit.of(near) for near in each] for each in found]

    def vector(self, text: str, embedder: Embedder | None, task: str | None, prompt: str | None) -> Floats:
        """Return the vector of a query, (width,), in the store's space."""
        record, chosen = self._record, embedder or self.embedder
        wish: CallOptions = {
            "task": task_of(task) if task else record.query_task,
            "prompt": prompt,
            "dimensions": record.dimensions,
            "normalize": record.normalize,
        }
        if chosen is not self._checked:  # before a service is sent the text
            self.check(chosen.embed([], **wish).space)
            self._checked = chosen
        result = chosen.embed(text, **wish)
        self.check(result.space)
        found: Floats = result.vector
        return found

    def given(self, query: ArrayLike) -> Floats:
        """Check a vector that the caller has."""
        if (space := getattr(query, "space", None)) is not None:
            self.check(space)
        vector = np.asarray(query, np.float32)
        vector = vector[0] if vector.ndim == 2 and len(vector) == 1 else vector  # noqa: PLR2004 (one row)
        if vector.shape != (self._record.width,) or not np.isfinite(vector).all():
            raise InputError(f"the query must be a text, or one vector of {self._record.width} finite numbers")
        return vector

    def check(self, space: Space) -> None:
        """Refuse a query of another space."""
        if space != self.space:
            raise ConfigError(
                f"{self._backend.name} holds vectors of another space ({self.space.difference(space)}): embed "
                f"the query with the model that made them ({self.model})"
            )

    @property
    def embedder(self) -> Embedder:
        """The model that the store names, opened at first use."""
        with self._lock:
            if self._own is None:
                from vecsmith.sync import Embedder

                self._own = Embedder(self._record.model)
            return self._own

    def close(self) -> None:
        """Close the store, and the model that it opened."""
        self._backend.close()
        if self._own is not None:
            self._own.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
