"""``vecsmith embed``: texts in, vectors out."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from vecsmith.cli import options  # noqa: TC001 (typer reads the annotations when it runs)
from vecsmith.cli.explain import Explanation
from vecsmith.cli.feed import Feed, Origin
from vecsmith.cli.keep import Place, keep
from vecsmith.cli.messages import CLOSED_PIPE, SET_ASIDE, say, stop
from vecsmith.cli.progress import watching
from vecsmith.cli.reading import File
from vecsmith.cli.work import Engine, Talk, hush, is_terminal
from vecsmith.files import STDIN, BadRow, format_of, open_sink, paths_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vecsmith.chunking import Chunking
    from vecsmith.cli.messages import Tally
    from vecsmith.encodings import Calibration
    from vecsmith.errors import InputError
    from vecsmith.files import Format
    from vecsmith.options import CallOptions
    from vecsmith.sync import Embedder
    from vecsmith.types import By, Combine, EmbedResult, OnLong

__all__ = ["embed"]

NO_TEXT = """no text was given; for example:
  vecsmith embed "a cat" "a dog"
  vecsmith embed --input rows.csv --field body --output vectors.npy
  cat texts.txt | vecsmith embed"""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the vectors go."""

    path: Path | None
    form: Format


def embed(
    context: typer.Context,
    *,
    texts: options.Texts = None,
    source: options.Input = None,
    input_format: options.InputFormat = None,
    input_encoding: options.InputEncoding = None,
    field: options.Field = None,
    id_field: options.Id = None,
    model: options.Model = "minilm",
    dimensions: options.Dimensions = None,
    normalize: options.Normalize = None,
    on_long: options.OnLong = "truncate",
    compute: options.Compute = "auto",
    threads: options.Threads = None,
    base_url: options.BaseUrl = None,
    concurrency: options.Concurrency = None,
    prompt: options.Prompt = None,
    task: options.Task = None,
    title: options.Title = None,
    clean: options.Clean = None,
    encoding: options.Encoding = "float32",
    calibration: options.Calibration = None,
    chunk_by: options.ChunkBy = None,
    chunk_tokens: options.ChunkTokens = None,
    chunk_overlap: options.ChunkOverlap = 0,
    combine: options.Combine = "weighted_mean",
    cache: options.Cache = None,
    output_format: options.OutputFormat = None,
    output: options.Output = None,
    quiet: options.Quiet = False,
    table: options.Table = None,
    keep_text: options.KeepText = True,
    index: options.Index = False,
    prune: options.Prune = False,
    explain: options.Explain = False,
    dry_run: options.DryRun = False,
) -> None:
    """Embed texts: those given, those of a file, or stdin, one per line.

    Into an SQLite, Parquet, npy or JSON lines file, or a Postgres table, vectors are kept with their texts, to be
    searched by vecsmith search. A row that is there with the same content is not embedded again.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with rows set aside, 130 interrupted.
    """
    check_given(context, texts, source)
    origin = Origin(tuple(texts or ()), File(source or STDIN, input_format, input_encoding, field, id_field))
    place = Place(STDIN if output is None else output, table, keep_text=keep_text, index=index, prune=prune)
    target = target_of(origin, place, output_format)
    hush(quiet=quiet)
    wish: CallOptions = {
        "task": task,
        "dimensions": dimensions,
        "normalize": normalize,
        "on_long": on_long,
        "encoding": encoding,
        "calibration": ranges(calibration),
        "prompt": prompt,
        "title": title,
        "clean": clean or (),
        "chunking": chunks(on_long, chunk_by, chunk_tokens, chunk_overlap, combine),
    }
    engine = Engine(model, compute, threads, base_url, concurrency, cache)
    raise typer.Exit(done(origin, engine, wish, None if dry_run else target, Talk(quiet, explain)))


def check_given(context: typer.Context, texts: list[str] | None, source: str | None) -> None:
    """Refuse texts from two places, or from none."""
    if texts and source is not None and named(context, "source"):
        stop("texts are given and --input too: leave one of them away")
    if source == "":
        stop("--input names nothing: name a file, or leave it away to read standard input")
    if not texts and source is None and is_terminal(sys.stdin):
        stop(NO_TEXT)


def named(context: typer.Context, option: str) -> bool:
    """Whether the option stands on the command line, and not just in the environment."""
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


def target_of(origin: Origin, place: Place, form: Format | None) -> Place | Target:
    """Return where the vectors go, a store or else a file or stream; check that they can."""
    stored = place.is_store(form)
    target = place if stored else written_to(origin, None if place.address == STDIN else Path(place.address), form)
    place.check(origin, stored=stored)
    return target


def written_to(origin: Origin, path: Path | None, form: Format | None) -> Target:
    """Return the file, or standard output, and in which format it is written."""
    form = form or format_of(path)
    if form == "npy" and path is None:
        stop("the format npy is not written to stdout: name a file with --output, or use --format base64")
    if any(origin.reads(each) for each in paths_of(form, path) if each is not None):
        stop("--output names the input itself: name another file")
    return Target(path, form)


def ranges(path: Path | None) -> Calibration | None:
    """Read the file that --calibration names."""
    if path is None:
        return None
    from vecsmith.encodings import Calibration

    return Calibration.load(path)


def chunks(on_long: OnLong, by: By | None, tokens: int | None, overlap: int, combine: Combine) -> Chunking | None:
    """Return how texts are cut; None where nothing is said of it."""
    if by is None and tokens is None and not overlap and combine == "weighted_mean":
        return None
    if on_long not in {"chunk", "mean", "late"}:
        stop("--chunk-by, --chunk-tokens, --chunk-overlap and --combine are for --on-long chunk, mean or late")
    from vecsmith.chunking import Chunking

    return Chunking(by or "token", tokens, overlap, combine)


def done(origin: Origin, engine: Engine, wish: CallOptions, target: Place | Target | None, talk: Talk) -> int:
    """Embed the texts, or only estimate that where there is no target; return the exit code."""
    try:
        match target:
            case None:
                return estimate(origin, engine, wish)
            case Place():
                return keep(origin, engine, wish, target, talk)
            case Target():
                return run(origin, engine, wish, target, talk)
    except BrokenPipeError:
        return CLOSED_PIPE


def run(origin: Origin, engine: Engine, wish: CallOptions, target: Target, talk: Talk) -> int:
    """Embed all texts, say what was not embedded as given, and return the exit code."""
    tally, explanation = origin.tally(), Explanation()
    with ExitStack() as opened:
        source = origin.open(tally, opened)
        feed, total = Feed(source), source.total
        sink = opened.enter_context(open_sink(target.form, target.path))
        watch = opened.enter_context(watching(shown=talk.watched(origin, printing=target.path is None), total=total))
        embedder = opened.enter_context(engine.open())
        for ids, part, position in parts(feed, embedder, wish, tally):
            sink.write(ids, part)
            tally.add(part)
            explanation.add(ids, part)
            watch(texts=len(ids), tokens=part.usage.input_tokens, position=position)
    return talk.end(tally, explanation)


def estimate(origin: Origin, engine: Engine, wish: CallOptions) -> int:
    """Say what embedding all texts would consume, and return the exit code."""
    from vecsmith.cli.dry_run import lines
    from vecsmith.sync import estimated

    tally = origin.tally()
    with ExitStack() as opened:
        feed = Feed(origin.open(tally, opened))
        told = estimated(engine.unopened(), feed.texts(), wish)
    for line in tally.rows():
        say(line)
    for line in lines(told):
        typer.echo(line)
    return SET_ASIDE if tally.set_aside else 0


def parts(
    feed: Feed, embedder: Embedder, wish: CallOptions, tally: Tally
) -> Iterator[tuple[list[str | int], EmbedResult, int]]:
    """Yield the ids of rows, their vectors, and how far their file was read."""

    def refuse(index: int, error: InputError) -> None:
        row = feed.take(index)
        tally.refuse(BadRow(row.line, row.id, error.reason))

    rows = 0
    for part in embedder.stream(feed.texts(), on_bad=refuse, **wish):
        done = [feed.take(index) for index in part.items.indexes]
        yield [row.id for row in done], part, done[-1].position if done else 0
        rows += len(done)
    if not rows:  # an empty array, too, has a width
        yield [], embedder.embed([], **wish), 0
