"""``vecsmith keys``: who may use a server, and how much."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecsmith.cli.messages import say, stop
from vecsmith.cli.tables import AsJson, columns, print_json
from vecsmith.types import Lane

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vecsmith.server.access.keys import Key, Limits
    from vecsmith.server.access.ledger import Count

__all__ = ["app"]

app = typer.Typer(
    name="keys", no_args_is_help=True, rich_markup_mode=None, help="Make keys for a server, or revoke them."
)

LONGEST_NAME = 100
HEADINGS = ("ID", "NAME", "KIND", "MODELS", "LIMITS", "CREATED", "STATE", "REQUESTS", "TOKENS")


Name = Annotated[
    str,
    typer.Option("--name", envvar="VECSMITH_KEY_NAME", metavar="NAME", help="What the key is for, in your words."),
]
Models = Annotated[
    str | None,
    typer.Option(
        "--models",
        envvar="VECSMITH_KEY_MODELS",
        metavar="NAME,…",
        help="The models that it is good for, with commas between them. Default: all that are served.",
    ),
]
RequestsPerMinute = Annotated[
    int | None,
    typer.Option("--requests-per-minute", envvar="VECSMITH_REQUESTS_PER_MINUTE", metavar="N", min=1),
]
TokensPerMinute = Annotated[
    int | None, typer.Option("--tokens-per-minute", envvar="VECSMITH_TOKENS_PER_MINUTE", metavar="N", min=1)
]
TokensPerDay = Annotated[
    int | None,
    typer.Option(
        "--tokens-per-day", envvar="VECSMITH_TOKENS_PER_DAY", metavar="N", min=1, help="Days begin at 00:00 UTC."
    ),
]
Concurrency = Annotated[
    int | None,
    typer.Option("--concurrency", envvar="VECSMITH_KEY_CONCURRENCY", metavar="N", min=1, help="The requests at once."),
]
ItsLane = Annotated[
    Lane | None,
    typer.Option(
        "--lane",
        envvar="VECSMITH_LANE",
        help="Whether its texts go before others' or behind them. Default: by the size of a request.",
    ),
]
Publishable = Annotated[
    bool,
    typer.Option(
        "--publishable",
        envvar="VECSMITH_PUBLISHABLE",
        help="A key that is no secret: good for local models, on the server's own machine.",
    ),
]


@app.command("create")
def create(
    *,
    name: Name = "",
    models: Models = None,
    requests_per_minute: RequestsPerMinute = None,
    tokens_per_minute: TokensPerMinute = None,
    tokens_per_day: TokensPerDay = None,
    concurrency: Concurrency = None,
    lane: ItsLane = None,
    publishable: Publishable = False,
    as_json: AsJson = False,
) -> None:
    """Make a key, and show it this once.

    A server that runs takes it within a second or two.
    """
    from vecsmith.server.access.keys import Limits, make_key
    from vecsmith.server.access.keystore import add_key

    if len(name) > LONGEST_NAME or not name.isprintable():
        stop(f"--name takes at most {LONGEST_NAME} characters that can be printed")
    limits = Limits(split(models), requests_per_minute, tokens_per_minute, tokens_per_day, concurrency)
    key, shown = make_key(name, "publishable" if publishable else "secret", limits, lane, time.time())
    add_key(key)
    if as_json:
        print_json({**facts(key, None), "key": shown})
        return
    typer.echo(shown)
    if not publishable:
        say(f"key {key.id}: keep it now, it is not shown again")


@app.command("list")
def show_list(*, as_json: AsJson = False) -> None:
    """List the keys, and what each was used for this month."""
    from vecsmith.server.access.keystore import all_keys
    from vecsmith.server.access.ledger import by_key, month, usage

    keys, used = all_keys(), by_key(usage(month()))
    if as_json:
        print_json([facts(key, used.get(key.id)) for key in keys])
        return
    for line in columns([HEADINGS, *(cells(key, used.get(key.id)) for key in keys)]):
        typer.echo(line)


@app.command("revoke")
def revoke(
    number: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `vecsmith keys list` shows it.")],
) -> None:
    """Make a key worth nothing.

    A server that runs refuses it within a second or two.
    """
    from vecsmith.server.access.keystore import revoke_key

    key = revoke_key(number, time.time())
    say(f"key {key.id} is revoked")


def split(models: str | None) -> tuple[str, ...]:
    """Return the models that are named with commas between them."""
    if models is None:
        return ()
    found = tuple(name for name in map(str.strip, models.split(",")) if name)
    if not found:
        stop("--models must name a model")
    return found


def facts(key: Key, used: Count | None) -> dict[str, Any]:
    """Return what a program may know of a key."""
    told = {
        "id": key.id,
        "name": key.name,
        "kind": key.kind,
        **asdict(key.limits),
        "lane": key.lane,
        "created": moment(key.created),
        "revoked": moment(key.revoked) if key.revoked is not None else None,
    }
    if key.shown:
        told["key"] = key.shown
    if used is not None:
        told["month"] = asdict(used)
    return told


def cells(key: Key, used: Count | None) -> tuple[str, ...]:
    """Return a key's row of the table."""
    return (
        key.id,
        key.name or "-",
        key.kind,
        ", ".join(key.limits.models) or "all",
        ", ".join(limits(key.limits)) or "none",
        moment(key.created)[:10],
        "good" if key.revoked is None else f"revoked {moment(key.revoked)[:10]}",
        f"{used.requests:,}" if used else "0",
        f"{used.tokens:,}" if used else "0",
    )


def limits(given: Limits) -> Iterator[str]:
    """Yield each limit in words."""
    for number, words in (
        (given.requests_per_minute, "requests a minute"),
        (given.tokens_per_minute, "tokens a minute"),
        (given.tokens_per_day, "tokens a day"),
        (given.concurrency, "at once"),
    ):
        if number is not None:
            yield f"{number:,} {words}"


def moment(seconds: int) -> str:
    """Return a time as ISO 8601 has it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()
