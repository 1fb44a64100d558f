"""A sample of texts and vectors out of a file or a Postgres table, the same one every time."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vecsmith.types import Floats

__all__ = ["Columns", "Sample", "sample_of"]

SEED = 0
DATABASES = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the texts and the vectors are."""

    text: str
    vector: str
    table: str | None = None
    """Of a database."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Some rows."""

    texts: list[str]
    vectors: Floats
    """(texts, width) float32."""


def sample_of(source: str, columns: Columns, count: int) -> Sample:
    """Return up to `count` rows that have a text and a vector, drawn from all of a source.

    The source is a file of JSON lines, a CSV or TSV table whose vectors are JSON arrays, a Parquet file, or
    ``postgresql://…`` with columns of pgvector's types or of arrays. Raises `ConfigError` for one that cannot be read.
    """
    if source.startswith(DATABASES):
        from vecsmith.verifying.postgres import rows_of

        pairs: Any = rows_of(source, columns, count)
    else:
        pairs = drawn(read(Path(source), columns), count)
    texts = [text for text, _ in pairs]
    if not texts:
        raise ConfigError(f"no row of {named(source)} has both a text and a vector: look at its columns")
    vectors = [numbers(vector) for _, vector in pairs]
    widths = sorted({len(vector) for vector in vectors})
    if len(widths) > 1:
        raise ConfigError(f"{named(source)} has vectors of {widths[0]} and of {widths[-1]} numbers: they are no one's")
    return Sample(texts, np.stack(vectors))


def named(source: str) -> str:
    """Return a source as it may be shown, without a password."""
    return "the table" if source.startswith(DATABASES) else source


def read(path: Path, columns: Columns) -> Iterator[tuple[Any, Any]]:
    """Yield the text and the vector of each row of a file."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise ConfigError(f"{path} does not say by its ending how to read it: {', '.join(READERS)} do")
    try:
        for row in reader(path):
            for name in (columns.text, columns.vector):
                if name not in row:
                    raise ConfigError(f"{path} has no column {name!r}: it has {', '.join(map(str, row))}")
            yield row[columns.text], row[columns.vector]
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror or error}): check the path") from None
    except (ValueError, RecursionError, csv.Error) as error:
        raise ConfigError(f"{path} cannot be read ({type(error).__name__}): mend it") from None


def json_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the object of each line."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                value = json.loads(line)
                if not isinstance(value, dict):
                    raise ConfigError(f"line {number} of {path} is no JSON object: it has no columns")
                yield value


def table(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the cells of each row by the names in the first."""
    csv.field_size_limit(2**30)
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")


def parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the rows, some thousand of them in memory at a time."""
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ConfigError(f"{path} needs pyarrow to be read: pip install pyarrow") from None
    for batch in ParquetFile(path).iter_batches(4096):
        yield from batch.to_pylist()


READERS: dict[str, Callable[[Path], Iterator[Mapping[str, Any]]]] = {
    ".jsonl": json_lines,
    ".ndjson": json_lines,
    ".csv": table,
    ".tsv": table,
    ".parquet": parquet,
}


def drawn(rows: Iterator[tuple[Any, Any]], count: int) -> list[tuple[str, Any]]:
    """Draw rows that are whole, each as likely as any other (Vitter 1985, algorithm R)."""
    chance, kept, seen = random.Random(SEED), list[tuple[str, Any]](), 0  # noqa: S311 (a sample, no secret)
    for text, vector in rows:
        if not isinstance(text, str) or vector is None or vector in ("", []):
            continue
        seen += 1
        if len(kept) < count:
            kept.append((text, vector))
        elif (place := chance.randrange(seen)) < count:
            kept[place] = (text, vector)
    return kept


def numbers(vector: Any) -> Floats:
    """Return a vector that is a list, or text as JSON, pgvector or Postgres write it."""
    try:
        told = json.loads(vector.translate({ord("{"): "[", ord("}"): "]"})) if isinstance(vector, str) else vector
        found = np.asarray(told, np.float32)
    except (ValueError, TypeError, RecursionError):
        found = np.empty((0, 0), np.float32)
    if found.ndim != 1 or not len(found):
        raise ConfigError("a vector is not a list of numbers: name the column that holds them with --vector")
    return found
