"""``vecsmith cache``: what is kept, and how to let go of it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecsmith.cli.messages import counted, stop
from vecsmith.cli.tables import AsJson, columns, print_json
from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["app"]

app = typer.Typer(name="cache", no_args_is_help=True, rich_markup_mode=None, help="Look into the cache, or empty it.")

PATIENCE = 10.0
"""Seconds to wait for another process that writes."""

UNITS = ("bytes", "kB", "MB", "GB", "TB")
STEP = 1000

File = Annotated[
    str | None,
    typer.Argument(
        metavar="[PATH]",
        envvar="VECSMITH_CACHE",
        help="The cache's file, as --cache names it. Default: the one in the user's data folder.",
    ),
]


@app.command("stats")
def show_stats(path: File = None, *, as_json: AsJson = False) -> None:
    """Say how much is kept, and since when."""
    facts = measured(path)
    if as_json:
        print_json(facts)
        return
    for line in columns([(name.replace("_", " "), shown(name, value)) for name, value in facts.items()]):
        typer.echo(line)


@app.command("prune")
def prune(
    path: File = None,
    *,
    size: Annotated[
        str | None,
        typer.Option(
            "--size",
            envvar="VECSMITH_PRUNE_SIZE",
            metavar="SIZE",
            help="Delete what was used longest ago until the file is no larger, such as 500MB.",
        ),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than",
            envvar="VECSMITH_OLDER_THAN",
            metavar="TIME",
            help="Delete what was made longer ago, such as 30d or 12h.",
        ),
    ] = None,
) -> None:
    """Delete old entries, and give their room back to the disk."""
    from vecsmith.cache.address import parse_duration, parse_size
    from vecsmith.cache.rows import compact, expire, shrink

    if size is None and older_than is None:
        stop("prune needs --size or --older-than")
    most = parse_size(size) if size else None
    since = time.time() - parse_duration(older_than) if older_than else None
    gone = 0
    with opened(path) as db:
        if db is not None:
            gone += expire(db, made_before=int(since)) if since is not None else 0
            gone += shrink(db, most) if most is not None else 0
            compact(db)
    typer.echo(f"{counted(gone, 'entry', 'entries')} deleted")


@app.command("clear")
def clear(path: File = None) -> None:
    """Delete every entry, and give the room back to the disk."""
    from vecsmith.cache.rows import clear as delete_all
    from vecsmith.cache.rows import compact

    gone = 0
    with opened(path) as db:
        if db is not None:
            gone = delete_all(db)
            compact(db)
    typer.echo(f"{counted(gone, 'entry', 'entries')} deleted")


def measured(path: str | None) -> dict[str, Any]:
    """Return what there is to say of a cache's file; where there is none, that it holds nothing."""
    from vecsmith.cache.rows import stats

    place = place_of(path)
    with opened(path) as db:
        found = stats(db) if db is not None else None
    return {
        "path": str(place),
        "entries": found.entries if found else 0,
        "file_bytes": place.stat().st_size if found else 0,
        "bytes_in_use": found.live_bytes if found else 0,
        "oldest": moment(found.oldest) if found else None,
        "newest": moment(found.newest) if found else None,
        "last_used": moment(found.last_used) if found else None,
    }


@contextmanager
def opened(path: str | None) -> Iterator[sqlite3.Connection | None]:
    """Open a cache's file; None where there is none."""
    from vecsmith.cache.file import open_existing

    place = place_of(path)
    try:
        with open_existing(place, patience=PATIENCE) as db:
            yield db
    except (sqlite3.Error, OSError) as error:
        raise ConfigError(
            f"the cache {place} cannot be used ({error}): make its folder writable, or try again"
        ) from None


def place_of(path: str | None) -> Path:
    """Return the file that is meant."""
    from vecsmith.cache.address import DEFAULT, parse_address

    place = parse_address(path or DEFAULT).path
    if place is None:
        raise ConfigError("a cache in memory ends with its process: name a file")
    return place


def moment(seconds: int | None) -> str | None:
    """Return a time as ISO 8601 has it, in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def shown(name: str, value: Any) -> str:
    """Return a fact as a person reads it."""
    if not isinstance(value, int):
        return str(value or "never")
    return amount(value) if "bytes" in name else f"{value:,}"


def amount(number: float) -> str:
    """Return bytes in the unit that suits them."""
    power = 0
    while number >= STEP and power < len(UNITS) - 1:
        number, power = number / STEP, power + 1
    return f"{number:,.1f} {UNITS[power]}" if power else f"{number:,.0f} {UNITS[0]}"
