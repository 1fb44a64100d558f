"""CSV and TSV into rows: a header line, quoted newlines, and no bad row that takes its neighbours along."""

from __future__ import annotations

import csv
import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError
from vecsmith.files.columns import BadRow, Row, Wanted, missing_column
from vecsmith.prepare import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vecsmith.files.lines import Line, Lines

__all__ = ["read_table"]

OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", ",": "commas", "|": "vertical bars"}


ESCAPED_BYTE = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of one row, which may span lines."""

    line: int
    """Where it begins, or the broken line where it has one."""
    cells: list[str]
    flaw: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Where in a row the wanted cells are."""

    width: int
    text: int
    id: int | None
    others: Mapping[str, int]
    """Those that ride along, by the names of their columns."""


def read_table(lines: Lines, wanted: Wanted, *, delimiter: str) -> Iterator[Row | BadRow]:
    """Yield what each row holds in the wanted columns; rows without ``id`` are numbered from 0."""
    source = records(lines, delimiter)
    header = next(source, None)
    if header is None:
        return
    if header.flaw is not None:
        raise ConfigError(f"{lines.name} has an unreadable header line: {header.flaw}")
    places = locate(header.cells, wanted, lines.name, delimiter)
    for number, record in enumerate(source):
        yield entry(record, number, places)


def records(lines: Lines, delimiter: str) -> Iterator[Record]:
    """Yield the rows that are not blank; after a quote that never closes, go on with the next line."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_BYTES))
    taken: list[Line] = []
    again: deque[Line] = deque()

    def feed() -> Iterator[str]:
        while (line := again.popleft() if again else next(lines, None)) is not None:
            taken.append(line)
            yield line.text

    # strict, because otherwise a quote left open makes one text of all the rows behind it
    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    while True:
        taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            again.extendleft(reversed(taken[1:]))
            yield Record(taken[0].number, [], broken(error, len(taken)))
            reader = csv.reader(feed(), delimiter=delimiter, strict=True)
            continue
        flawed = next((line for line in taken if line.flaw), None)
        if flawed is not None:
            yield Record(flawed.number, cells, flawed.flaw)
        elif cells:
            yield Record(taken[0].number, cells)


def broken(error: csv.Error, lines: int) -> str:
    """Return the reason for a row that the csv module refused; its messages hold no text of the row."""
    return f"broken quoting ({error})" if lines == 1 else "a quote that is not closed, or text behind a closing quote"


def entry(record: Record, number: int, places: Places) -> Row | BadRow:
    """Return the wanted cells of a row, or why there are none."""
    cells = record.cells
    identity = identity_of(cells, number, places)
    if record.flaw is not None:
        return BadRow(record.line, identity, record.flaw)
    if len(cells) < places.width:
        return BadRow(record.line, identity, f"too few fields: {len(cells)} of {places.width}")
    if any(cells[places.width :]):
        reason = f"too many fields: {len(cells)} where the header has {places.width}; is a delimiter not quoted?"
        return BadRow(record.line, identity, reason)
    if identity is None:
        return BadRow(record.line, None, "its id is empty")
    if not places.others:
        return Row(identity, cells[places.text], record.line)
    return Row(identity, cells[places.text], record.line, {name: cells[at] for name, at in places.others.items()})


def identity_of(cells: list[str], number: int, places: Places) -> str | int | None:
    """Return the row's id, or None where it is empty or in broken UTF-8."""
    if places.id is None:
        return number
    found = cells[places.id] if places.id < len(cells) else ""
    return found if found and not ESCAPED_BYTE.search(found) else None


def locate(header: list[str], wanted: Wanted, name: str, delimiter: str) -> Places:
    """Find the wanted columns in the header line, or raise `ConfigError`."""
    if wanted.field is None and len(header) == 1:
        check_delimiter(header[0], name, delimiter)
        text = 0
    else:
        text = find(header, wanted.field or "text", wanted, name)
    identity = None if wanted.id is None else find(header, wanted.id, wanted, name)
    others = [at for at in range(len(header)) if wanted.others and at not in {text, identity}]
    return Places(len(header), text, identity, {header[at]: at for at in others if once(header, header[at], name)})


def find(header: list[str], column: str, wanted: Wanted, name: str) -> int:
    """Return the position of a column that is there exactly once."""
    if column not in header:
        raise missing_column(name, "column", column, header, wanted)
    once(header, column, name)
    return header.index(column)


def once(header: list[str], column: str, name: str) -> bool:
    """Refuse a column that is there several times; return whether it has a name at all."""
    if column and header.count(column) > 1:
        raise ConfigError(f"{name} has {header.count(column)} columns named {column!r}: give each its own name")
    return column != ""


def check_delimiter(header: str, name: str, delimiter: str) -> None:
    """Refuse a header of one column that seems to be several, split by something else."""
    for other, plural in OTHER_DELIMITERS.items():
        if other != delimiter and other in header:
            advice = "use --input-format tsv" if other == "\t" else f"save it with {OTHER_DELIMITERS[delimiter]}"
            raise ConfigError(
                f"{name} seems to be separated by {plural}, not {OTHER_DELIMITERS[delimiter]}: {advice}, "
                "or name its one column with --field"
            )
