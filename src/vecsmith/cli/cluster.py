"""``vecsmith cluster``: texts in, groups of them out."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vecsmith.cli import options  # noqa: TC001 (typer reads the annotations when it runs)
from vecsmith.cli.clusters import table
from vecsmith.cli.messages import SET_ASIDE, Tally, say, stop
from vecsmith.cli.progress import watching
from vecsmith.cli.reading import File
from vecsmith.cli.tables import AsJson, print_json
from vecsmith.cli.work import Engine, hush, is_terminal, is_watched, one_vector_each
from vecsmith.errors import EmbedError
from vecsmith.files import STDIN, BadRow

if TYPE_CHECKING:
    from vecsmith.clustering import Clusters, Collection, Wish
    from vecsmith.errors import InputError
    from vecsmith.files import Row
    from vecsmith.options import CallOptions

__all__ = ["cluster"]

NO_INPUT = """no file was named; for example:
  vecsmith cluster --input reviews.csv --field body --picture reviews.html"""

In = Annotated[
    str | None,
    typer.Option(
        "--in",
        envvar="VECSMITH_IN",
        metavar="FILE|postgresql://…",
        help="Group what vecsmith embed --output wrote there, and embed nothing.",
    ),
]
Many = Annotated[
    int | None,
    typer.Option(
        "--clusters",
        "-k",
        envvar="VECSMITH_CLUSTERS",
        metavar="N",
        min=1,
        help="How many clusters. Default: the number that fits best, which is found.",
    ),
]
Method = Annotated[
    Literal["kmeans", "hdbscan"],
    typer.Option(
        "--method",
        envvar="VECSMITH_METHOD",
        help="kmeans gives every text a cluster; hdbscan finds where texts lie densely and leaves the others out.",
    ),
]
MinSize = Annotated[
    int | None,
    typer.Option(
        "--min-size",
        envvar="VECSMITH_MIN_SIZE",
        metavar="N",
        min=2,
        help="Texts of the smallest cluster of hdbscan. Default: a hundredth of all, and at least 5.",
    ),
]
OnLong = Annotated[
    Literal["truncate", "truncate_start", "error", "mean"],
    typer.Option(
        "--on-long",
        envvar="VECSMITH_ON_LONG",
        help="A text longer than the model reads: keep its beginning, keep its end, set it aside, or read all its "
        "chunks.",
    ),
]
Rows = Annotated[
    Path | None,
    typer.Option(
        "--output",
        envvar="VECSMITH_OUTPUT",
        metavar="FILE",
        help="Write every row's cluster to a .csv, .tsv or .jsonl file.",
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option(
        "--picture",
        envvar="VECSMITH_PICTURE",
        metavar="FILE",
        help="Draw the texts in two dimensions, into a .png file, or an .html page whose points tell their texts.",
    ),
]
Title = Annotated[str | None, typer.Option("--title", envvar="VECSMITH_TITLE", help="The picture's title.")]


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the clusters go, beside standard output."""

    rows: Path | None
    picture: Path | None
    title: str | None

    def check(self, file: File) -> None:
        """Refuse what cannot be written, before anything is embedded."""
        from vecsmith.clustering.picture import drawable
        from vecsmith.clustering.saving import check_ending

        if self.rows is not None:
            check_ending(self.rows)
        if self.picture is not None:
            drawable(self.picture)
        for name, path in (("--output", self.rows), ("--picture", self.picture)):
            if path is not None and file.is_at(path):
                stop(f"{name} names the input itself: name another file")

    def write(self, clusters: Clusters) -> None:
        """Write the files that are wanted."""
        if self.rows is not None:
            clusters.save(self.rows)
        if self.picture is not None:
            clusters.picture(self.picture, title=self.title)


def cluster(
    *,
    source: options.Input = None,
    input_format: options.InputFormat = None,
    input_encoding: options.InputEncoding = None,
    field: options.Field = None,
    id_field: options.Id = None,
    place: In = None,
    table: options.Table = None,
    model: options.Model = "minilm",
    many: Many = None,
    method: Method = "kmeans",
    min_size: MinSize = None,
    on_long: OnLong = "truncate",
    compute: options.Compute = "auto",
    threads: options.Threads = None,
    base_url: options.BaseUrl = None,
    concurrency: options.Concurrency = None,
    dimensions: options.Dimensions = None,
    prompt: options.Prompt = None,
    clean: options.Clean = None,
    cache: options.Cache = None,
    output: Rows = None,
    picture: Picture = None,
    title: Title = None,
    quiet: options.Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Group the texts of a file, or of a store, by what they mean, and name each group by its own words.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with rows set aside, 130 interrupted.
    """
    from vecsmith.clustering import Wish, clustered

    check_given(source, place)
    file = File(source or STDIN, input_format, input_encoding, field, id_field)
    wish, targets = Wish(many, method, min_size), Targets(output, picture, title)
    check_wanted(wish, targets, file)
    hush(quiet=quiet)
    tally = Tally()
    if place is None:
        engine = Engine(model, compute, threads, base_url, concurrency, cache)
        asked = one_vector_each("clustering", prompt, dimensions, on_long, clean)
        collection = embedded(read(file, wish, tally), engine, asked, tally, quiet=quiet)
    else:
        collection = stored(place, table)
    clusters = clustered(collection, wish)
    targets.write(clusters)
    tell(clusters, as_json=as_json)
    remark(clusters, tally, quiet=quiet)
    raise typer.Exit(SET_ASIDE if tally.set_aside else 0)


def check_given(source: str | None, place: str | None) -> None:
    """Refuse texts from two places, or from none."""
    if not source and place is None and is_terminal(sys.stdin):
        stop(NO_INPUT)
    if source and place is not None:
        stop("--input and --in are given: leave one of them away")


def check_wanted(wish: Wish, targets: Targets, file: File) -> None:
    """Refuse what cannot be done, before anything is read."""
    from vecsmith.clustering import checked

    try:
        checked(wish)
        targets.check(file)
    except EmbedError as error:
        stop(str(error))


def read(file: File, wish: Wish, tally: Tally) -> list[Row]:
    """Return the usable rows of a file; refuse too few of them before they are embedded."""
    from vecsmith.clustering import enough

    with file.open(tally) as opened:
        rows = list(opened)
    if rows:
        enough(wish, len(rows))
    return rows


def embedded(rows: list[Row], engine: Engine, asked: CallOptions, tally: Tally, *, quiet: bool) -> Collection:
    """Embed the texts of rows; those that cannot be embedded are set aside."""
    import numpy as np

    from vecsmith.clustering import Collection

    kept, parts, done = dict(enumerate(rows)), [], 0

    def refuse(index: int, error: InputError) -> None:
        row = kept.pop(index)
        tally.refuse(BadRow(row.line, row.id, error.reason))

    with ExitStack() as opened:
        total = sum(len(row.text) for row in rows)
        watch = opened.enter_context(watching(shown=is_watched(quiet=quiet), total=total))
        embedder = opened.enter_context(engine.open())
        for part in embedder.stream((row.text for row in rows), on_bad=refuse, **asked):
            parts.append(part.vectors)
            tally.add(part)
            done += sum(len(rows[index].text) for index in part.items.indexes)
            watch(texts=len(part), tokens=part.usage.input_tokens, position=done)
    vectors = np.concatenate(parts) if kept else np.empty((0, 1), np.float32)
    return Collection.of(vectors, [row.text for row in kept.values()], [row.id for row in kept.values()])


def stored(place: str, table: str | None) -> Collection:
    """Take the texts and vectors of a store; a chunk of a text is a text of its own, ``ID#CHUNK``."""
    from vecsmith.clustering import Collection
    from vecsmith.stores import Store

    with Store(place, table=table) as store:
        entries, vectors = store.everything()
    ids = [entry.id if entry.start is None else f"{entry.id}#{entry.chunk}" for entry in entries]
    return Collection.of(vectors, [entry.text or "" for entry in entries], ids)


def tell(clusters: Clusters, *, as_json: bool) -> None:
    """Print the clusters."""
    if as_json:
        print_json(clusters.to_dict())
        return
    for line in table(clusters):
        typer.echo(line)


def remark(clusters: Clusters, tally: Tally, *, quiet: bool) -> None:
    """Say on standard error how the number of clusters came about, and what was not clustered."""
    for line in tally.rows():
        say(line)
    if quiet:
        return
    many = "1 cluster" if len(clusters) == 1 else f"{len(clusters)} clusters"
    said = f"{many}: {clusters.found}"
    if len(clusters.outliers):
        said += f"; {len(clusters.outliers):,} of {len(clusters.labels):,} texts are in none"
    say(said)
    if summary := tally.summary():
        say(summary)
