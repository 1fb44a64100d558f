"""Facts for people and for programs, on standard output."""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["AsJson", "columns", "print_json"]

AsJson = Annotated[bool, typer.Option("--json", envvar="VECSMITH_JSON", help="Print JSON, for a program to read.")]


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield each row as a line, with the columns below each other."""
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()


def print_json(value: Any) -> None:
    """Print a value as JSON; half characters, which no encoding has, become question marks."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8"))
