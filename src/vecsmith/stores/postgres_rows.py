"""Rows as Postgres's binary COPY has them, and pgvector's types in it.

The format: https://www.postgresql.org/docs/current/sql-copy.html ("Binary Format"). A ``vector`` is its width, two
bytes of nothing and float32 numbers, a ``halfvec`` the same with float16, a ``bit`` its length in bits and its bytes;
all of them with the highest byte first (pgvector's ``vector_send``, ``halfvec_send``; Postgres's ``bit_send``).
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.encodings import encode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vecsmith.stores.contract import Entry, Run
    from vecsmith.types import Floats

__all__ = ["KINDS", "Kind", "copied", "literal", "unpacked"]

PIECE = 128
"""Rows sent at once: about what a socket takes, so that the server reads them while the next ones are packed."""
SIGNATURE = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
END = struct.pack(">h", -1)
NULL = struct.pack(">i", -1)
COLUMNS = 8
HEAD = struct.Struct(">hi").pack
WHOLE = struct.pack(">ii", 4, 0) + NULL + NULL
"""Where a text is that was not cut: chunk 0, and neither start nor end."""
JSONB = b"\x01"  # the version of jsonb's binary form


@dataclass(frozen=True, slots=True)
class Kind:
    """One of pgvector's types."""

    name: str
    number: str
    """numpy's type of a number; of bits, that of their bytes."""
    send: str
    distance: str
    """The operator that orders by nearness."""
    operators: str
    """For an index of that order."""
    indexed: int
    """The widest that an index takes."""
    bits: bool = False

    def type(self, width: int) -> str:
        """Return the column's type."""
        return f"{self.name}({width})"

    def size(self, width: int) -> int:
        """Return the bytes of a vector."""
        return 8 + (width // 8 if self.bits else width * np.dtype(self.number).itemsize)


BIT = Kind("bit", "u1", "bit_send", "<~>", "bit_hamming_ops", 64_000, bits=True)
KINDS = {
    "float32": Kind("vector", ">f4", "vector_send", "<=>", "vector_cosine_ops", 2_000),
    "float16": Kind("halfvec", ">f2", "halfvec_send", "<=>", "halfvec_cosine_ops", 4_000),
    "binary": BIT,
    "ubinary": BIT,
}
"""By the encoding of the vectors."""


def copied(run: Run, kind: Kind) -> Iterator[bytes]:
    """Yield what COPY is to read."""
    yield SIGNATURE
    for start in range(0, len(run.entries), PIECE):
        vectors = packed(run.vectors[start : start + PIECE], kind)
        rows = run.entries[start : start + PIECE]
        yield b"".join([piece for entry, row in zip(rows, vectors, strict=True) for piece in (columns(entry), row)])
    yield END


def packed(vectors: NDArray[Any], kind: Kind) -> Iterator[bytes]:
    """Yield the last column of each row: its length, and the vector as its type is sent."""
    if kind.bits:
        body = as_bits(vectors)
        head = struct.pack(">ii", 4 + body.shape[1], 8 * body.shape[1])
    else:
        numbers = np.ascontiguousarray(vectors, np.dtype(kind.number))
        body = numbers.view(np.uint8).reshape(len(numbers), -1)
        head = struct.pack(">ihh", 4 + body.shape[1], vectors.shape[1], 0)
    whole = np.empty((len(body), len(head) + body.shape[1]), np.uint8)
    whole[:, : len(head)] = np.frombuffer(head, np.uint8)
    whole[:, len(head) :] = body
    raw, size = whole.tobytes(), whole.shape[1]
    return (raw[at : at + size] for at in range(0, len(raw), size))


def as_bits(vectors: NDArray[Any]) -> NDArray[np.uint8]:
    """Return packed bits as bytes; ``binary`` is them less 128."""
    return vectors.view(np.uint8) ^ np.uint8(0x80) if vectors.dtype == np.int8 else vectors


def columns(entry: Entry) -> bytes:
    """Return a row's other columns."""
    name = str(entry.id).encode()
    text = NULL if entry.text is None else sized(entry.text.encode())
    fields = sized(JSONB + json.dumps(dict(entry.fields)).encode()) if entry.fields else NULL
    return b"".join((HEAD(COLUMNS, len(name)), name, place(entry), text, fields, sized(entry.content)))


def place(entry: Entry) -> bytes:
    """Return where a chunk is."""
    if entry.start is None and not entry.chunk:
        return WHOLE
    numbers = (entry.chunk, entry.start, entry.end)
    return b"".join(NULL if each is None else struct.pack(">ii", 4, each) for each in numbers)


def sized(value: bytes) -> bytes:
    """Put a column's length before it."""
    return struct.pack(">i", len(value)) + value


def unpacked(sent: Sequence[bytes], encoding: str) -> NDArray[Any]:
    """Return vectors (n, width) that were sent in binary, in the encoding that the store has."""
    number = KINDS[encoding].number
    rows = np.stack([np.frombuffer(each, number, offset=4) for each in sent])
    if encoding == "binary":
        return np.asarray((rows ^ np.uint8(0x80)).view(np.int8))
    return rows.astype(rows.dtype.newbyteorder("="))


def literal(query: Floats, kind: Kind) -> str:
    """Return a query (width,) as pgvector reads it."""
    if kind.bits:
        return "".join(map(str, np.unpackbits(encode(query[None], "ubinary")[0]).tolist()))
    return "[" + ",".join(map(repr, query.tolist())) + "]"
