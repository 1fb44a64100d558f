"""``vecsmith classify``: texts to labels, learnt from examples or from what the labels say."""

from __future__ import annotations

import json
import sys
import warnings
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from vecsmith.cli import classify_options as own  # noqa: TC001 (typer reads the annotations when it runs)
from vecsmith.cli import options  # noqa: TC001 (as above)
from vecsmith.cli.labelled import Source, as_known, concluded, embedded, embedded_whole, labels_in, source_of
from vecsmith.cli.messages import CLOSED_PIPE, FAILED, Tally, counted, say, stop
from vecsmith.cli.tables import AsJson, print_json
from vecsmith.cli.work import Engine, is_terminal
from vecsmith.errors import EmbedWarning
from vecsmith.files import STDIN
from vecsmith.files.outputs import destination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vecsmith.classifying import Classifier, Predictions, Report
    from vecsmith.files import Row
    from vecsmith.options import CallOptions

__all__ = ["app"]

app = typer.Typer(
    name="classify",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Label texts: learnt from labelled examples, or from what the labels say.",
)

DIGITS = 4


@app.command("train")
def train(
    *,
    source: options.Input = None,
    label: own.Label = "label",
    output: own.HeadOutput,
    input_format: options.InputFormat = None,
    input_encoding: options.InputEncoding = None,
    field: options.Field = None,
    id_field: options.Id = None,
    test: own.Test = None,
    holdout: own.Holdout = 0.2,
    c: own.Strength = None,
    balanced: own.Balanced = False,
    unsure_below: own.UnsureBelow = None,
    unsure_margin: own.UnsureMargin = None,
    picture: own.Picture = None,
    model: options.Model = "minilm",
    task: options.Task = "classification",
    prompt: options.Prompt = None,
    dimensions: options.Dimensions = None,
    on_long: options.OnLong = "truncate",
    clean: options.Clean = None,
    compute: options.Compute = "auto",
    threads: options.Threads = None,
    base_url: options.BaseUrl = None,
    concurrency: options.Concurrency = None,
    cache: options.Cache = None,
    quiet: options.Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Learn labels from labelled rows, save what was learnt, and report on rows that it had not seen.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with rows set aside, 130 interrupted.
    """
    from vecsmith.classifying import training
    from vecsmith.classifying.asking import call_options, plain_options
    from vecsmith.classifying.classifier import Classifier
    from vecsmith.classifying.predictions import Unsure

    check_picture(picture)
    asked = training.Training(c, balanced, holdout, Unsure(**given(below=unsure_below, margin=unsure_margin)))
    origin = source_of(
        source, Source(kind=input_format, encoding=input_encoding, field=field, id=id_field, label=label)
    )
    wish = wishes(task, prompt, dimensions, on_long, clean)
    tally, tested, shown = Tally(), Tally("test line"), is_watched(quiet=quiet)
    with talking(quiet=quiet), Engine(model, compute, threads, base_url, concurrency, cache).open() as embedder:
        plain = plain_options(embedder, wish)
        rows = embedded_whole(origin, embedder, call_options(plain), tally, shown=shown)
        apart = None
        if test is not None:
            place = replace(origin, path=test, id=None)
            apart = embedded_whole(place, embedder, call_options(plain), tested, shown=shown).examples(rows.labels)
        trained = training.train(rows.examples(), asked, apart)
        classifier = Classifier.of(embedder, trained, rows.space, plain, asked.unsure)
        classifier.save(output)
    facts: dict[str, Any] = {
        "head": str(output),
        "rows": len(rows.rows),
        "labels": len(classifier.labels),
        "c": trained.c,
    }
    tell(classifier.report, picture, {**facts, "notes": list(trained.notes)} if as_json else None)
    if not quiet:
        say(f"learnt {counted(facts['labels'], 'label')} from {counted(facts['rows'], 'row')} (C {trained.c:g})")
        say(f"saved: {output}")
    code = max(concluded(tally, quiet=quiet, notes=trained.notes), concluded(tested, quiet=quiet))
    raise typer.Exit(code)


@app.command("predict")
def predict(
    *,
    head: own.Head,
    source: options.Input = None,
    input_format: options.InputFormat = None,
    input_encoding: options.InputEncoding = None,
    field: options.Field = None,
    id_field: options.Id = None,
    output: own.Output = None,
    top: own.Top = 3,
    unsure_below: own.UnsureBelow = None,
    unsure_margin: own.UnsureMargin = None,
    model: own.HeadModel = None,
    compute: options.Compute = "auto",
    threads: options.Threads = None,
    base_url: options.BaseUrl = None,
    concurrency: options.Concurrency = None,
    cache: options.Cache = None,
    quiet: options.Quiet = False,
) -> None:
    """Label texts with a saved head: a JSON line for each, with its label, probability, and whether that is unsure."""
    origin = source_of(source, Source(kind=input_format, encoding=input_encoding, field=field, id=id_field))
    engine = Engine(model or "", compute, threads, base_url, concurrency, cache)
    with talking(quiet=quiet), opened(head, engine) as classifier:
        surer = classifier.with_unsure(below=unsure_below, margin=unsure_margin)
        raise typer.Exit(print_predictions(surer, origin, output, top, quiet=quiet))


@app.command("evaluate")
def evaluate(
    *,
    head: own.Head,
    source: options.Input = None,
    label: own.Label = "label",
    input_format: options.InputFormat = None,
    input_encoding: options.InputEncoding = None,
    field: options.Field = None,
    id_field: options.Id = None,
    unsure_below: own.UnsureBelow = None,
    unsure_margin: own.UnsureMargin = None,
    picture: own.Picture = None,
    model: own.HeadModel = None,
    compute: options.Compute = "auto",
    threads: options.Threads = None,
    base_url: options.BaseUrl = None,
    concurrency: options.Concurrency = None,
    cache: options.Cache = None,
    quiet: options.Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Report how right a saved head is on rows whose labels are known."""
    check_picture(picture)
    origin = source_of(
        source, Source(kind=input_format, encoding=input_encoding, field=field, id=id_field, label=label)
    )
    engine = Engine(model or "", compute, threads, base_url, concurrency, cache)
    with talking(quiet=quiet), opened(head, engine) as classifier:
        surer = classifier.with_unsure(below=unsure_below, margin=unsure_margin)
        raise typer.Exit(print_report(surer, origin, picture, quiet=quiet, as_json=as_json))


@app.command("zero-shot")
def zero_shot(
    *,
    labels: own.Labels,
    source: options.Input = None,
    label: own.TrueLabel = None,
    input_format: options.InputFormat = None,
    input_encoding: options.InputEncoding = None,
    field: options.Field = None,
    id_field: options.Id = None,
    output: own.Output = None,
    save: own.Save = None,
    top: own.Top = 3,
    temperature: own.Temperature = 0.05,
    template: own.Template = "{}",
    unsure_below: own.UnsureBelow = None,
    unsure_margin: own.UnsureMargin = None,
    picture: own.Picture = None,
    model: options.Model = "minilm",
    task: options.Task = "classification",
    prompt: options.Prompt = None,
    dimensions: options.Dimensions = None,
    on_long: options.OnLong = "truncate",
    clean: options.Clean = None,
    compute: options.Compute = "auto",
    threads: options.Threads = None,
    base_url: options.BaseUrl = None,
    concurrency: options.Concurrency = None,
    cache: options.Cache = None,
    quiet: options.Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Label texts without examples, by how near they are to the names or descriptions of labels.

    Prints what `predict` prints; with --label, which says where the true labels are, a report instead.
    """
    from vecsmith.classifying.classifier import Classifier

    check_picture(picture)
    if label is None and (picture is not None or as_json):
        stop("--picture and --json are for a report: name the column of the true labels with --label")
    if label is not None and output is not None:
        stop("--output is for predictions, and --label asks for a report: leave one of them away")
    origin = source_of(
        source, Source(kind=input_format, encoding=input_encoding, field=field, id=id_field, label=label)
    )
    wish = wishes(task, prompt, dimensions, on_long, clean)
    border = given(unsure_below=unsure_below, unsure_margin=unsure_margin)
    told = labels_in(labels)
    with talking(quiet=quiet), Engine(model, compute, threads, base_url, concurrency, cache).open() as embedder:
        classifier = Classifier.zero_shot(embedder, told, temperature=temperature, template=template, **border, **wish)
        if save is not None:
            classifier.save(save)
        if label is None:
            raise typer.Exit(print_predictions(classifier, origin, output, top, quiet=quiet))
        raise typer.Exit(print_report(classifier, origin, picture, quiet=quiet, as_json=as_json))


def wishes(
    task: str | None, prompt: str | None, dimensions: int | None, on_long: Any, clean: list[str] | None
) -> CallOptions:
    """Return what the model is asked for."""
    return {"task": task, "prompt": prompt, "dimensions": dimensions, "on_long": on_long, "clean": clean or ()}


def given(**options: float | None) -> dict[str, float]:
    """Return the options that are not left open."""
    return {name: value for name, value in options.items() if value is not None}


def check_picture(path: Path | None) -> None:
    """Refuse a name that says something else than what is drawn."""
    if path is not None and path.suffix.lower() != ".png":
        stop("--picture draws a PNG: give it a name that ends with .png")


def is_watched(*, quiet: bool) -> bool:
    """Whether someone sees a progress bar, and sees nothing else in its place."""
    return not quiet and is_terminal(sys.stderr)


@contextmanager
def talking(*, quiet: bool) -> Iterator[None]:
    """Leave warnings away where no word is wanted."""
    if quiet:
        warnings.simplefilter("ignore", EmbedWarning)
    yield


@contextmanager
def opened(head: Path, engine: Engine) -> Iterator[Classifier]:
    """Open a saved head with the model that it was made with."""
    from vecsmith.classifying.classifier import Classifier, arithmetic
    from vecsmith.classifying.saved import load
    from vecsmith.errors import ConfigError

    saved = load(head)
    model = engine.model or saved.model
    if model is None:
        raise ConfigError(f"{head} does not say which model it was made with: name it with --model")
    compute = arithmetic(saved.space) if engine.compute == "auto" else engine.compute
    with replace(engine, model=model, compute=compute).open() as embedder:
        yield Classifier.load(head, embedder)


def print_predictions(classifier: Classifier, source: Source, path: Path | None, top: int, *, quiet: bool) -> int:
    """Print a JSON line for each text, and return the exit code."""
    from vecsmith.classifying.asking import call_options

    target = None if path == Path(STDIN) else path
    if target is not None and source.is_file(target):
        stop("--output names the input itself: name another file")
    tally, wish = Tally(), call_options(classifier.options)
    shown = is_watched(quiet=quiet) and not (target is None and is_terminal(sys.stdout))
    try:
        with destination(target, str(target or "standard output")) as file:
            for rows, part in embedded(source, classifier.embedder, wish, tally, shown=shown):
                for line in as_lines(rows, classifier.predict_vectors(part), top):
                    file.write(line)
                file.flush()
    except BrokenPipeError:
        return CLOSED_PIPE
    return concluded(tally, quiet=quiet)


def as_lines(rows: list[Row], predictions: Predictions, top: int) -> Iterator[bytes]:
    """Yield the JSON line of each row."""
    columns = zip(rows, predictions.labels, predictions.best, predictions.unsure, predictions.top(top), strict=True)
    for row, label, best, unsure, listed in columns:
        facts: dict[str, Any] = {
            "id": row.id,
            "label": label,
            "probability": round(float(best), DIGITS),
            "unsure": bool(unsure),
        }
        if top:
            facts["top"] = [{"label": each, "probability": round(share, DIGITS)} for each, share in listed]
        yield dumped(facts) + b"\n"


def dumped(facts: dict[str, Any]) -> bytes:
    """Return JSON; of ids that hold half a character, which UTF-8 has no bytes for, in ASCII."""
    try:
        return json.dumps(facts, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(facts).encode()


def print_report(classifier: Classifier, source: Source, picture: Path | None, *, quiet: bool, as_json: bool) -> int:
    """Print how right a classifier is, and return the exit code."""
    from vecsmith.classifying.asking import call_options
    from vecsmith.classifying.report import report_of

    tally = Tally()
    wish, shown = call_options(classifier.options), is_watched(quiet=quiet)
    rows = embedded_whole(source, classifier.embedder, wish, tally, shown=shown)
    report = report_of(classifier.predict_vectors(rows.vectors), as_known(rows.labels, classifier.labels))
    tell(report, picture, {} if as_json else None)
    unknown = len(report.labels) - len(classifier.labels)
    notes = (
        [f"{counted(unknown, 'label')} that the head does not know: their rows count as mistakes"] if unknown else []
    )
    return concluded(tally, quiet=quiet, notes=notes)


def tell(report: Report | None, picture: Path | None, facts: dict[str, Any] | None) -> None:
    """Print a report, as JSON with further facts or for people, and draw it where that is asked for."""
    if facts is not None:
        told = report and report.to_dict()
        print_json({**facts, "report": told} if facts else told)
    elif report is not None:
        typer.echo(str(report))
    if picture is not None:
        if report is None:
            stop("there is no report to draw: no rows were held out", FAILED)
        report.draw(picture)
