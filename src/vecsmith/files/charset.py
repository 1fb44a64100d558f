"""Text in other encodings than UTF-8, read as if it were UTF-8."""

from __future__ import annotations

import codecs
import io
import re
from typing import Any

from vecsmith.errors import ConfigError

__all__ = ["UTF_8", "as_utf8", "encoding_of", "is_utf8"]

UTF_8 = "utf-8"

BOMS = (  # the longer ones first: UTF-32-LE begins like UTF-16-LE
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

MANY = 16
"""So many characters beyond ASCII are enough to tell an encoding by; fewer are taken for broken UTF-8."""

BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
NOT_FOR_FILES = {"idna", "punycode", "undefined", "raw_unicode_escape", "unicode_escape"}

CHUNK = 1 << 16


def encoding_of(head: bytes, named: str | None, name: str) -> str:
    """Return the encoding of a file that begins with `head`: as `named`, else by its mark, else detected.

    A file with characters in UTF-8 is UTF-8, however many of its bytes are broken. Raises `ConfigError` for a name
    that Python does not know.
    """
    if named is not None:
        return known(named, name)
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding
    if is_utf8(head) or b"\x00" in head or has_utf8(head) or len(BEYOND_ASCII.findall(head)) < MANY:
        return UTF_8
    return detected(head)


def known(named: str, name: str) -> str:
    """Return an encoding's name as Python writes it."""
    try:
        found = codecs.lookup(named).name
        "a".encode(found).decode(found)
        usable = found not in NOT_FOR_FILES
    except (LookupError, ValueError, AssertionError):  # unknown, or a codec for something else than text
        usable = False
    if not usable:
        raise ConfigError(f"{named!r} is no encoding that {name} could be in: name one such as cp1252")
    return found


def is_utf8(head: bytes) -> bool:
    """Whether the bytes are UTF-8, whose last character may be incomplete."""
    try:
        codecs.getincrementaldecoder(UTF_8)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def has_utf8(head: bytes) -> bool:
    """Whether more characters beyond ASCII are right UTF-8 than are not."""
    text = head.decode(UTF_8, "surrogateescape")
    beyond = [character for character in text if ord(character) > 0x7F]  # noqa: PLR2004 (the last of ASCII)
    broken = sum("\ud800" <= character <= "\udfff" for character in beyond)
    return len(beyond) - broken > broken


def detected(head: bytes) -> str:
    """Return the most likely encoding; UTF-8, with its broken bytes, where none is likely."""
    from charset_normalizer import from_bytes

    best = from_bytes(head).best()
    return UTF_8 if best is None else codecs.lookup(best.encoding).name


def as_utf8(stream: io.BufferedReader, encoding: str) -> io.BufferedReader:
    """Return a stream of the same text in UTF-8; what cannot be decoded becomes U+FFFD."""
    return io.BufferedReader(Recoded(stream, encoding), CHUNK)


class Recoded(io.RawIOBase):
    """Decodes a stream and encodes it in UTF-8, in bounded memory."""

    def __init__(self, stream: io.BufferedReader, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._left = b""
        self._ended = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; 0 at the end."""
        view = memoryview(buffer)
        while not self._left and not self._ended:
            raw = self._stream.read1(CHUNK)
            self._ended = not raw
            try:
                text = self._decoder.decode(raw, final=self._ended)
            except UnicodeError as error:  # such as UTF-16 without its mark
                raise OSError(f"it cannot be decoded ({error})") from None
            self._left = text.encode(UTF_8, "replace")
        taken, self._left = self._left[: len(view)], self._left[len(view) :]
        view[: len(taken)] = taken
        return len(taken)

    def close(self) -> None:
        """Close the stream beneath."""
        self._stream.close()
        super().close()
