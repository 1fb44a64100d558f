"""What a file looks like from its first bytes, where that is not what it is said to be."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError
from vecsmith.files.charset import is_utf8

if TYPE_CHECKING:
    from vecsmith.files.rows import Kind

__all__ = ["check_head"]

UNPACK = "unpack it first"
EXPORT = "export it as CSV or JSON lines first"
NOT_TEXT = "only text can be embedded"

SIGNATURES = (
    (b"\x89PNG", "a PNG image", NOT_TEXT),
    (b"\xff\xd8\xff", "a JPEG image", NOT_TEXT),
    (b"GIF8", "a GIF image", NOT_TEXT),
    (b"RIFF", "a sound, video or WebP file", NOT_TEXT),
    (b"%PDF-", "a PDF document", "extract its text first"),
    (b"PK\x03\x04", "a ZIP archive, such as an Excel or Word file", EXPORT),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file", EXPORT),
    (b"\x1f\x8b", "gzip-compressed", UNPACK),
    (b"BZh", "bzip2-compressed", UNPACK),
    (b"\xfd7zXZ\x00", "xz-compressed", UNPACK),
    (b"\x28\xb5\x2f\xfd", "Zstandard-compressed", UNPACK),
    (b"7z\xbc\xaf", "a 7-Zip archive", UNPACK),
    (b"PAR1", "a Parquet file", EXPORT),
    (b"ARROW1", "an Arrow file", EXPORT),
    (b"SQLite format 3\x00", "an SQLite database", EXPORT),
    (b"\x93NUMPY", "a NumPy array", NOT_TEXT),
    (b"\x7fELF", "a program", NOT_TEXT),
)

WEB_PAGES = (b"<!doctype html", b"<html")


def check_head(head: bytes, kind: Kind, name: str) -> None:
    """Raise `ConfigError` if a file with these first bytes is plainly not text of this kind."""
    found = binary(head) or structured(head.removeprefix(codecs.BOM_UTF8).lstrip(), kind) or line_endings(head, kind)
    if found is not None:
        what, advice = found
        told = "text" if kind == "document" else kind
        raise ConfigError(f"{name} is not {told}, it looks like {what}: {advice}")


def binary(head: bytes) -> tuple[str, str] | None:
    """Return what the bytes are and what to do, or None if they may be text with some bad lines."""
    has_nul = b"\x00" in head
    if not has_nul and is_utf8(head):
        return None
    for signature, what, advice in SIGNATURES:
        if head.startswith(signature):
            return what, advice
    if not has_nul:
        return None
    if every_second_is_nul(head):
        return "UTF-16 text", "name --input-encoding utf-16-le or utf-16-be"
    return "binary data (it holds NUL bytes)", NOT_TEXT


def every_second_is_nul(head: bytes) -> bool:
    """Whether the bytes are mostly ASCII in UTF-16 without a byte order mark."""
    half = len(head) // 2
    nuls = head[::2].count(0), head[1::2].count(0)
    return half > 0 and max(nuls) > half // 2 and min(nuls) == 0


def structured(start: bytes, kind: Kind) -> tuple[str, str] | None:
    """Return what the text is and what to do if it is another format than its kind."""
    if kind in ("txt", "document"):
        return None
    first_line = start.split(b"\n", 1)[0].strip()
    if start[:16].lower().startswith(WEB_PAGES):
        return "a web page", "was a login or error page downloaded in its place?"
    if kind == "jsonl" and start.startswith(b"["):
        return "one JSON array", "put one object on each line, for example with: jq -c '.[]' FILE"
    if kind == "jsonl" and first_line == b"{":
        return "one JSON document over several lines", "put one object on each line, for example with: jq -c . FILE"
    if kind in ("csv", "tsv") and start.startswith((b'{"', b"[{")):
        return "JSON", "use --input-format jsonl if it holds one object on each line"
    return None


def line_endings(head: bytes, kind: Kind) -> tuple[str, str] | None:
    """Return what to do about lines that end in a bare CR, which would make the table one line."""
    if kind in ("csv", "tsv") and b"\r" in head and b"\n" not in head:
        return "text whose lines end in a bare carriage return", "save it with LF or CRLF line endings"
    return None
