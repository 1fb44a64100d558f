"""The file that a command reads its texts from, and how."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vecsmith.files import STDIN, read_rows

if TYPE_CHECKING:
    from vecsmith.cli.messages import Tally
    from vecsmith.files import Folder, Kind, Rows

__all__ = ["File"]


@dataclass(frozen=True, slots=True)
class File:
    """A file, a folder's text files, or standard input, and which of its columns are what."""

    path: str = STDIN
    kind: Kind | None = None
    """None where its ending tells."""
    encoding: str | None = None
    """None where its first bytes tell."""
    field: str | None = None
    id: str | None = None

    @property
    def name(self) -> str:
        """What a person calls it."""
        return "standard input" if self.path == STDIN else self.path

    def open(self, tally: Tally, *, fields: bool = False) -> Rows | Folder:
        """Open it; rows that cannot be read are told to the tally. With `fields` each brings its other columns."""
        rows = read_rows(
            self.path,
            kind=self.kind,
            encoding=self.encoding,
            field=self.field,
            id_field=self.id,
            fields=fields,
            on_bad=tally.refuse,
        )
        tally.encoding = rows.encoding
        return rows

    def is_at(self, path: Path) -> bool:
        """Whether a file that is to be written is the one that is read, under this or another name."""
        try:
            source = os.fstat(0) if self.path == STDIN else Path(self.path).stat()
            return path.is_file() and os.path.samestat(path.stat(), source)
        except (OSError, ValueError):  # one of them does not exist, which is for its reader or writer to say
            return False
