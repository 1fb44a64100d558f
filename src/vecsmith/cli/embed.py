"""``vecsmith embed``: texts in, vectors out."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

import typer

from vecsmith.cli import options  # noqa: TC001 (typer reads the annotations when it runs)
from vecsmith.cli.messages import CLOSED_PIPE, SET_ASIDE, Tally, say, stop
from vecsmith.cli.progress import Watch, watching
from vecsmith.errors import EmbedWarning
from vecsmith.files import STDIN, BadRow, Row, Rows, format_of, open_sink, paths_of, read_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vecsmith.errors import InputError
    from vecsmith.files import Format, Kind, Sink
    from vecsmith.sync import Embedder
    from vecsmith.types import Compute, OnLong

__all__ = ["embed"]

NO_TEXT = """no text was given; for example:
  vecsmith embed "a cat" "a dog"
  vecsmith embed --input rows.csv --field body --output vectors.npy
  cat texts.txt | vecsmith embed"""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the texts come from."""

    texts: tuple[str, ...]
    """Those given as arguments; empty where a file or standard input is read."""
    path: str = STDIN
    kind: Kind | None = None
    field: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Engine:
    """With what the vectors are made."""

    model: str
    compute: Compute
    threads: int | None


@dataclass(frozen=True, slots=True)
class Wish:
    """How the vectors shall be."""

    dimensions: int | None
    normalize: bool | None
    on_long: OnLong
    prompt: str | None


@dataclass(frozen=True, slots=True)
class Target:
    """Where the vectors go."""

    path: Path | None
    form: Format
    quiet: bool


class Waiting(NamedTuple):
    """What is kept of a row until its vector is written."""

    id: str | int
    line: int
    position: int


class Feed:
    """Rows on their way: the texts go ahead to the embedder, their ids wait here for the vectors."""

    def __init__(self, rows: Iterable[Row], position: Callable[[], int]) -> None:
        self._rows = rows
        self._position = position
        self._waiting: dict[int, Waiting] = {}

    def texts(self) -> Iterator[str]:
        """Yield the texts, in order."""
        for index, row in enumerate(self._rows):
            self._waiting[index] = Waiting(row.id, row.line, self._position())
            yield row.text

    def take(self, index: int) -> Waiting:
        """Return what was kept of a row, for the last time."""
        return self._waiting.pop(index)


def embed(
    context: typer.Context,
    *,
    texts: options.Texts = None,
    source: options.Input = None,
    input_format: options.InputFormat = None,
    field: options.Field = None,
    id_field: options.Id = None,
    model: options.Model = "minilm",
    dimensions: options.Dimensions = None,
    normalize: options.Normalize = None,
    on_long: options.OnLong = "truncate",
    compute: options.Compute = "auto",
    threads: options.Threads = None,
    prompt: options.Prompt = None,
    output_format: options.OutputFormat = None,
    output: options.Output = None,
    quiet: options.Quiet = False,
) -> None:
    """Embed texts: those given, those of a file, or stdin, one per line.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with rows set aside, 130 interrupted.
    """
    if texts and source is not None and given(context, "source"):
        stop("texts are given and --input too: leave one of them away")
    if source == "":
        stop("--input names nothing: name a file, or leave it away to read standard input")
    origin = Origin(tuple(texts or ()), source or STDIN, input_format, field, id_field)
    if not texts and source is None and is_terminal(sys.stdin):
        stop(NO_TEXT)
    target = target_of(origin, None if output == Path(STDIN) else output, output_format, quiet=quiet)
    if quiet:
        warnings.simplefilter("ignore", EmbedWarning)
    try:
        code = run(origin, Engine(model, compute, threads), Wish(dimensions, normalize, on_long, prompt), target)
    except BrokenPipeError:
        code = CLOSED_PIPE
    raise typer.Exit(code)


def target_of(origin: Origin, path: Path | None, form: Format | None, *, quiet: bool) -> Target:
    """Check where the vectors are to go."""
    form = form or format_of(path)
    if form == "npy" and path is None:
        stop("the format npy is not written to stdout: name a file with --output, or use --format base64")
    if not origin.texts and any(is_input(each, origin) for each in paths_of(form, path) if each is not None):
        stop("--output names the input itself: name another file")
    return Target(path, form, quiet)


def run(origin: Origin, engine: Engine, wish: Wish, target: Target) -> int:
    """Embed all texts, say what was not embedded as given, and return the exit code."""
    from vecsmith.sync import Embedder

    tally = Tally("text" if origin.texts else "line")
    with ExitStack() as opened:
        feed, total = open_feed(origin, tally, opened)
        sink = opened.enter_context(open_sink(target.form, target.path))
        watch = opened.enter_context(watching(shown=is_watched(origin, target), total=total))
        embedder = opened.enter_context(Embedder(engine.model, compute=engine.compute, threads=engine.threads))
        transfer(feed, embedder, wish, sink, tally=tally, watch=watch)
    for line in tally.rows():
        say(line)
    if not target.quiet and (summary := tally.summary()):
        say(summary)
    return SET_ASIDE if tally.set_aside else 0


def open_feed(origin: Origin, tally: Tally, opened: ExitStack) -> tuple[Feed, int | None]:
    """Open the texts; return them with the size of their file where it is known."""
    if origin.texts:
        given_texts = (Row(number, text, number + 1) for number, text in enumerate(origin.texts))
        return Feed(given_texts, lambda: 0), None
    rows: Rows = opened.enter_context(
        read_rows(origin.path, kind=origin.kind, field=origin.field, id_field=origin.id, on_bad=tally.refuse)
    )
    return Feed(rows, lambda: rows.bytes_read), rows.bytes_total


def transfer(feed: Feed, embedder: Embedder, wish: Wish, sink: Sink, *, tally: Tally, watch: Watch) -> None:
    """Embed the texts of the feed into the sink."""

    def refuse(index: int, error: InputError) -> None:
        row = feed.take(index)
        tally.refuse(BadRow(row.line, row.id, error.reason))

    parts = embedder.stream(
        feed.texts(),
        dimensions=wish.dimensions,
        normalize=wish.normalize,
        on_long=wish.on_long,
        prompt=wish.prompt,
        on_bad=refuse,
    )
    rows = 0
    for part in parts:
        done = [feed.take(item.index) for item in part.items]
        sink.write([row.id for row in done], part)
        tally.add(part)
        watch(texts=len(done), tokens=part.usage.input_tokens, position=done[-1].position if done else 0)
        rows += len(done)
    if not rows:  # an empty array, too, has a width
        sink.write([], embedder.embed([], dimensions=wish.dimensions, normalize=wish.normalize))


def is_watched(origin: Origin, target: Target) -> bool:
    """Whether someone sees a progress bar, and sees nothing else in its place."""
    return (
        not target.quiet
        and not origin.texts
        and is_terminal(sys.stderr)
        and not (target.path is None and is_terminal(sys.stdout))
    )


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a standard stream is there and is a terminal."""
    return stream is not None and not stream.closed and stream.isatty()


def is_input(path: Path, origin: Origin) -> bool:
    """Whether a file that is to be written is the one that is read, under this or another name."""
    try:
        source = os.fstat(0) if origin.path == STDIN else Path(origin.path).stat()
        return path.is_file() and os.path.samestat(path.stat(), source)
    except (OSError, ValueError):  # one of them does not exist, which is for its reader or writer to say
        return False


def given(context: typer.Context, name: str) -> bool:
    """Whether the option stands on the command line, and not just in the environment."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
