"""Every text's cluster, in a file."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError
from vecsmith.files.outputs import settle, whole_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vecsmith.clustering.clusters import Clusters

__all__ = ["check_ending", "save"]

HEADER = ("id", "cluster", "name", "distance", "text")


def save(clusters: Clusters, path: str | Path) -> None:
    """Write a row for each text: id, cluster, the cluster's name, distance to its centre, the text.

    The ending says how. The file appears whole or not at all. Raises `ConfigError` for another ending, or where it
    cannot be written.
    """
    path = Path(path)
    lines = WRITERS[check_ending(path)](clusters)
    with whole_file(path, str(path)) as file:
        for line in lines:
            file.write(line.encode("utf-8", "replace"))
        settle([file], str(path))


def check_ending(path: Path) -> str:
    """Return the ending of a file for rows; refuse one that does not say how to write them."""
    ending = path.suffix.lower()
    if ending not in WRITERS:
        raise ConfigError(f"{path} does not say by its ending how to write it: {', '.join(WRITERS)} do")
    return ending


def json_lines(clusters: Clusters) -> Iterator[str]:
    """Yield an object for each text."""
    for row in named(clusters):
        yield json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) + "\n"


def table(clusters: Clusters, delimiter: str = ",") -> Iterator[str]:
    """Yield a header line and a row for each text; no cluster is an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    for row in (HEADER, *named(clusters)):
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def named(clusters: Clusters) -> Iterator[tuple[object, ...]]:
    """Yield the rows with the names of their clusters."""
    for identity, number, far, text in clusters.rows():
        yield identity, number, None if number is None else clusters[number].name, far, text


WRITERS: dict[str, Callable[[Clusters], Iterator[str]]] = {
    ".csv": table,
    ".tsv": lambda clusters: table(clusters, "\t"),
    ".jsonl": json_lines,
    ".ndjson": json_lines,
}
