"""A store in a file of JSON lines: a row a line, as ``vecsmith embed`` prints them, with text and columns."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from vecsmith.errors import damaged
from vecsmith.files import open_sink
from vecsmith.stores.beside import entry_of, read_record, told_of, write_record
from vecsmith.stores.contract import Record, Run
from vecsmith.stores.vectors import dtype_of
from vecsmith.stores.whole import WholeFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["JSONL"]

LINES = 1024
"""Lines read at once."""


class Lines:
    """The form."""

    def record(self, path: Path) -> Record | None:
        """Return the record beside the file."""
        return read_record(path)

    def runs(self, path: Path, record: Record) -> Iterator[Run]:
        """Yield the rows."""
        import orjson

        kind = dtype_of(record.stored.encoding)
        with path.open("rb") as file:
            while lines := list(islice(file, LINES)):
                with damaged(str(path)):
                    told = [orjson.loads(line) for line in lines]
                    run = Run([entry_of(each) for each in told], np.array([each["embedding"] for each in told], kind))
                yield run

    @contextmanager
    def writing(self, path: Path, record: Record) -> Iterator[Callable[[Run], None]]:
        """Give what writes a run."""
        with open_sink("jsonl", path) as sink:
            yield lambda run: sink.rows([told_of(entry) for entry in run.entries], run.vectors)
        write_record(path, record)


class JSONL(WholeFile):
    """A file."""

    def __init__(self, path: Path, *, make: bool) -> None:
        super().__init__(path, Lines(), make=make)
