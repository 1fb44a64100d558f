"""``vecsmith search``: the rows of a store that are nearest to a text."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecsmith.cli import options  # noqa: TC001 (typer reads the annotations when it runs)
from vecsmith.cli.messages import printable, say
from vecsmith.cli.tables import AsJson, print_json
from vecsmith.cli.work import is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vecsmith.stores import Hit

__all__ = ["search"]

LINES = 3
"""Lines of a found text that are shown on a terminal."""
NARROWEST = 40

Query = Annotated[str, typer.Argument(help="What to look for.")]
In = Annotated[
    str,
    typer.Option(
        "--in",
        envvar="VECSMITH_IN",
        metavar="FILE|postgresql://…",
        help="Where vecsmith embed --output wrote: an SQLite, Parquet, npy or JSON lines file, or a Postgres database.",
    ),
]
K = Annotated[int, typer.Option("-k", "--k", envvar="VECSMITH_K", metavar="N", min=1, help="How many to find.")]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        envvar="VECSMITH_WHERE",
        metavar="COLUMN=VALUE",
        help="Only rows whose column is so; also != < <= > >=. Several must all hold.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model", envvar="VECSMITH_SEARCH_MODEL", metavar="NAME", help="Default: the model that the store names."
    ),
]
Exact = Annotated[
    bool, typer.Option("--exact", envvar="VECSMITH_EXACT", help="Look at every row, also where there is an index.")
]
Oversample = Annotated[
    int,
    typer.Option(
        "--oversample",
        envvar="VECSMITH_OVERSAMPLE",
        metavar="N",
        min=1,
        help="For vectors of packed bits: how many times as many are found by their signs, and put in order.",
    ),
]
Whole = Annotated[bool, typer.Option("--whole", envvar="VECSMITH_WHOLE", help="Show the whole of each text.")]


def search(
    query: Query,
    *,
    place: In,
    table: options.Table = None,
    k: K = 10,
    where: Where = None,
    model: Model = None,
    base_url: options.BaseUrl = None,
    compute: options.Compute = "auto",
    threads: options.Threads = None,
    task: options.Task = None,
    prompt: options.Prompt = None,
    exact: Exact = False,
    oversample: Oversample = 4,
    whole: Whole = False,
    as_json: AsJson = False,
) -> None:
    """Find the texts of a store that mean what you ask for, nearest first.

    The query is embedded by the model that the store names, for the task that its rows are the counterpart of. A score
    is a cosine: 1 is the same.
    """
    from vecsmith import Embedder
    from vecsmith.stores import Store

    with Store(place, table=table) as store:
        chosen = model or store.model
        with Embedder(chosen, base_url=base_url, compute=compute, threads=threads) as embedder:
            hits = store.search(
                query, k, where=where, embedder=embedder, task=task, prompt=prompt, exact=exact, oversample=oversample
            )
    if as_json:
        print_json([asdict(hit) | {"fields": dict(hit.fields)} for hit in hits])
        return
    for line in lines(hits, whole=whole):
        typer.echo(line)
    if not hits:
        say("nothing was found" + (": no row is as --where says" if where else ""))


def lines(hits: list[Hit], *, whole: bool) -> Iterator[str]:
    """Yield what is shown of each row: its score and id, its place in its text, its columns, and its text."""
    width = max(shutil.get_terminal_size().columns, NARROWEST) if is_terminal(sys.stdout) else None
    for hit in hits:
        place = "" if hit.start is None else f"  characters {hit.start:,}-{hit.end:,}"
        columns = "".join(f"  {printable(name)}={shortened(value)}" for name, value in hit.fields.items())
        yield f"{hit.score:.3f}  {printable(hit.id)}{place}{columns}"[: width or None]
        if hit.text is not None:
            yield from shown(hit.text, width, whole=whole)


def shown(text: str, width: int | None, *, whole: bool) -> Iterator[str]:
    """Yield the lines of a text, indented; cut to a few on a terminal, and to one elsewhere."""
    import textwrap

    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if whole:
        yield from textwrap.wrap(flat, (width or 100) - 7, initial_indent=" " * 7, subsequent_indent=" " * 7)
        return
    wrapped = textwrap.wrap(flat, (width or 120) - 7, max_lines=LINES if width else 1, placeholder=" …")
    yield from (" " * 7 + line for line in wrapped)


def shortened(value: Any) -> str:
    """Return a column's value on one line, not too long."""
    told = printable(str(value))
    return told if len(told) <= NARROWEST else told[: NARROWEST - 1] + "…"
