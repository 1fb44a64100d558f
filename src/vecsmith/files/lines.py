"""A binary stream as text lines: split on LF only, decoded one by one, counted, each bounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

__all__ = ["Line", "Lines"]

MAX_LINE = 64_000_000  # bytes: 10 MB of text may be six times as long when JSON escapes it
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """One line, its ending included."""

    number: int
    """Counted from 1."""
    text: str
    flaw: str | None = None
    """Why the line cannot be used, or None; bytes that are not UTF-8 are then surrogates in ``text``."""


class Lines:
    """Iterate over the lines of a stream; a byte order mark at its start is dropped.

    Only LF ends a line: a U+2028 or U+0085 inside a text is part of it.
    """

    def __init__(self, stream: BinaryIO, name: str, file: str | None = None) -> None:
        self.name = name
        """What a person calls the stream."""
        self.file = file
        """The name of its file in the file's folder; None where it has none."""
        self.bytes_read = 0
        self._stream = stream
        self._number = 0

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        raw = self._read(self._stream.readline, MAX_LINE)
        if not raw:
            raise StopIteration
        self._number += 1
        if len(raw) >= MAX_LINE and not raw.endswith(b"\n"):
            self._skip()
            return Line(self._number, "", f"a line of over {MAX_LINE // 1_000_000} MB")
        if self._number == 1:
            raw = raw.removeprefix(BOM)
        return decoded(raw, self._number)

    def rest(self, most: int) -> str | None:
        """Return all lines that are left as one text, or None where they have over `most` bytes.

        What is not UTF-8 becomes U+FFFD.
        """
        raw = self._read(self._stream.read, most + 1)
        return None if len(raw) > most else raw.removeprefix(BOM).decode(errors="replace")

    def _skip(self) -> None:
        """Pass over the rest of a line that is too long to hold."""
        while (raw := self._read(self._stream.readline, MAX_LINE)) and not raw.endswith(b"\n"):
            pass

    def _read(self, read: Callable[[int], bytes], most: int) -> bytes:
        try:
            raw = read(most)
        except OSError as error:
            raise ConfigError(f"{self.name} cannot be read any further: {error.strerror or error}") from error
        self.bytes_read += len(raw)
        return raw


def decoded(raw: bytes, number: int) -> Line:
    """Return the line as text, with its flaw if it is not UTF-8."""
    try:
        return Line(number, raw.decode())
    except UnicodeDecodeError as error:
        flaw = f"broken UTF-8 at byte {error.start + 1} (0x{raw[error.start]:02X})"
        return Line(number, raw.decode(errors="surrogateescape"), flaw)
