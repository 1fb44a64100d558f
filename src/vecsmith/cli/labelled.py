"""Rows on their way through ``vecsmith classify``: out of a file, to their vectors, bad ones set aside."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from vecsmith.cli.messages import SET_ASIDE, say, stop
from vecsmith.cli.progress import watching
from vecsmith.cli.reading import File
from vecsmith.cli.work import is_terminal
from vecsmith.errors import ConfigError
from vecsmith.files import BadRow, Row, read_rows
from vecsmith.files.columns import Wanted, missing_column
from vecsmith.files.rows import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from vecsmith.classifying.labels import Label
    from vecsmith.classifying.training import Examples
    from vecsmith.cli.messages import Tally
    from vecsmith.errors import InputError
    from vecsmith.files import Folder, Rows
    from vecsmith.options import CallOptions
    from vecsmith.space import Space
    from vecsmith.sync import Embedder
    from vecsmith.types import EmbedResult, Floats

__all__ = ["Labelled", "Source", "as_known", "check_given", "concluded", "embedded", "embedded_whole", "labels_in"]


@dataclass(frozen=True, slots=True)
class Source(File):
    """A file whose rows are labelled, or are to be."""

    label: str | None = None
    """The column of the labels; None where they are not known."""

    def rows(self, tally: Tally) -> Rows | Folder:
        """Open it, with its labels where they are known."""
        if self.label is not None and self.label in {self.field or "text", self.id}:
            stop(f"--label names the column {self.label!r}, which holds the text or the id: name another")
        return self.open(tally, fields=self.label is not None)

    def labelled(self, rows: Iterable[Row], tally: Tally) -> Iterator[Row]:
        """Yield the rows that have a label, as ``fields["label"]``; raise `ConfigError` where no row has the column."""
        from vecsmith.classifying.labels import refusal

        assert self.label is not None
        known: dict[str, None] = {}
        there = False
        for row in rows:
            there = there or self.label in row.fields
            known |= {} if there else dict.fromkeys(row.fields)
            label = row.fields.get(self.label)
            reason = refusal(label)
            if reason is None:
                yield Row(row.id, row.text, row.line, {"label": label.strip() if isinstance(label, str) else label})
            else:
                tally.refuse(BadRow(row.line, row.id, reason))
        if not there and (known or tally.set_aside):
            raise self.missing(known)

    def missing(self, known: Iterable[str]) -> ConfigError:
        """Return the error for a file without the column of labels."""
        names = list(known)
        if not names:
            return ConfigError(f"{self.name} has no column of labels: give a table or JSON lines, and --label")
        what = "field" if (self.kind or kind_of(self.path)) == "jsonl" else "column"
        return missing_column(self.name, what, self.label or "", names, Wanted(self.field, self.id), flag="--label")


def check_given(path: str | None) -> None:
    """Refuse to read texts from nowhere."""
    if path is None and is_terminal(sys.stdin):
        stop("no text was given: name a file with --input, or pipe one in")
    if path == "":
        stop("--input names nothing: name a file, or leave it away to read standard input")


@dataclass(frozen=True, slots=True)
class Labelled:
    """All usable rows of a source with their vectors."""

    rows: list[Row]
    vectors: Floats
    """(rows, dimensions)"""
    space: Space

    @property
    def labels(self) -> list[Label]:
        """Their labels."""
        return [row.fields["label"] for row in self.rows]

    def examples(self, classes: Iterable[Label] = ()) -> Examples:
        """Return them as what a training takes, with labels as those of `classes` are written."""
        from vecsmith.classifying.training import Examples

        places = [f"line {row.line}" for row in self.rows]
        return Examples([row.text for row in self.rows], self.vectors, as_known(self.labels, classes), places)


def embedded(
    source: Source, embedder: Embedder, wish: CallOptions, tally: Tally, *, shown: bool
) -> Iterator[tuple[list[Row], EmbedResult]]:
    """Yield the rows of a source in runs, with their vectors."""
    waiting: dict[int, Row] = {}

    def refuse(index: int, error: InputError) -> None:
        refused(waiting.pop(index), error, tally)

    with source.rows(tally) as rows, watching(shown=shown, total=rows.bytes_total) as watch:
        usable = rows if source.label is None else source.labelled(rows, tally)
        for part in embedder.stream(kept(usable, waiting), on_bad=refuse, **wish):
            tally.add(part)
            done = [waiting.pop(index) for index in part.items.indexes]
            yield done, part
            watch(texts=len(done), tokens=part.usage.input_tokens, position=rows.bytes_read)


def kept(rows: Iterable[Row], waiting: dict[int, Row]) -> Iterator[str]:
    """Yield the texts, and keep their rows until the vectors are there."""
    for index, row in enumerate(rows):
        waiting[index] = row
        yield row.text


def refused(row: Row, error: InputError, tally: Tally) -> None:
    """Set a row aside that cannot be embedded."""
    tally.refuse(BadRow(row.line, row.id, error.reason))


def embedded_whole(source: Source, embedder: Embedder, wish: CallOptions, tally: Tally, *, shown: bool) -> Labelled:
    """Return all rows of a source with their vectors; raise `ConfigError` where there are none."""
    import numpy as np

    pairs = [pair for pair in embedded(source, embedder, wish, tally, shown=shown) if pair[0]]
    if not pairs:
        concluded(tally, quiet=True)
        raise ConfigError(f"{source.name} has no row with a text and a label: look at its columns")
    rows = [row for run, _ in pairs for row in run]
    return Labelled(rows, np.concatenate([part.vectors for _, part in pairs]), pairs[0][1].space)


def concluded(tally: Tally, *, quiet: bool, notes: Iterable[str] = ()) -> int:
    """Say what was set aside, cut or should not go unnoticed, and return the exit code."""
    for line in tally.rows():
        say(line)
    if not quiet:
        for note in notes:
            say(f"note: {note}")
        if summary := tally.summary():
            say(summary)
    return SET_ASIDE if tally.set_aside else 0


def labels_in(path: Path) -> dict[Label, list[str]]:
    """Return the labels of a file with their descriptions; several rows of one label are several descriptions."""
    told: dict[Label, list[str]] = {}
    kind = kind_of(path)
    with read_rows(path, kind=kind, field=None if kind == "txt" else "label", fields=True, on_bad=unreadable) as rows:
        for row in rows:
            if not row.text.strip():
                continue
            description = row.fields.get("description") or ""
            if not isinstance(description, str):
                raise ConfigError(f"line {row.line} of {path} has a description that is no string: mend it")
            told.setdefault(row.text.strip(), []).extend([description] if description.strip() else [])
    return told


def unreadable(row: BadRow) -> NoReturn:
    """Refuse a file of labels that cannot be read whole: with a label missing, all others would be wrong."""
    raise ConfigError(f"line {row.line} of the labels cannot be used: {row.reason}")


def as_known(labels: list[Label], classes: Iterable[Label]) -> list[Label]:
    """Return labels of a table, which are strings, as the classifier's own where these are numbers or booleans."""
    by_name: Mapping[str, Any] = {str(label): label for label in classes}
    return [by_name.get(label, label) if isinstance(label, str) else label for label in labels]
