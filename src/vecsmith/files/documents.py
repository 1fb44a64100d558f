"""A file whose whole content is one text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError
from vecsmith.files.columns import TOO_LONG, BadRow, Row, Wanted
from vecsmith.prepare import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vecsmith.files.lines import Lines

__all__ = ["read_document"]


def read_document(lines: Lines, wanted: Wanted) -> Iterator[Row | BadRow]:
    """Yield all lines as one text, whose id is the file's name, as in a folder; that of standard input is 0."""
    if wanted.field is not None or wanted.id is not None:
        raise ConfigError(f"{lines.name} is read as one document, which has no columns: leave --field and --id away")
    identity, text = lines.file or 0, lines.rest(MAX_BYTES)
    yield BadRow(1, identity, TOO_LONG) if text is None else Row(identity, text, 1)
