"""What a file cannot hold itself is in one beside it: ``NAME.space.json`` has a store's record."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from vecsmith.files.outputs import whole_file
from vecsmith.stores.contract import Entry, Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["entry_of", "read_record", "told_of", "write_record"]


def beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.space.json")


def read_record(path: Path) -> Record | None:
    """Return the record of a file; None where there is none beside it."""
    with suppress(FileNotFoundError):
        return Record.from_json(beside(path).read_text(encoding="utf-8"), str(path))
    return None


def write_record(path: Path, record: Record) -> None:
    """Write the record beside a file."""
    there = beside(path)
    with whole_file(there, str(there)) as file:
        file.write(record.to_json().encode() + b"\n")


def told_of(entry: Entry) -> dict[str, Any]:
    """Return what a line of JSON says of a row, beside its vector."""
    place = {} if entry.start is None else {"chunk": entry.chunk, "start": entry.start, "end": entry.end}
    read = {"tokens": entry.tokens, "dropped": entry.dropped}
    text = {} if entry.text is None else {"text": entry.text}
    fields = {"fields": dict(entry.fields)} if entry.fields else {}
    return {"id": entry.id, **place, **read, **text, **fields, "content": entry.content.hex()}


def entry_of(told: Mapping[str, Any]) -> Entry:
    """Read what `told_of` wrote."""
    return Entry(
        told["id"],
        told.get("text"),
        told.get("chunk", 0),
        told.get("start"),
        told.get("end"),
        told.get("fields", {}),
        bytes.fromhex(told["content"]),
        told["tokens"],
        told["dropped"],
    )
