"""Texts in: a file or standard input, row by row, in bounded memory."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from vecsmith.errors import ConfigError
from vecsmith.files.charset import UTF_8, as_utf8, encoding_of
from vecsmith.files.columns import TOO_LONG, BadRow, Row, Wanted
from vecsmith.files.documents import read_document
from vecsmith.files.folders import Folder
from vecsmith.files.jsonlines import read_json_lines
from vecsmith.files.lines import Lines
from vecsmith.files.looks import check_head
from vecsmith.files.tables import read_table
from vecsmith.prepare import MAX_BYTES

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["STDIN", "Kind", "Rows", "kind_of", "read_rows"]

Kind = Literal["txt", "document", "jsonl", "csv", "tsv"]
"""One text per line, one text in all, JSON lines, or a table with a header line."""

Parse = Callable[[Lines, Wanted], Iterator[Row | BadRow]]

STDIN = "-"
"""Stands for standard input where a file is named."""
ENDINGS: dict[str, Kind] = {
    **dict.fromkeys((".txt", ".text", ".md", ".markdown", ".rst", ".log"), "txt"),
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    ".csv": "csv",
    ".tsv": "tsv",
}
BUFFER = 1 << 16


def read_lines(lines: Lines, wanted: Wanted) -> Iterator[Row | BadRow]:
    """Yield each line, its ending removed, as one text; an empty line is an empty text."""
    if wanted.field is not None or wanted.id is not None:
        raise ConfigError(f"{lines.name} is read as txt, which has no columns: leave --field and --id away")
    for line in lines:
        row = line.number - 1
        if line.flaw is None:
            yield Row(row, line.text.removesuffix("\n").removesuffix("\r"), line.number)
        else:
            yield BadRow(line.number, row, line.flaw)


PARSERS: dict[Kind, Parse] = {
    "txt": read_lines,
    "document": read_document,
    "jsonl": read_json_lines,
    "csv": partial(read_table, delimiter=","),
    "tsv": partial(read_table, delimiter="\t"),
}


class Rows(Iterator[Row]):
    """The usable rows of a stream, in order; a context manager that closes the stream."""

    def __init__(
        self,
        stream: io.BufferedReader,
        source: Path | str,
        on_bad: Callable[[BadRow], None],
        encoding: str | None = None,
    ) -> None:
        name, file = ("standard input", None) if source == STDIN else (str(source), Path(source).name)
        self.encoding = encoding_of(head_of(stream, name), encoding, name)
        """What the stream is decoded with."""
        self.bytes_total = size_of(stream) if self.encoding == UTF_8 else None
        """The size of the stream, or None where it has no end that is known."""
        self._stream = stream if self.encoding == UTF_8 else as_utf8(stream, self.encoding)
        self._lines = Lines(self._stream, name, file)
        self._on_bad = on_bad
        self._entries: Iterator[Row | BadRow] = iter(())
        self._first: Row | None = None

    @property
    def bytes_read(self) -> int:
        """How far the stream has been read."""
        return self._lines.bytes_read

    def parse(self, kind: Kind, wanted: Wanted) -> None:
        """Begin to read, up to the first usable row, so that a wrong file or column fails here."""
        check_head(head_of(self._stream, self._lines.name), kind, self._lines.name)
        self._entries = PARSERS[kind](self._lines, wanted)
        self._first = next(self, None)

    def __next__(self) -> Row:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        for found in self._entries:
            row = limited(found)
            if isinstance(row, Row):
                return row
            self._on_bad(row)
        raise StopIteration

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def head_of(stream: io.BufferedReader, name: str) -> bytes:
    """Return the first bytes of a stream, which are still to be read."""
    try:
        return stream.peek(BUFFER)
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror or error}") from error


def read_rows(
    source: Path | str,
    *,
    kind: Kind | None = None,
    encoding: str | None = None,
    field: str | None = None,
    id_field: str | None = None,
    fields: bool = False,
    on_bad: Callable[[BadRow], None],
) -> Rows | Folder:
    """Read the texts of a file, of a folder's text files, or of standard input where `source` is ``-``.

    The kind is told by the file's ending unless it is given; standard input is ``txt`` by default. As a ``document``
    a file is one text with the id that it has in a folder, its name; standard input has the id 0. The encoding is
    UTF-8, or what the file's first bytes tell, unless it is given; ``rows.encoding`` says which. With `fields` each
    row has what the other columns hold in ``row.fields``: strings of a table, any value of JSON. Rows that cannot
    be used go to `on_bad` and the reading goes on; a file or column that cannot be used at all is a `ConfigError`,
    raised here and not at the first row.
    """
    wanted = Wanted(field, id_field, fields)
    if kind in {None, "document"} and source != STDIN and Path(source).is_dir():
        return Folder(Path(source), wanted, on_bad, encoding)
    stream = opened(source)
    try:
        rows = Rows(stream, source, on_bad, encoding)
    except BaseException:
        stream.close()
        raise
    try:
        rows.parse(kind or kind_of(source), wanted)
    except BaseException:
        rows.close()
        raise
    return rows


def kind_of(source: Path | str) -> Kind:
    """Return the kind that a file's ending says."""
    if source == STDIN:
        return "txt"
    ending = Path(source).suffix.lower()
    if ending in ENDINGS:
        return ENDINGS[ending]
    said = f"has the ending {ending}" if ending else "has no ending"
    raise ConfigError(
        f"{source} {said}, which does not say how to read it: use --input-format txt, jsonl, csv or tsv, or document "
        "for one text"
    )


def opened(source: Path | str) -> io.BufferedReader:
    """Open a file or standard input for reading bytes."""
    if source == STDIN:
        return standard_input()
    try:
        return io.BufferedReader(io.FileIO(source, "rb"), BUFFER)
    except FileNotFoundError as error:
        raise ConfigError(f"{source} does not exist: check the path, or use - for standard input") from error
    except IsADirectoryError as error:
        raise ConfigError(f"{source} is a folder: name a file in it") from error
    except PermissionError as error:
        raise ConfigError(f"{source} may not be read by this user: check its permissions") from error
    except (OSError, ValueError) as error:
        raise ConfigError(f"{source} cannot be opened: {getattr(error, 'strerror', None) or error}") from error


def standard_input() -> io.BufferedReader:
    """Return a reader of our own on standard input.

    Not ``sys.stdin.buffer`` itself: where a thread still waits in it, Python cannot shut down.
    """
    if sys.stdin is None:
        raise ConfigError("standard input is closed: give texts as arguments, or --input FILE")
    try:
        return io.BufferedReader(io.FileIO(sys.stdin.fileno(), "rb", closefd=False), BUFFER)
    except (OSError, ValueError):  # a stand-in without a file descriptor
        return io.BufferedReader(io.BytesIO(sys.stdin.buffer.read()))


def size_of(stream: io.BufferedReader) -> int | None:
    """Return the size of a regular file, None for a pipe or terminal."""
    try:
        status = os.fstat(stream.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def limited(found: Row | BadRow) -> Row | BadRow:
    """Return a row whose text is too long as a bad row."""
    if isinstance(found, BadRow) or len(found.text) * 4 <= MAX_BYTES:
        return found
    if len(found.text.encode("utf-8", "surrogatepass")) <= MAX_BYTES:
        return found
    return BadRow(found.line, found.id, TOO_LONG)
