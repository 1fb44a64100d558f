"""A store in one numpy array, with a JSON line for each row beside it in ``NAME.ids.jsonl``."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from vecsmith.errors import ConfigError, damaged
from vecsmith.files import open_sink, paths_of
from vecsmith.stores.beside import entry_of, read_record, told_of, write_record
from vecsmith.stores.contract import Record, Run
from vecsmith.stores.vectors import dtype_of, little_endian, numbers_of
from vecsmith.stores.whole import WholeFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["NPY"]

LINES = 4096
"""Rows read at once."""


class Array:
    """The form."""

    def record(self, path: Path) -> Record | None:
        """Return the record beside the file."""
        return read_record(path)

    def runs(self, path: Path, record: Record) -> Iterator[Run]:
        """Yield the rows; the array is mapped into memory."""
        import orjson

        with damaged(str(path)):
            vectors = np.load(path, mmap_mode="r", allow_pickle=False)
            width = numbers_of(record.width, record.stored.encoding)
        if vectors.shape[1:] != (width,):
            raise ConfigError(f"{path} was changed: it has not {width} numbers a row any more, so make it anew")
        ids = paths_of("npy", path)[1]
        assert ids is not None
        try:
            file = ids.open("rb")
        except OSError as error:
            raise ConfigError(f"{ids} cannot be read ({error.strerror}): it belongs to {path}") from None
        start = 0
        with file:
            while lines := list(islice(file, LINES)):
                with damaged(str(ids)):
                    told = [orjson.loads(line) for line in lines]
                    entries = [entry_of(each) for each in told]
                own = np.asarray(vectors[start : start + len(entries)])
                if len(own) < len(entries) or any(
                    each["crc32"] != check for each, check in zip(told, checks(own), strict=True) if "crc32" in each
                ):
                    raise ConfigError(f"{ids} does not belong to {path}: remove both, and make them anew")
                yield Run(entries, own)
                start += len(entries)
        if start != len(vectors):
            raise ConfigError(f"{ids} has fewer rows than {path}: remove both, and make them anew")

    @contextmanager
    def writing(self, path: Path, record: Record) -> Iterator[Callable[[Run], None]]:
        """Give what writes a run."""
        with open_sink("npy", path) as sink:
            sink.rows(
                [], np.empty((0, numbers_of(record.width, record.stored.encoding)), dtype_of(record.stored.encoding))
            )
            yield lambda run: sink.rows(
                [
                    told_of(entry) | {"crc32": check}
                    for entry, check in zip(run.entries, checks(run.vectors), strict=True)
                ],
                run.vectors,
            )
        write_record(path, record)


def checks(vectors: NDArray[Any]) -> Iterator[int]:
    """Yield a sum over each vector, by which its line knows it: two files cannot be replaced in one step."""
    return (crc32(row.tobytes()) for row in little_endian(vectors))


class NPY(WholeFile):
    """A file."""

    def __init__(self, path: Path, *, make: bool) -> None:
        super().__init__(path, Array(), make=make)
