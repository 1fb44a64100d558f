"""A store in a Parquet file, whose metadata has the record."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.errors import ConfigError, StoreError
from vecsmith.files.outputs import named, whole_file
from vecsmith.stores.contract import Entry, Record, Run
from vecsmith.stores.vectors import dtype_of, numbers_of
from vecsmith.stores.whole import WholeFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Parquet"]

KEY = b"vecsmith"
ROWS = 4096
"""Rows read at once."""


class Columns:
    """The form."""

    def __init__(self) -> None:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            raise ConfigError("Parquet needs pyarrow: pip install 'vecsmith[parquet]'") from None
        self.pa: Any = pa
        self.pq: Any = pq

    def record(self, path: Path) -> Record | None:
        """Return the record in the file's metadata; None where it is another's file."""
        with self.reading(path) as file:
            said = (file.schema_arrow.metadata or {}).get(KEY)
        return None if said is None else Record.from_json(said, str(path))

    @contextmanager
    def reading(self, path: Path) -> Iterator[Any]:
        """Open a file; raise `ConfigError` where it is no Parquet."""
        try:
            with self.pq.ParquetFile(path) as file:
                yield file
        except (OSError, ValueError) as error:  # pyarrow's own are of these
            raise ConfigError(f"{path} cannot be read as Parquet ({type(error).__name__}): make it anew") from None

    def runs(self, path: Path, record: Record) -> Iterator[Run]:
        """Yield the rows."""
        kind, width = dtype_of(record.stored.encoding), numbers_of(record.width, record.stored.encoding)
        with self.reading(path) as file:
            for batch in file.iter_batches(ROWS):
                vectors = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
                others = batch.drop_columns(["vector"]).to_pylist()
                yield Run([entry_of(row) for row in others], vectors.astype(kind, copy=False).reshape(-1, width))

    def schema(self, record: Record, *, numbered: bool) -> Any:
        """Return the columns; ids are whole numbers where those of the first rows are."""
        pa = self.pa
        number = pa.from_numpy_dtype(dtype_of(record.stored.encoding))
        columns = {
            "id": pa.int64() if numbered else pa.string(),
            "chunk": pa.int32(),
            "start_at": pa.int32(),
            "end_at": pa.int32(),
            "text": pa.string(),
            "fields": pa.string(),
            "content": pa.binary(),
            "vector": pa.list_(number, numbers_of(record.width, record.stored.encoding)),
        }
        return pa.schema(columns, metadata={KEY: record.to_json()})

    @contextmanager
    def writing(self, path: Path, record: Record) -> Iterator[Callable[[Run], None]]:
        """Give what writes a run."""
        writer: Any = None

        def write(run: Run) -> None:
            nonlocal writer
            numbered = all(isinstance(entry.id, int) for entry in run.entries)
            if writer is None:
                writer = self.pq.ParquetWriter(file, self.schema(record, numbered=numbered))
            with named(str(path)):
                writer.write_table(self.table(run, writer.schema, str(path)))

        with whole_file(path, str(path)) as file:
            try:
                yield write
            except BaseException:
                if writer is not None:  # else it tries when it is collected, where the file is closed
                    writer.is_open = False
                raise
            if writer is None:
                writer = self.pq.ParquetWriter(file, self.schema(record, numbered=False))
            with named(str(path)):
                writer.close()

    def table(self, run: Run, schema: Any, name: str) -> Any:
        """Return rows as a table."""
        pa, numbered = self.pa, schema.field("id").type == self.pa.int64()
        if numbered and not all(isinstance(entry.id, int) for entry in run.entries):
            raise StoreError(f"{name} cannot hold ids that are numbers and ids that are text: make all of them text")
        columns = list(zip(*(columns_of(entry, numbered=numbered) for entry in run.entries), strict=True))
        flat = pa.array(np.ascontiguousarray(run.vectors).reshape(-1))
        vectors = pa.FixedSizeListArray.from_arrays(flat, run.vectors.shape[1])
        arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=False)]
        return pa.Table.from_arrays([*arrays, vectors.cast(schema.field("vector").type)], schema=schema)


def columns_of(entry: Entry, *, numbered: bool) -> tuple[Any, ...]:
    """Return all columns of a row but the vector."""
    identity = entry.id if numbered else str(entry.id)
    fields = json.dumps(dict(entry.fields)) if entry.fields else None
    return identity, entry.chunk, entry.start, entry.end, entry.text, fields, entry.content


def entry_of(row: dict[str, Any]) -> Entry:
    """Return what the columns say of a row."""
    fields = json.loads(row["fields"]) if row["fields"] else {}
    return Entry(row["id"], row["text"], row["chunk"], row["start_at"], row["end_at"], fields, row["content"])


class Parquet(WholeFile):
    """A file."""

    def __init__(self, path: Path, *, make: bool) -> None:
        super().__init__(path, Columns(), make=make)
