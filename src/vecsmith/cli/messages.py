"""What the command line says on standard error, and how it ends."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vecsmith.files import BadRow
    from vecsmith.types import EmbedResult

__all__ = ["CLOSED_PIPE", "FAILED", "SET_ASIDE", "WRONG_USAGE", "Tally", "counted", "say", "stop"]

FAILED = 1
WRONG_USAGE = 2
SET_ASIDE = 3
"""Done, with rows set aside."""
CLOSED_PIPE = 141
"""Nobody reads the output any longer; what a shell reports for a program that the system ended for that."""

NAMED = 20
"""Rows set aside that are named; the others are counted."""

LONGEST_ID = 80


@dataclass(slots=True)
class Tally:
    """What became of the texts of one call, as far as it is worth a word."""

    unit: str = "line"
    """What a row's number counts: ``line`` of a file, or ``text`` among the arguments."""
    cut: int = 0
    dropped: int = 0
    replaced: int = 0
    set_aside: int = 0
    encoding: str = "utf-8"
    """What the input was decoded with."""
    named: list[BadRow] = field(default_factory=list)

    def add(self, part: EmbedResult) -> None:
        """Count what was cut or replaced in a run of texts."""
        self.cut += sum(dropped > 0 for dropped in part.items.dropped)
        self.dropped += sum(part.items.dropped)
        self.replaced += sum(part.items.replaced)

    def refuse(self, row: BadRow) -> None:
        """Count a row that is set aside."""
        self.set_aside += 1
        if len(self.named) < NAMED:
            self.named.append(row)

    def rows(self) -> Iterator[str]:
        """Yield a line for each row set aside, and one for those beyond the first `NAMED`."""
        for row in sorted(self.named, key=lambda row: row.line):
            identity = "" if row.id is None else f" (id {printable(row.id)})"
            yield f"set aside: {self.unit} {row.line}{identity}: {row.reason}"
        if self.set_aside > len(self.named):
            yield f"set aside: {counted(self.set_aside - len(self.named), 'more row')}"

    def summary(self) -> str | None:
        """Return one line about what was not embedded as given, or None."""
        parts = []
        if self.encoding != "utf-8":
            parts.append(f"input read as {self.encoding} (see --input-encoding)")
        if self.cut:
            parts.append(
                f"{counted(self.cut, 'text')} cut, {counted(self.dropped, 'token')} dropped (see --on-long)",
            )
        if self.replaced:
            parts.append(f"{counted(self.replaced, 'unreadable character')} replaced by U+FFFD")
        if self.set_aside:
            parts.append(f"{counted(self.set_aside, 'row')} set aside")
        return "; ".join(parts) or None


def say(message: str) -> None:
    """Write a line to standard error; where that cannot be written, the exit code must do."""
    with suppress(OSError):
        typer.echo(message, err=True)


def stop(message: str, code: int = WRONG_USAGE) -> NoReturn:
    """End the command with an error."""
    say(f"error: {message}")
    raise typer.Exit(code)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, in the plural where needed: ``plural``, or the noun with an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def printable(identity: str | int) -> str:
    """Return an id that cannot disturb a terminal."""
    kept = "".join(c if c.isprintable() else "\ufffd" for c in str(identity)[: LONGEST_ID + 1])
    return kept if len(kept) <= LONGEST_ID else kept[: LONGEST_ID - 1] + "…"
