"""A folder of text files into rows: a file is a text, and its path below the folder its id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

from vecsmith.errors import ConfigError
from vecsmith.files.charset import UTF_8, encoding_of
from vecsmith.files.columns import TOO_LONG, BadRow, Row, Wanted
from vecsmith.prepare import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["ENDINGS", "Folder"]

ENDINGS = (".md", ".markdown", ".txt", ".text", ".rst")
HEAD = 1 << 16
"""Bytes that tell a file's encoding."""


class Folder(Iterator[Row]):
    """The text files of a folder and of those in it, by their paths; what begins with a dot is passed over."""

    def __init__(
        self, folder: Path, wanted: Wanted, on_bad: Callable[[BadRow], None], encoding: str | None = None
    ) -> None:
        if wanted.field is not None or wanted.id is not None:
            raise ConfigError(f"{folder} is a folder of texts, which have no columns: leave --field and --id away")
        self._files = sorted(path for path in folder.rglob("*") if is_text(path, folder))
        if not self._files:
            raise ConfigError(f"{folder} has no text files ({', '.join(ENDINGS)}): name another folder, or a file")
        self.encoding = UTF_8
        """What most are in; each is decoded by its own first bytes, unless an encoding is named."""
        self.bytes_total: int | None = sum(path.stat().st_size for path in self._files)
        self.bytes_read = 0
        """How far the files have been read."""
        self._folder, self._on_bad, self._named = folder, on_bad, encoding
        self._entries = self._read()

    def _read(self) -> Iterator[Row]:
        for number, path in enumerate(self._files, 1):
            name = path.relative_to(self._folder).as_posix()
            text = self._text(path)
            self.bytes_read += path.stat().st_size
            if isinstance(text, str):
                yield Row(name, text, number)
            else:
                self._on_bad(BadRow(number, name, text.args[0]))

    def _text(self, path: Path) -> str | ValueError:
        """Return a file's text, or why there is none."""
        try:
            if path.stat().st_size > MAX_BYTES:
                return ValueError(TOO_LONG)
            raw = path.read_bytes()
        except OSError as error:
            return ValueError(f"it cannot be read ({error.strerror})")
        return raw.decode(encoding_of(raw[:HEAD], self._named, str(path)), "replace").removeprefix("\ufeff")

    def __next__(self) -> Row:
        return next(self._entries)

    def close(self) -> None:
        """Nothing is open between two files."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Nothing is open."""


def is_text(path: Path, folder: Path) -> bool:
    """Whether a path is a text file, and neither it nor a folder above it is hidden."""
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return not hidden and path.suffix.lower() in ENDINGS and path.is_file()
